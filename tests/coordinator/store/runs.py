"""Runs for the tests of the store."""

from __future__ import annotations

import subprocess
import sys
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING

from groundswell_coordinator.store.owner import Owner
from groundswell_coordinator.store.records import Contribution, NewRun

if TYPE_CHECKING:
    from groundswell_coordinator.store.run_store import RunStore

CREATED = datetime(2026, 3, 4, 5, 6, 7, 891011, tzinfo=UTC)


def new_run(
    run_id: str = "run-1", *, created_at: datetime = CREATED, owner: Owner | None = None
) -> NewRun:
    return NewRun(
        run_id=run_id,
        test="checkout",
        test_hash="sha256:1234",
        source=b"test: checkout\ntarget: '{{ env.BASE_URL }}'\n",
        seed=2**64 - 1,
        created_at=created_at,
        groundswell_version="0.1.0",
        coordinator_id="coordinator-1",
        labels={"branch": "main"},
        owner=owner or Owner.current(),
    )


def contributions(*incarnations: str) -> list[Contribution]:
    return [Contribution(name, f"accounts of {name}".encode()) for name in incarnations]


def close(store: RunStore, run_id: str = "run-1", summary_json: str | None = "{}") -> None:
    store.close_run(
        run_id,
        verdict="PASS",
        exit_code=0,
        summary_json=summary_json,
        ended_at=CREATED + timedelta(minutes=1),
        duration_s=60.0,
    )


def owner_that_ended() -> Owner:
    """The owner that a process, which has ended since, saw itself as."""
    script = (
        "from groundswell_coordinator.store.owner import Owner; print(Owner.current().to_text())"
    )
    done = subprocess.run([sys.executable, "-c", script], check=True, capture_output=True)
    return Owner.from_text(done.stdout.decode())
