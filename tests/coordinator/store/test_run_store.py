from __future__ import annotations

from dataclasses import replace
from datetime import timedelta
from typing import TYPE_CHECKING

import pytest

from groundswell.errors import StoreFailed, UnknownRun
from groundswell_coordinator.store.records import (
    AgentClock,
    Amendment,
    Contribution,
    Standing,
    StoredEvent,
    StoredHandover,
    StoredInterval,
    StoredShare,
)
from groundswell_coordinator.store.run_store import RunStore
from tests.coordinator.store.runs import CREATED, close, contributions, new_run, owner_that_ended

if TYPE_CHECKING:
    from pathlib import Path

SHARES = (StoredShare("zoe", "z-1", 1), StoredShare("amy", "a-1", 3))
CLOCKS = (AgentClock("amy", "a-1", -5, 2), AgentClock("zoe", "z-1", 40, 3))


def test_a_run_is_read_as_it_was_written(store: RunStore) -> None:
    store.create_run(new_run())
    store.save_shares("run-1", SHARES)
    store.save_start("run-1", CREATED + timedelta(seconds=2), CLOCKS)
    store.save_skews("run-1", {"z-1": 400_000, "a-1": -7, "nobody": 1})
    lost = StoredEvent(CREATED, "agent_lost", "amy's lease has ended", "amy")
    store.save_event("run-1", lost)
    close(store, summary_json='{"version": 1}')

    run = store.get_run("run-1")

    assert run.seed == 2**64 - 1
    assert run.source == new_run().source
    assert run.line.labels == {"branch": "main"}
    assert run.line.created_at == CREATED
    assert run.line.start_at == CREATED + timedelta(seconds=2)
    assert run.shares == SHARES
    assert run.clocks == (replace(CLOCKS[0], skew_ns=-7), replace(CLOCKS[1], skew_ns=400_000))
    assert run.events == (lost,)
    assert (run.line.verdict, run.line.exit_code, run.line.duration_s) == ("PASS", 0, 60.0)
    assert run.summary_json == '{"version": 1}'
    assert run.line.standing is Standing.CLOSED


def test_the_table_of_shares_is_saved_once(store: RunStore) -> None:
    store.create_run(new_run())
    store.save_shares("run-1", SHARES)
    with pytest.raises(StoreFailed):
        store.save_shares("run-1", SHARES[:1])
    assert store.get_run("run-1").shares == SHARES
    assert store.get_run("run-1").line.agents == 2


def test_a_run_of_which_nothing_is_known_yet_has_nothing(store: RunStore) -> None:
    store.create_run(new_run())
    run = store.get_run("run-1")
    assert (run.shares, run.handovers, run.clocks, run.events) == ((), (), (), ())
    assert run.environment == {}


def test_a_run_keeps_where_it_ran(store: RunStore) -> None:
    environment = {"python": "3.11.7", "cpus": 2, "agents": {"amy": {"zone": "a"}}}
    store.create_run(replace(new_run(), environment=environment))
    assert store.get_run("run-1").environment == environment


def test_handovers_come_in_the_order_of_their_epochs(store: RunStore) -> None:
    store.create_run(new_run())
    second = StoredHandover(2, "zoe", 2**40, (("amy", 3),), {"browse": 7})
    first = StoredHandover(1, "bob", 5, (("zoe", 1), ("amy", 3)), {})
    store.save_handover("run-1", second)
    store.save_handover("run-1", first)
    assert store.get_run("run-1").handovers == (first, second)
    with pytest.raises(StoreFailed):
        store.save_handover("run-1", first)


def test_an_event_keeps_what_a_program_needs_of_it(store: RunStore) -> None:
    store.create_run(new_run())
    event = StoredEvent(CREATED, "agent_lost", "amy is lost", "amy", {"at_s": 1.5, "why": "lease"})
    store.save_event("run-1", event)
    assert store.get_run("run-1").events == (event,)


def test_an_event_may_quote_any_character(store: RunStore) -> None:
    store.create_run(new_run())
    store.save_event("run-1", StoredEvent(CREATED, "refused", "it said \0 and \x07 and \u00e9"))
    (event,) = store.get_run("run-1").events
    assert event.message == "it said \ufffd and \x07 and \u00e9"


def test_an_id_is_taken_once(store: RunStore) -> None:
    store.create_run(new_run())
    with pytest.raises(StoreFailed, match="there is a run run-1 already"):
        store.create_run(new_run())


def test_intervals_come_in_order_with_what_they_contain(store: RunStore) -> None:
    store.create_run(new_run())
    for interval in (1, 0):
        store.save_interval("run-1", interval, f"{interval}".encode(), contributions("a", "b"))
    assert list(store.intervals("run-1")) == [
        StoredInterval(0, b"0", tuple(contributions("a", "b"))),
        StoredInterval(1, b"1", tuple(contributions("a", "b"))),
    ]


