from __future__ import annotations

import asyncio
import subprocess
import sys
import threading
from functools import partial
from typing import TYPE_CHECKING

import pytest

from groundswell.errors import StoreFailed, UnknownRun
from groundswell_coordinator.store import ownership
from groundswell_coordinator.store.run_store import RunStore
from groundswell_coordinator.store.writer import StoreWriter
from tests.coordinator.store.runs import new_run

if TYPE_CHECKING:
    from pathlib import Path


async def test_operations_are_done_in_order_in_one_other_thread(url: str) -> None:
    writer = await StoreWriter.open(url)
    threads: list[int] = []

    def save(interval: int, store: RunStore) -> int:
        threads.append(threading.get_ident())
        store.save_interval("run-1", interval, b"", [])
        return interval

    writer.submit(lambda store: store.create_run(new_run()))
    futures = [writer.submit(partial(save, n)) for n in range(20)]
    assert await asyncio.gather(*futures) == list(range(20))
    assert len(set(threads)) == 1
    assert threading.get_ident() not in threads
    await writer.close()


def save_empty(interval: int, store: RunStore) -> None:
    store.save_interval("run-1", interval, b"", [])


async def test_closing_waits_for_everything_that_was_submitted(url: str) -> None:
    writer = await StoreWriter.open(url)
    writer.submit(lambda store: store.create_run(new_run()))
    for interval in range(50):
        writer.submit(partial(save_empty, interval))
    await writer.close()
    await writer.close()
    with RunStore.open(url) as store:
        assert len(list(store.intervals("run-1"))) == 50


async def test_a_failed_write_is_heard_of_though_nobody_awaits_it(small_disk: Path) -> None:
    heard: list[StoreFailed] = []
    url = f"sqlite:///{small_disk / 'groundswell.db'}"
    writer = await StoreWriter.open(url, on_failure=heard.append)
    await writer.submit(lambda store: store.create_run(new_run()))
    failing = writer.submit(lambda store: store.save_interval("run-1", 0, b"m" * 1_000_000, []))
    await writer.submit(lambda store: store.save_interval("run-1", 1, b"", []))
    assert heard == [failing.exception()]
    assert writer.failure is heard[0]
    await writer.close()


async def test_other_errors_reach_only_whoever_asked(url: str) -> None:
    writer = await StoreWriter.open(url)
    with pytest.raises(UnknownRun):
        await writer.submit(lambda store: store.get_run("none"))
    assert writer.failure is None
    await writer.close()


async def test_a_cancelled_wait_does_not_cancel_the_write(url: str) -> None:
    writer = await StoreWriter.open(url)
    held = threading.Event()
    writer.submit(lambda _: held.wait(10))
    writing = writer.submit(lambda store: store.create_run(new_run()))
    writing.cancel()
    held.set()
    run = await writer.submit(lambda store: store.get_run("run-1"))
    assert run.line.run_id == "run-1"
    await writer.close()


async def test_a_closed_store_takes_nothing(url: str) -> None:
    writer = await StoreWriter.open(url)
    await writer.close()
    with pytest.raises(StoreFailed, match="closed"):
        writer.submit(lambda store: store.create_run(new_run()))


async def test_a_store_that_does_not_open_leaves_no_thread(tmp_path: Path) -> None:
    with pytest.raises(StoreFailed):
        await StoreWriter.open(f"sqlite:///{tmp_path / 'missing' / 'groundswell.db'}")
    for thread in threading.enumerate():
        if thread.name.startswith("groundswell-store"):
            thread.join(5)
            assert not thread.is_alive()


async def test_a_cancelled_opening_leaves_nothing_open(url: str) -> None:
    opening = asyncio.create_task(StoreWriter.open(url))
    await asyncio.sleep(0)
    opening.cancel()
    with pytest.raises(asyncio.CancelledError):
        await opening


async def test_a_writer_may_own_its_store(url: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(ownership, "_PATIENCE_S", 0.0)
    writer = await StoreWriter.open(url, own="coordinator-1")
    assert writer.ownership is not None
    assert writer.ownership.generation == 1
    with pytest.raises(StoreFailed, match="belongs to another coordinator, coordinator-1"):
        await StoreWriter.open(url, own="coordinator-2")

    embedded = await StoreWriter.open(url)
    assert embedded.ownership is None
    await embedded.submit(lambda store: store.create_run(new_run()))
    await embedded.close()

    await writer.close()
    successor = await StoreWriter.open(url, own="coordinator-2")
    assert successor.ownership is not None
    assert successor.ownership.generation == 2
    await successor.close()


def test_the_writer_does_not_import_sqlalchemy_before_it_opens() -> None:
    script = (
        "import sys, groundswell_coordinator.store.writer; assert 'sqlalchemy' not in sys.modules"
    )
    subprocess.run([sys.executable, "-c", script], check=True)
