"""The verdict of a past run: what the run said, or what can still be said of it."""

from __future__ import annotations

import sqlite3
from contextlib import closing
from dataclasses import replace
from typing import TYPE_CHECKING

import pytest

from groundswell.errors import GroundswellError, InvalidTest
from groundswell_coordinator.history.rejudge import judge_again
from groundswell_coordinator.judge.ending import Cause
from groundswell_coordinator.run.events import StopMode
from groundswell_coordinator.store.records import Standing
from groundswell_coordinator.store.run_store import RunStore
from tests.coordinator.reporting import RUN, Reporter
from tests.coordinator.run.course import SECONDS, Second, reports_of
from tests.coordinator.run.recorded import AGENTS, TEST, recording
from tests.coordinator.store.runs import owner_that_ended

if TYPE_CHECKING:
    from groundswell_coordinator.report.summary import Summary
    from groundswell_coordinator.store.records import StoredRun
    from tests.coordinator.run.recorded import Recording

GOOD = (Second(5, 0, (1.0, 2.0), 0.1, 0.2, 0, 0),) * SECONDS


async def measure(live: Recording, seconds: int = SECONDS, first: int = 0) -> None:
    reports = {incarnation: reports_of(incarnation, GOOD) for incarnation in AGENTS}
    for number in range(first, seconds):
        for own in reports.values():
            await live.take(own[number], number + 1)
        await live.measurement.advance(number + 1)


def codes(summary: Summary) -> list[str]:
    return [reason.code for reason in summary.reasons]


def left_behind(stored: StoredRun) -> StoredRun:
    """As its store shows it once its coordinator was killed."""
    lost = replace(stored, line=replace(stored.line, owner=owner_that_ended()))
    assert lost.line.standing is Standing.LOST
    return lost


async def test_what_is_judged_again_is_what_the_run_said(url: str) -> None:
    async with recording(url) as live:
        await measure(live)
        summary = await live.conclude()
        stored, intervals = live.stored()
    again = judge_again(stored, intervals, {})
    assert (summary.verdict, summary.agents[1].skew_ms) == ("PASS", 0.1)
    assert again == summary
    assert again.to_json() == stored.summary_json


async def test_an_abort_stays_one_though_its_threshold_holds_by_now(url: str) -> None:
    async with recording(url) as live:
        await measure(live, 5)
        await live.stop(4.5, StopMode.ABORT, Cause.THRESHOLD, "http_reqs: count > 10")
        summary = await live.conclude()
        stored, intervals = live.stored()
    assert (summary.verdict, codes(summary)) == ("FAIL", ["threshold_failed"])
    assert judge_again(stored, intervals, {}) == summary


async def test_the_version_is_of_the_groundswell_that_ran_it(url: str) -> None:
    async with recording(url) as live:
        await measure(live)
        await live.conclude()
        stored, intervals = live.stored()
    older = replace(stored, groundswell_version="0.0.9")
    assert judge_again(older, intervals, {}).groundswell_version == "0.0.9"


async def test_variables_that_the_verdict_needs_are_asked_for_and_the_target_is_not(
    url: str,
) -> None:
    text = TEST.replace(b"PATH_PREFIX | default('')", b"PATH_PREFIX")
    text = text.replace(b"10/s", b"\"{{ env.RATE | default('10/s') }}\"")
    async with recording(url) as live:
        await measure(live)
        await live.conclude()
        stored, intervals = live.stored()
    asking = replace(stored, source=text)
    with pytest.raises(InvalidTest, match=r"PATH_PREFIX is not set \(pass -e PATH_PREFIX=") as told:
        judge_again(asking, intervals, {})
    assert len(told.value.problems) == 1
    assert int(told.value.exit_code) == 104
    assert judge_again(asking, intervals, {"PATH_PREFIX": "api"}).verdict == "PASS"


async def test_a_run_that_goes_on_has_no_verdict(url: str) -> None:
    async with recording(url) as live:
        await measure(live, 2)
        stored, intervals = live.stored()
    with pytest.raises(GroundswellError, match="run-1 goes on"):
        judge_again(stored, intervals, {})


async def test_a_run_that_never_started_has_no_verdict(url: str) -> None:
    async with recording(url) as live:
        await live.archive.event("start_failed", "agent-2 was lost before the start")
        await live.archive.close(verdict=None, exit_code=102, summary_json=None, duration_s=0.0)
        stored, intervals = live.stored()
    message = r"run-1 never started: agent-2 was lost before the start \(there is nothing"
    with pytest.raises(GroundswellError, match=message):
        judge_again(stored, intervals, {})
    unborn = left_behind(replace(stored, line=replace(stored.line, start_at=None, ended_at=None)))
    with pytest.raises(GroundswellError, match="run-1 never started"):
        judge_again(unborn, intervals, {})


