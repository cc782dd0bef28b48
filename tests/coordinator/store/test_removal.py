"""What goes, what stays, and that nobody waits for it."""

from __future__ import annotations

import threading
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING

import pytest
from sqlalchemy import create_engine, text

from groundswell.errors import StoreFailed, UnknownRun
from groundswell_coordinator.store import removal
from groundswell_coordinator.store.records import Amendment
from groundswell_coordinator.store.run_store import RunStore
from tests.coordinator.store.runs import CREATED, close, contributions, new_run, owner_that_ended

if TYPE_CHECKING:
    from groundswell_coordinator.store.database import Database

ENDED = CREATED + timedelta(minutes=1)
LATER = ENDED + timedelta(seconds=1)


def fill(store: RunStore, run_id: str, seconds: int = 20) -> None:
    store.create_run(new_run(run_id))
    for interval in range(seconds):
        store.save_interval(run_id, interval, b"merged", contributions("a"))
        store.save_amendments(run_id, interval, [Amendment("b", b"accounts", b"report")])


def rows_in(url: str) -> dict[str, int]:
    """How many rows the tables have that hold runs."""
    engine = create_engine(url.replace("postgresql:", "postgresql+psycopg:"))
    with engine.connect() as connection:
        found = {
            name: connection.execute(text(f"SELECT count(*) FROM {name}")).scalar_one()
            for name in ("runs", "intervals", "amendments", "events", "shares", "clocks")
        }
    engine.dispose()
    return found


def test_runs_that_ended_before_are_forgotten(store: RunStore, url: str) -> None:
    for run_id in ("one", "two"):
        fill(store, run_id)
        close(store, run_id)
    fill(store, "open")
    store.create_run(new_run("lost", owner=owner_that_ended()))
    store.create_run(replace(new_run("pool"), is_local=False))

    assert store.forget(ENDED) == 0
    assert store.forget(LATER) == 2

    assert sorted(line.run_id for line in store.list_runs()) == ["lost", "open", "pool"]
    assert (rows_in(url)["runs"], rows_in(url)["intervals"]) == (3, 20)
    assert store.forget(LATER) == 0


def test_a_baseline_is_neither_forgotten_nor_deleted(store: RunStore) -> None:
    fill(store, "named")
    close(store, "named")
    store.set_baseline("main", "nam")
    assert store.forget(LATER) == 0
    with pytest.raises(StoreFailed) as caught:
        store.delete_run("named")
    assert caught.value.message == "run named is the baseline 'main'"
    assert caught.value.hint == "`groundswell baseline remove main` first"
    assert len(list(store.intervals("named"))) == 20

    store.remove_baseline("main")
    assert store.forget(LATER) == 1


def test_a_baseline_moves_from_run_to_run(store: RunStore) -> None:
    for run_id in ("old", "new"):
        store.create_run(new_run(run_id))
        close(store, run_id)
    before = datetime.now(UTC)
    store.set_baseline("main", "old")
    store.set_baseline("a-name", "old")
    store.set_baseline("main", "new")
    found = store.baselines()
    assert [(one.name, one.run_id) for one in found] == [("a-name", "old"), ("main", "new")]
    assert before <= found[0].set_at <= datetime.now(UTC)


def test_a_baseline_may_be_several_runs_and_none_of_them_goes(store: RunStore) -> None:
    for run_id in ("group-1", "group-2", "other"):
        store.create_run(new_run(run_id))
        close(store, run_id)
    assert store.set_baseline("v1", "group-2", "group-1", "group-1") == ("group-1", "group-2")
    assert [(one.name, one.run_id) for one in store.baselines()] == [
        ("v1", "group-1"),
        ("v1", "group-2"),
    ]
    assert store.forget(LATER) == 1
    with pytest.raises(StoreFailed, match="is the baseline 'v1'"):
        store.delete_run("group-2")
    store.set_baseline("v1", "group-1")
    store.delete_run("group-2")
    store.remove_baseline("v1")
    assert store.baselines() == ()


