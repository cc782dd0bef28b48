"""A real SQLite file that is taken away, broken and mended under an owner."""

from __future__ import annotations

import asyncio
import sqlite3
from contextlib import asynccontextmanager, closing
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

import pytest

from groundswell.errors import StoreFailed
from groundswell_coordinator.launch import service_store
from groundswell_coordinator.launch.service_store import ServiceStore
from groundswell_coordinator.services.readiness import Readiness
from groundswell_coordinator.store.records import StoredEvent
from groundswell_coordinator.telemetry import Telemetry
from tests.coordinator.store.runs import CREATED, new_run
from tests.integration.scripted_agent import eventually

if TYPE_CHECKING:
    from collections.abc import AsyncGenerator
    from pathlib import Path

    from groundswell_coordinator.store.writer import StoreWriter


@dataclass
class Owner:
    """One coordinator's side of the store in `file`."""

    file: Path
    readiness: Readiness = field(default_factory=Readiness)
    telemetry: Telemetry = field(default_factory=Telemetry)

    def __post_init__(self) -> None:
        self.side = ServiceStore(f"sqlite:///{self.file}", self.readiness, self.telemetry)

    @asynccontextmanager
    async def watching(self) -> AsyncGenerator[tuple[StoreWriter, asyncio.Task[None]]]:
        async with self.side.owned("a test") as store:
            watch = asyncio.create_task(self.side.watch(store))
            try:
                yield store, watch
            finally:
                watch.cancel()
                await asyncio.gather(watch, return_exceptions=True)

    def execute(self, statement: str) -> None:
        """Behind the owner's back."""
        with closing(sqlite3.connect(self.file, timeout=10)) as database:
            database.execute(statement)
            database.commit()


@pytest.fixture
def owner(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Owner:
    monkeypatch.setattr(service_store, "LOOK_EVERY_S", 0.02)
    return Owner(tmp_path / "groundswell.db")


async def test_it_is_in_the_way_until_it_is_open(owner: Owner) -> None:
    assert owner.readiness.obstacles == ("the store is not open yet",)

    async with owner.side.owned("a test") as store:
        assert owner.readiness.is_ready
        assert store.ownership is not None
        assert store.ownership.generation == 1


async def test_one_that_another_has_is_not_opened(owner: Owner) -> None:
    another = Owner(owner.file)

    async with owner.side.owned("the first, on this machine"):
        with pytest.raises(StoreFailed, match="the first, on this machine"):
            async with another.side.owned("the second"):
                pass

    assert not another.readiness.is_ready


async def test_every_transaction_is_timed_also_one_that_fails(owner: Owner) -> None:
    async with owner.side.owned("a test") as store:
        await store.submit(lambda store: store.create_run(new_run()))
        with pytest.raises(StoreFailed):
            await store.submit(lambda store: store.create_run(new_run()))

    assert owner.telemetry.store_seconds.count == 2
    assert 0 < owner.telemetry.store_seconds.sum < 20


async def test_what_was_asked_wrongly_is_no_failure_of_the_store(owner: Owner) -> None:
    async with owner.watching() as (store, _):
        await store.submit(lambda store: store.create_run(new_run()))
        with pytest.raises(StoreFailed, match="already"):
            await store.submit(lambda store: store.create_run(new_run()))
        await asyncio.sleep(0.1)

        assert owner.readiness.is_ready
        assert owner.telemetry.store_failures == 0


async def test_a_store_that_fails_is_in_the_way_for_a_while_and_then_tried_again(
    owner: Owner, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(service_store, "FAILED_FOR_S", 0.3)
    event = StoredEvent(CREATED, "a", "b")

    async with owner.watching() as (store, watch):
        await store.submit(lambda store: store.create_run(new_run()))
        owner.execute("ALTER TABLE events RENAME TO gone")
        with pytest.raises(StoreFailed):
            await store.submit(lambda store: store.save_event("run-1", event))

        assert owner.telemetry.store_failures == 1
        assert "no such table: events" in owner.readiness.obstacles[0]
        owner.execute("ALTER TABLE gone RENAME TO events")
        await eventually(lambda: owner.readiness.is_ready)
        await store.submit(lambda store: store.save_event("run-1", event))
        assert not watch.done()


async def test_a_store_that_has_another_owner_ends_the_watch(owner: Owner) -> None:
    async with owner.watching() as (_, watch):
        owner.execute("UPDATE ownership SET generation = generation + 1, holder = 'another'")
        with pytest.raises(StoreFailed, match="belongs to another coordinator by now"):
            await asyncio.wait_for(watch, 10)

    assert not owner.readiness.is_ready
