"""Old runs in a real store, beside its owner."""

from __future__ import annotations

import asyncio
import logging
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING

import pytest

from groundswell_coordinator.launch import retention
from groundswell_coordinator.launch.retention import keep_forgetting
from groundswell_coordinator.store.run_store import RunStore
from tests.coordinator.store.runs import new_run
from tests.integration.scripted_agent import eventually

if TYPE_CHECKING:
    from collections.abc import Generator
    from pathlib import Path

_DAY = timedelta(days=1)


@pytest.fixture
def url(tmp_path: Path) -> str:
    return f"sqlite:///{tmp_path / 'groundswell.db'}"


@pytest.fixture
def store(url: str) -> Generator[RunStore]:
    """Owned, as it is while a coordinator runs."""
    with RunStore.open(url) as store:
        store.own("a test")
        yield store


def _store_run(store: RunStore, run_id: str, days_ago: float) -> None:
    ended_at = datetime.now(UTC) - days_ago * _DAY
    store.create_run(new_run(run_id, created_at=ended_at))
    store.close_run(
        run_id, verdict="PASS", exit_code=0, summary_json=None, ended_at=ended_at, duration_s=1.0
    )


def _ids(store: RunStore) -> set[str]:
    return {line.run_id for line in store.list_runs()}


async def test_what_ended_before_goes_and_baselines_and_the_rest_stay(
    url: str, store: RunStore, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.INFO)
    for run_id, days_ago in {"old": 31, "older": 400, "named": 90, "new": 29}.items():
        _store_run(store, run_id, days_ago)
    store.create_run(new_run("open", created_at=datetime.now(UTC) - 60 * _DAY))
    store.set_baseline("release-1", "named")

    forgetting = asyncio.create_task(keep_forgetting(url, 30 * _DAY))
    await eventually(lambda: "2 runs forgotten that ended more than 30d ago" in caplog.messages)
    forgetting.cancel()

    assert _ids(store) == {"named", "new", "open"}


async def test_it_goes_on_every_hour(
    url: str, store: RunStore, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(retention, "EVERY_S", 0.05)
    forgetting = asyncio.create_task(keep_forgetting(url, 30 * _DAY))

    for run_id in ("first", "second"):
        _store_run(store, run_id, days_ago=40)
        await eventually(lambda: not _ids(store))

    forgetting.cancel()


async def test_a_store_that_fails_is_tried_again(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    monkeypatch.setattr(retention, "EVERY_S", 0.05)
    folder = tmp_path / "later"
    url = f"sqlite:///{folder / 'groundswell.db'}"
    forgetting = asyncio.create_task(keep_forgetting(url, 30 * _DAY))
    await eventually(lambda: bool(caplog.messages))
    assert "old runs cannot be forgotten: cannot" in caplog.messages[0]

    folder.mkdir()
    with RunStore.open(url) as store:
        _store_run(store, "old", days_ago=40)
        await eventually(lambda: not _ids(store))

    forgetting.cancel()