async def test_a_run_that_its_coordinator_lost_is_judged_by_what_there_is(url: str) -> None:
    async with recording(url) as live:
        await measure(live, 4)
        stored, intervals = live.stored()
    lost = left_behind(stored)
    summary = judge_again(lost, intervals, {})
    assert (summary.verdict, summary.exit_code) == ("INCONCLUSIVE", 96)
    assert codes(summary) == ["coordinator_lost"]
    assert summary.reasons[0].message.endswith("ended before the run did")
    assert summary.duration_s == 4.0
    assert summary.metrics["http_reqs"].values["count"] == 4 * 3 * 5

    failing = replace(lost, source=TEST.replace(b"count > 10", b"count > 99"))
    failed = judge_again(failing, intervals, {})
    assert (failed.verdict, codes(failed)) == ("FAIL", ["threshold_failed", "coordinator_lost"])


async def test_nothing_is_missing_of_what_was_planned_behind_the_end_of_its_coordinator(
    url: str,
) -> None:
    async with recording(url) as live:
        await measure(live, 3)
        await live.lose("agent-3", 2.0)
        stored, intervals = live.stored()
    (account,) = judge_again(left_behind(stored), intervals, {}).scenarios.values()
    # Half of ten a second is the lost agent's, of which it had reported all up to here.
    assert account.planned == account.fired == 3 * 3 * 5
    assert account.unknown + sum(account.dropped.values()) == 0


async def test_a_closed_run_says_why_it_was_closed(url: str) -> None:
    async with recording(url) as live:
        await measure(live, 4)
    with closing(sqlite3.connect(url.removeprefix("sqlite:///"))) as database:
        database.execute("UPDATE runs SET owner = ?", (owner_that_ended().to_text(),))
        database.commit()
    with RunStore.open(url) as store:
        assert store.mark_coordinator_lost(RUN)
        stored, intervals = store.get_run(RUN), tuple(store.intervals(RUN))
    summary = judge_again(stored, intervals, {})
    assert codes(summary) == ["coordinator_lost"]
    assert summary.reasons[0].message == stored.events[-1].message


async def test_an_interrupted_run_that_lost_its_coordinator_too_is_interrupted(url: str) -> None:
    async with recording(url) as live:
        await measure(live, 5)
        await live.stop(4.5, StopMode.GRACEFUL, Cause.INTERRUPTED)
        stored, intervals = live.stored()
    summary = judge_again(left_behind(stored), intervals, {})
    assert codes(summary) == ["interrupted", "coordinator_lost"]
    assert (summary.exit_code, summary.duration_s) == (105, 4.5)


@pytest.mark.parametrize("cause", [Cause.STORE_FAILED, Cause.INTERRUPTED])
async def test_a_store_that_failed_and_came_back_says_so(url: str, cause: Cause) -> None:
    async with recording(url) as live:
        await measure(live, 4)
        refuse_intervals(url)
        await measure(live, 5, first=4)
        assert live.archive.failure is not None
        await live.stop(4.5, StopMode.GRACEFUL, cause)
        summary = await live.conclude()
        stored, intervals = live.stored()
    again = judge_again(stored, intervals, {})
    assert (summary.verdict, "store_failed" in codes(summary)) == ("INCONCLUSIVE", True)
    assert (again.verdict, again.exit_code, again.reasons) == (
        summary.verdict,
        summary.exit_code,
        summary.reasons,
    )
    assert again.duration_s == summary.duration_s == 4.5
    # What was measured, and could not be stored, is in the run's own words alone.
    assert summary.metrics["http_reqs"].values["count"] == 5 * 3 * 5
    assert again.metrics["http_reqs"].values["count"] == 4 * 3 * 5


def refuse_intervals(url: str) -> None:
    with closing(sqlite3.connect(url.removeprefix("sqlite:///"))) as database:
        database.execute(
            "CREATE TRIGGER refuse BEFORE INSERT ON intervals BEGIN SELECT RAISE(FAIL, 'full'); END"
        )
        database.commit()


async def test_checks_stand_in_the_order_of_the_test_whoever_speaks_of_them_first(url: str) -> None:
    text = TEST.replace(
        b"        check: {status: 200}\n",
        b"        check: {status: 200}\n      - {get: /b, name: b, check: {status: 2xx}}\n",
    )
    reporters = [Reporter(incarnation) for incarnation in AGENTS]
    heard = ["checks{check:of a script}", "checks{check:b: status 2xx}"]
    async with recording(url, text=text) as live:
        for reporter, name in zip(reporters, heard, strict=False):
            await live.take(reporter.report(0, {name: (1, 1)}, last=True), 1.0)
        await live.measurement.advance(1.9)
        late = reporters[2].report(0, {"checks{check:start: status 200}": (0, 1)}, last=True)
        await live.take(late, 2.0)
        summary = await live.conclude()
        stored, intervals = live.stored()
    names = [check.name for check in summary.checks]
    assert names == ["start: status 200", "b: status 2xx", "of a script"]
    assert judge_again(stored, intervals, {}) == summary
