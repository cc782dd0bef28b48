"""A long run is read in a thread of its own while it is written."""

from __future__ import annotations

import threading
from concurrent.futures import ThreadPoolExecutor
from typing import TYPE_CHECKING

from groundswell_coordinator.store.run_store import RunStore
from tests.coordinator.store.runs import close, contributions, new_run

if TYPE_CHECKING:
    from groundswell_coordinator.store.records import StoredInterval


def test_a_second_thread_reads_while_the_first_writes(store: RunStore, url: str) -> None:
    store.create_run(new_run())
    has_ended = threading.Event()
    with ThreadPoolExecutor(max_workers=1) as threads:
        reading = threads.submit(read_over_and_over, url, has_ended)
        for interval in range(150):
            store.save_interval("run-1", interval, b"%d" % interval, contributions("a", "b"))
        has_ended.set()
        assert reading.result() > 1
    assert len(list(store.intervals("run-1"))) == 150


def read_over_and_over(url: str, has_ended: threading.Event) -> int:
    """How often. What is seen is always a whole beginning of the run, and never less of it."""
    times = 0
    seen = 0
    while True:
        is_last = has_ended.is_set()
        with RunStore.open(url) as store:
            stored = list(store.intervals("run-1"))
        assert [one.interval for one in stored] == list(range(len(stored)))
        assert all(is_whole(one) for one in stored)
        assert len(stored) >= seen
        seen = len(stored)
        times += 1
        if is_last:
            assert seen == 150
            return times


def is_whole(stored: StoredInterval) -> bool:
    return stored.merged == b"%d" % stored.interval and len(stored.contained) == 2


def test_a_reader_in_the_middle_does_not_keep_the_writer_waiting(store: RunStore, url: str) -> None:
    store.create_run(new_run())
    for interval in range(100):
        store.save_interval("run-1", interval, b"merged", contributions("a"))
    with RunStore.open(url) as reader:
        reading = reader.intervals("run-1")
        first = next(reading)
        store.save_interval("run-1", 100, b"merged", contributions("a"))
        close(store)
        assert [first.interval, *(one.interval for one in reading)] == list(range(101))


def test_a_store_opens_beside_one_that_is_owned(store: RunStore, url: str) -> None:
    store.own("one")
    store.create_run(new_run())
    with RunStore.open(url) as reader:
        assert reader.get_run("run-1").line.run_id == "run-1"
    assert store.still_owned()