def test_many_intervals_are_read_across_pages_with_their_gaps(store: RunStore) -> None:
    store.create_run(new_run())
    numbers = [number for number in range(200) if number % 7]
    for number in numbers:
        store.save_interval("run-1", number, b"", contributions("a"))
    assert [stored.interval for stored in store.intervals("run-1")] == numbers


def test_an_iteration_that_is_given_up_holds_nothing_open(store: RunStore) -> None:
    store.create_run(new_run())
    store.save_interval("run-1", 0, b"", [])
    store.save_interval("run-1", 1, b"", [])
    assert next(store.intervals("run-1")).interval == 0
    store.save_interval("run-1", 2, b"", [])


def test_an_interval_is_saved_once(store: RunStore) -> None:
    store.create_run(new_run())
    store.save_interval("run-1", 0, b"first", contributions("a"))
    with pytest.raises(StoreFailed):
        store.save_interval("run-1", 0, b"second", contributions("b"))
    assert [stored.merged for stored in store.intervals("run-1")] == [b"first"]


def test_a_late_report_amends_its_interval_once(store: RunStore) -> None:
    store.create_run(new_run())
    store.save_interval("run-1", 0, b"merged", contributions("a"))
    late = Amendment("b", b"accounts of b", b"report of b")

    assert store.save_amendments("run-1", 0, [late])
    assert not store.save_amendments("run-1", 0, [late])

    (stored,) = store.intervals("run-1")
    assert stored.contained == (Contribution("a", b"accounts of a"),)
    assert stored.amendments == (late,)


def test_of_many_late_reports_those_that_are_new_amend(store: RunStore) -> None:
    store.create_run(new_run())
    store.save_interval("run-1", 0, b"merged", contributions("a"))
    late = [Amendment(name, b"accounts", b"report") for name in "abcd"]
    assert store.save_amendments("run-1", 0, late[:2]) == 1
    assert store.save_amendments("run-1", 0, late) == 2
    (stored,) = store.intervals("run-1")
    assert [one.incarnation for one in stored.amendments] == ["b", "c", "d"]


def test_a_report_that_is_merged_amends_nothing(store: RunStore) -> None:
    store.create_run(new_run())
    store.save_interval("run-1", 0, b"merged", contributions("a"))
    assert not store.save_amendments("run-1", 0, [Amendment("a", b"accounts", b"report")])


def test_only_a_sealed_interval_can_be_amended(store: RunStore) -> None:
    store.create_run(new_run())
    with pytest.raises(StoreFailed):
        store.save_amendments("run-1", 5, [Amendment("a", b"accounts", b"report")])


def test_a_closed_run_does_not_change(store: RunStore) -> None:
    store.create_run(new_run())
    close(store)
    with pytest.raises(StoreFailed, match="run run-1 is closed"):
        store.save_interval("run-1", 0, b"", [])
    with pytest.raises(StoreFailed, match="run run-1 is closed"):
        close(store)


def test_writing_about_a_run_that_is_not_there_says_so(store: RunStore) -> None:
    with pytest.raises(UnknownRun):
        store.save_interval("run-1", 0, b"", [])


def test_a_unique_prefix_names_a_run(store: RunStore) -> None:
    for run_id in ("01aa", "01ab", "01ab-more"):
        store.create_run(new_run(run_id))
    assert store.get_run("01aa").line.run_id == "01aa"
    assert store.get_run("01ab").line.run_id == "01ab"
    assert store.get_run("01ab-").line.run_id == "01ab-more"


def test_an_ambiguous_prefix_lists_the_runs(store: RunStore) -> None:
    for number in range(7):
        store.create_run(new_run(f"01a{number}"))
    with pytest.raises(UnknownRun) as caught:
        store.get_run("01")
    assert caught.value.message == (
        "'01' is the start of 7 runs: 01a0, 01a1, 01a2, 01a3, 01a4 and 2 more"
    )
    assert caught.value.hint == "give more of the id"


@pytest.mark.parametrize("asked", ["", "x", "RUN", "%", "run_1", "run-1x"])
def test_an_unknown_run_has_a_hint(store: RunStore, asked: str) -> None:
    store.create_run(new_run())
    with pytest.raises(UnknownRun) as caught:
        store.get_run(asked)
    assert caught.value.hint == "`groundswell runs` lists those there are"


