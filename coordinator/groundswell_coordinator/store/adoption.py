"""Runs without an end: whose coordinator is gone, and whose next one takes them up."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import TYPE_CHECKING

from groundswell.exit_codes import ExitCode
from groundswell_coordinator.store import live_run, run_lookup, run_rows
from groundswell_coordinator.store.records import Standing, StoredEvent
from groundswell_coordinator.store.schema import runs

if TYPE_CHECKING:
    from sqlalchemy import Connection

    from groundswell_coordinator.store.records import RunLine, StoredRun

COORDINATOR_LOST = "coordinator_lost"


def unowned_local_runs(connection: Connection) -> tuple[RunLine, ...]:
    return tuple(line for line in _unended(connection) if line.standing is Standing.LOST)


def unended_runs(connection: Connection) -> tuple[StoredRun, ...]:
    """Those of a pool. The oldest first."""
    return tuple(
        run_rows.whole_run(connection, line) for line in _unended(connection) if not line.is_local
    )


def mark_coordinator_lost(connection: Connection, run_id: str, summary_json: str | None) -> bool:
    line = run_lookup.locked(connection, run_id)
    if line.standing is not Standing.LOST:
        return False
    message = f"the coordinator (process {line.owner.pid}) ended before the run did"
    event = StoredEvent(datetime.now(UTC), COORDINATOR_LOST, message)
    live_run.add_event(connection, run_id, event)
    end = {
        "verdict": "INCONCLUSIVE",
        "exit_code": int(ExitCode.INCONCLUSIVE),
        "summary_json": summary_json,
        "ended_at": line.seen_until,
        "duration_s": float(line.intervals),
    }
    live_run.close(connection, run_id, end)
    return True


def _unended(connection: Connection) -> tuple[RunLine, ...]:
    oldest_first = run_rows.select_lines().order_by(runs.c.created_at, runs.c.run_id)
    return run_rows.lines(connection, oldest_first.where(runs.c.ended_at.is_(None)))
