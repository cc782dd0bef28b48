"""What was stored of a run is the run: restored, it is judged as it was."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

import pytest
from hypothesis import given, settings

from groundswell.errors import InvalidTest, StoreFailed
from groundswell.scenario.loader import TestSource
from groundswell.verdict.selection import parse_selection
from groundswell_coordinator.history.rejudge import judge_again
from groundswell_coordinator.judge.ending import Cause, Ending
from groundswell_coordinator.judge.judgement import judge_run
from groundswell_coordinator.run.events import StopMode
from groundswell_coordinator.run.restoration import restore
from groundswell_coordinator.store.records import StoredEvent
from groundswell_coordinator.timeline.accounts import totals
from groundswell_coordinator.timeline.timeline import Outcome
from tests.coordinator.run.course import SECONDS, Course, Second, courses, play, reports_of
from tests.coordinator.run.recorded import AGENTS, ENV, STARTED, TEST, recording

if TYPE_CHECKING:
    from groundswell_coordinator.run.restoration import Restored
    from groundswell_coordinator.timeline.timeline import Timeline
    from tests.coordinator.run.recorded import Recording

SELECTIONS = [
    parse_selection(key)
    for key in ("http_req_duration", "http_req_duration{name:1}", "send_lag", "agent_loop_lag")
]


def restored_of(recording: Recording) -> Restored:
    stored, intervals = recording.stored()
    return restore(stored, intervals, recording.submission.source)


def known_of(timeline: Timeline) -> list[object]:
    return [
        (
            agent.name,
            agent.accounts,
            agent.book.judged,
            agent.lags,
            agent.cpu_max,
            agent.epoch,
            agent.last,
            agent.newest,
            agent.delivered_below,
            agent.is_lost,
        )
        for agent in timeline.agents
    ]


def assert_same_timeline(restored: Timeline, live: Timeline) -> None:
    assert list(restored.intervals()) == list(live.intervals())
    assert known_of(restored) == known_of(live)
    # What was declared and never had a value is not stored, and nothing depends on it.
    valued = {series for interval in live.intervals() for series, _ in interval.series()}
    assert valued <= set(restored.series()) <= set(live.series())
    assert restored.last_active == live.last_active
    assert (restored.newest, restored.is_complete) == (live.newest, live.is_complete)
    for selection in SELECTIONS:
        assert restored.trend(selection) == live.trend(selection)
        assert restored.trend_between(selection, 1, 4) == live.trend_between(selection, 1, 4)


@settings(max_examples=40, deadline=None)
@given(courses)
async def test_a_restored_run_is_the_run_and_is_judged_as_it_was(
    tmp_path_factory: pytest.TempPathFactory, course: Course
) -> None:
    url = f"sqlite:///{tmp_path_factory.mktemp('store') / 'groundswell.db'}"
    async with recording(url) as live:
        await play(live, course)
        under_way = restored_of(live)
        assert_same_timeline(under_way.timeline, live.timeline)
        summary = await live.conclude()
        restored = restored_of(live)
        stored, intervals = live.stored()

    assert_same_timeline(restored.timeline, live.timeline)
    losses = live.succession.losses(live.timeline, live.stopped_at)
    assert restored.succession.losses(restored.timeline, restored.stopped_at) == losses
    accounts = totals((agent.accounts for agent in live.timeline.agents), losses)
    assert totals((agent.accounts for agent in restored.timeline.agents), losses) == accounts
    test, ending = live.submission.test, Ending(live.cause, live.stopped_at, live.aborted_by)
    judged, again = (judge_run(test, one, ending) for one in (live.timeline, restored.timeline))
    assert (again.thresholds, again.agents, again.decision) == (
        judged.thresholds,
        judged.agents,
        judged.decision,
    )
    assert judge_again(stored, intervals, {}) == summary


async def test_what_the_store_says_of_a_run_is_restored_with_it(
    url: str,
) -> None:
    async with recording(url) as live:
        for report in reports_of("i1", (Second(1, 0, (), 0.1, 0.2, 0, 0),) * SECONDS):
            await live.take(report, report.interval + 1)
        await live.lose("agent-3", 2.75)
        await live.hand_over("agent-3", ["agent-1", "agent-2"], 3.5)
        await live.stop(4.5, StopMode.GRACEFUL, Cause.OPERATOR)
        await live.stop(5.5, StopMode.ABORT, Cause.OPERATOR)
        await live.measurement.advance(SECONDS + 1)
        restored = restored_of(live)

    submission = restored.submission
    assert submission == replace(live.submission, wait=0.0)
    assert restored.started_at == STARTED
    assert (restored.cause, restored.stopped_at) == (Cause.OPERATOR, 4.5)
    assert restored.stop is not None
    assert (restored.stop.mode, restored.aborted_by) == (StopMode.ABORT, None)
    assert restored.ended == ("agent-1",)
    assert list(restored.succession.lost) == ["agent-3"]
    assert restored.succession.division == live.succession.division
    assert restored.clocks == live.crew.clocks
    assert restored.skews == live.crew.skews


async def test_a_run_that_goes_on_after_it_was_restored_is_the_run_that_was_never_torn(
    url: str,
) -> None:
    measured = (Second(2, 1, (1.0, 3.5), 0.1, 0.2, 0, 0),) * SECONDS
    async with recording(url) as live:
        reports = [report for name in AGENTS for report in reports_of(name, measured)]
        for report in reports:
            if report.interval < 3 and report.incarnation != "i3":
                await live.take(report, report.interval + 1)
        # The third agent's reports come late: some before and some after the coordinator is back.
        await live.measurement.advance(3.9)
        await live.take(next(one for one in reports if one.incarnation == "i3"), 3.9)
        resumed = restored_of(live).timeline

    outcomes = {resumed.add(report, 6.5) for report in reports}
    for report in reports:
        live.timeline.add(report, 6.5)
    resumed.seal_due(9.0)
    live.timeline.seal_due(9.0)
    assert outcomes == {Outcome.DUPLICATE, Outcome.AMENDMENT, Outcome.MERGED}
    assert_same_timeline(resumed, live.timeline)


async def test_a_test_whose_variables_are_not_at_hand_cannot_be_restored(
    url: str,
) -> None:
    async with recording(url) as live:
        stored, intervals = live.stored()
    with pytest.raises(InvalidTest, match="BASE_URL is not set"):
        restore(stored, intervals, TestSource("<run>", TEST))
    assert restore(stored, intervals, TestSource("<run>", TEST, ENV)).timeline.sealed_count == 0


async def test_a_gap_in_the_store_does_not_pass_for_a_run(
    url: str,
) -> None:
    async with recording(url) as live:
        for report in reports_of("i1", (Second(1, 0, (), 0.1, 0.2, 0, 0),) * SECONDS):
            await live.take(report, report.interval + 1)
        await live.measurement.close()
        stored, intervals = live.stored()
    with pytest.raises(StoreFailed, match="interval 2 of run run-1 is not in the store"):
        restore(stored, (*intervals[:2], *intervals[3:]), live.submission.source)


async def test_events_that_are_no_stop_are_no_stop(
    url: str,
) -> None:
    async with recording(url) as live:
        stored, intervals = live.stored()
    event = StoredEvent(STARTED, "agent_lost", "silent", "agent-2", {"silent_s": 3.0})
    restored = restore(replace(stored, events=(event,)), intervals, live.submission.source)
    assert (restored.stop, restored.cause) == (None, Cause.COMPLETE)
    assert list(restored.succession.lost) == []