def test_runs_are_listed_newest_first(store: RunStore) -> None:
    for age in (2, 0, 1):
        store.create_run(new_run(f"run-{age}", created_at=CREATED - timedelta(hours=age)))
    assert [line.run_id for line in store.list_runs()] == ["run-0", "run-1", "run-2"]
    assert [line.run_id for line in store.list_runs(limit=1)] == ["run-0"]


def test_a_deleted_run_leaves_nothing(store: RunStore) -> None:
    store.create_run(new_run())
    store.save_shares("run-1", SHARES)
    store.save_start("run-1", CREATED, CLOCKS)
    store.save_interval("run-1", 0, b"merged", contributions("a"))
    store.save_event("run-1", StoredEvent(CREATED, "note", "a note"))
    close(store)
    store.delete_run("run-1")

    assert store.list_runs() == ()
    store.create_run(new_run())
    assert list(store.intervals("run-1")) == []
    assert store.get_run("run-1").events == ()


def test_a_run_that_goes_on_is_not_deleted(store: RunStore) -> None:
    store.create_run(new_run())
    with pytest.raises(StoreFailed, match="has not ended"):
        store.delete_run("run-1")
    with pytest.raises(UnknownRun):
        store.delete_run("run")


def test_a_run_is_lost_when_its_process_has_ended(store: RunStore) -> None:
    store.create_run(new_run("mine"))
    store.create_run(new_run("lost", owner=owner_that_ended()))
    store.save_start("lost", CREATED, ())
    for interval in range(3):
        store.save_interval("lost", interval, b"", [])

    (unowned,) = store.unowned_local_runs()
    assert unowned.run_id == "lost"
    assert store.mark_coordinator_lost("lost")

    line = store.get_run("lost").line
    assert (line.verdict, line.exit_code) == ("INCONCLUSIVE", 96)
    assert (line.ended_at, line.duration_s) == (CREATED + timedelta(seconds=3), 3.0)
    (event,) = store.get_run("lost").events
    assert event.code == "coordinator_lost"
    assert store.unowned_local_runs() == ()


def test_only_a_lost_run_is_marked(store: RunStore) -> None:
    store.create_run(new_run("mine"))
    store.create_run(new_run("closed", owner=owner_that_ended()))
    close(store, "closed")
    assert not store.mark_coordinator_lost("mine")
    assert not store.mark_coordinator_lost("closed")
    assert store.get_run("closed").line.verdict == "PASS"


def test_a_run_of_a_pool_is_never_lost(store: RunStore) -> None:
    store.create_run(replace(new_run(owner=owner_that_ended()), is_local=False))
    assert store.get_run("run-1").line.standing is Standing.OPEN
    assert store.unowned_local_runs() == ()
    assert not store.mark_coordinator_lost("run-1")
    with pytest.raises(StoreFailed) as caught:
        store.delete_run("run-1")
    assert caught.value.hint == "stop it first"


def test_an_interval_contains_an_agent_once(store: RunStore) -> None:
    store.create_run(new_run())
    with pytest.raises(StoreFailed, match="contained twice"):
        store.save_interval("run-1", 0, b"", contributions("a", "b", "a"))
    assert list(store.intervals("run-1")) == []


def test_whole_reports_are_kept_beside_the_accounts(store: RunStore) -> None:
    store.create_run(new_run())
    parts = (Contribution("a", b"accounts of a", b"report of a"), Contribution("b", b"of b"))
    store.save_interval("run-1", 0, b"", parts)
    assert next(store.intervals("run-1")).contained == parts


def test_amendments_come_in_the_order_of_their_incarnations(store: RunStore) -> None:
    store.create_run(new_run())
    store.save_interval("run-1", 0, b"", [])
    names = ("b", "A", "\u00e4", "a", "B", "-")
    for name in names:
        assert store.save_amendments("run-1", 0, [Amendment(name, b"accounts", b"report")])
    (stored,) = store.intervals("run-1")
    assert [amendment.incarnation for amendment in stored.amendments] == sorted(names)


def test_large_intervals_are_read_one_after_the_other(store: RunStore) -> None:
    store.create_run(new_run())
    large = bytes(20_000_000)
    for interval, merged in enumerate((b"0", large, large, b"3", b"4", b"5")):
        store.save_interval("run-1", interval, merged, [])
    assert [len(stored.merged) for stored in store.intervals("run-1")] == [
        1,
        2 * 10**7,
        2 * 10**7,
        1,
        1,
        1,
    ]


def test_the_source_on_disk_holds_no_value_of_the_environment(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("BASE_URL", "https://user:hunter2@shop.internal")
    with RunStore.open(f"sqlite:///{tmp_path / 'groundswell.db'}") as store:
        store.create_run(new_run())
    assert not any(b"hunter2" in path.read_bytes() for path in tmp_path.iterdir())