def test_a_baseline_of_an_open_run_among_others_is_not_set(store: RunStore) -> None:
    store.create_run(new_run("closed"))
    close(store, "closed")
    store.create_run(new_run("open"))
    with pytest.raises(StoreFailed, match="has not ended"):
        store.set_baseline("v1", "closed", "open")
    assert store.baselines() == ()


def test_only_a_closed_run_can_be_a_baseline(store: RunStore) -> None:
    store.create_run(new_run())
    with pytest.raises(StoreFailed, match="has not ended"):
        store.set_baseline("main", "run-1")
    with pytest.raises(UnknownRun):
        store.set_baseline("main", "none")
    assert store.baselines() == ()


def test_a_baseline_that_is_not_there_cannot_be_removed(store: RunStore) -> None:
    with pytest.raises(UnknownRun, match="no baseline 'main'") as caught:
        store.remove_baseline("main")
    assert caught.value.hint is not None


def test_a_lost_run_can_be_deleted(store: RunStore, url: str) -> None:
    store.create_run(new_run("lost", owner=owner_that_ended()))
    store.delete_run("lost")
    assert rows_in(url)["runs"] == 0


def test_a_run_that_is_half_gone_is_seen_by_nobody(
    store: RunStore, url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    fill(store, "one")
    close(store, "one")
    take_away_some_then_fail(monkeypatch)
    with pytest.raises(StoreFailed, match="the disk broke"):
        store.delete_run("one")

    assert 0 < rows_in(url)["intervals"] < 20
    assert store.list_runs() == ()
    for look in (store.get_run, store.delete_run):
        with pytest.raises(UnknownRun):
            look("one")
    with pytest.raises(UnknownRun):
        store.save_interval("one", 99, b"", [])
    with pytest.raises(StoreFailed, match="already"):
        store.create_run(new_run("one"))


def take_away_some_then_fail(monkeypatch: pytest.MonkeyPatch) -> None:
    whole = removal.sweep_some
    calls: list[str] = []

    def once(database: Database, run_id: str) -> bool:
        calls.append(run_id)
        if len(calls) > 1:
            raise StoreFailed("the disk broke")
        return whole(database, run_id)

    monkeypatch.setattr(removal, "sweep_some", once)


def test_what_is_left_of_a_run_is_swept_up_the_next_day(
    store: RunStore, url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    fill(store, "one")
    close(store, "one")
    with monkeypatch.context() as broken:
        take_away_some_then_fail(broken)
        with pytest.raises(StoreFailed):
            store.forget(LATER)
    assert store.forget(LATER) == 0
    assert rows_in(url)["runs"] == 1

    monkeypatch.setattr(removal, "_ABANDONED_AFTER", -timedelta(seconds=1))
    assert store.forget(LATER) == 0
    assert set(rows_in(url).values()) == {0}


def test_a_run_is_recorded_while_others_are_forgotten(store: RunStore, url: str) -> None:
    for number in range(3):
        fill(store, f"old-{number}", seconds=40)
        close(store, f"old-{number}")
    store.create_run(new_run())
    failures: list[BaseException] = []
    forgetting = threading.Thread(target=forget_all, args=(url, failures))
    forgetting.start()
    interval = 0
    while forgetting.is_alive():
        store.save_interval("run-1", interval, b"merged", contributions("a"))
        interval += 1
    forgetting.join()
    assert failures == []
    assert [line.run_id for line in store.list_runs()] == ["run-1"]
    assert len(list(store.intervals("run-1"))) == interval
    # In many small steps, so that the other writer came between them.
    assert interval > 10


def forget_all(url: str, failures: list[BaseException]) -> None:
    try:
        with RunStore.open(url) as store:
            assert store.forget(LATER) == 3
    except BaseException as error:
        failures.append(error)
