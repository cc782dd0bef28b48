"""A part of a run, held against the samples of its seconds."""

from __future__ import annotations

from collections import Counter
from dataclasses import replace
from typing import TYPE_CHECKING

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from groundswell.errors import GroundswellError
from groundswell_coordinator.history.excerpt import summarize_between
from groundswell_coordinator.report.console import render
from groundswell_coordinator.report.summary import PartSummary, Summary
from groundswell_coordinator.run.sums import trend_values
from tests.coordinator.reporting import histogram_of
from tests.coordinator.run.course import SECONDS, Course, Second, courses, play, reports_of
from tests.coordinator.run.recorded import AGENTS, STARTED, recording

if TYPE_CHECKING:
    from groundswell_coordinator.store.records import StoredInterval, StoredRun


def delivered(course: Course, agent: int, first: int, end: int) -> tuple[Second, ...]:
    """What an agent told of these seconds."""
    lost = course.losses[agent]
    return course.agents[agent][first : end if lost is None else min(end, lost)]


@settings(max_examples=25, deadline=None)
@given(courses, st.integers(0, SECONDS - 1), st.integers(1, SECONDS))
async def test_a_part_has_the_samples_of_its_seconds_and_no_others(
    tmp_path_factory: pytest.TempPathFactory, course: Course, first: int, length: int
) -> None:
    url = f"sqlite:///{tmp_path_factory.mktemp('store') / 'groundswell.db'}"
    async with recording(url) as live:
        await play(live, course)
        await live.conclude()
        stored, intervals = live.stored()
    end = min(first + length, len(intervals))
    if first >= end:
        return
    summary = summarize_between(stored, iter(intervals), float(first), float(end))

    everybody = [delivered(course, agent, first, end) for agent in range(3)]
    seconds = [second for own in everybody for second in own]
    assert summary.part == PartSummary(first, end, len(intervals))
    count = sum(second.requests for second in seconds)
    values = {"count": count, "rate": count / (end - first)}
    assert summary.metrics["http_reqs"].values == values
    if "http_req_failed" in summary.metrics:
        passes = sum(second.failed for second in seconds)
        rated = summary.metrics["http_req_failed"].values
        assert (rated["passes"], rated["fails"]) == (passes, count)
    if "http_req_duration" in summary.metrics:
        samples = [ms for second in seconds for ms in second.durations]
        expected = trend_values(histogram_of(samples))
        assert summary.metrics["http_req_duration"].values == expected
    for agent, own in zip(summary.agents, everybody, strict=True):
        assert agent.cpu_max == max((second.cpu for second in own), default=None)
        lags = histogram_of([second.lag for second in own])
        assert agent.send_lag_p99_ms == (lags.percentile(99) if own else None)
    counts = Counter({error.error: error.count for error in summary.errors})
    assert counts["timeout"] == sum(second.failed for second in seconds)
    checks = sum(check.passes + check.fails for check in summary.checks)
    assert checks == sum(second.requests + 1 for second in seconds)


async def whole_run(url: str) -> tuple[StoredRun, tuple[StoredInterval, ...], Summary]:
    async with recording(url) as live:
        for incarnation in AGENTS:
            measured = (Second(3, 1, (1.0, 9.0), 0.1, 0.2, 0, 0),) * SECONDS
            for report in reports_of(incarnation, measured):
                await live.take(report, SECONDS + 1)
        summary = await live.conclude()
        return *live.stored(), summary


async def test_all_seconds_of_a_run_sum_up_as_the_run_does(url: str) -> None:
    stored, intervals, whole = await whole_run(url)
    part = summarize_between(stored, intervals)
    assert part.metrics == whole.metrics
    assert (part.checks, part.errors, part.agents) == (whole.checks, whole.errors, whole.agents)
    assert (part.duration_s, part.started_at, part.labels) == (6.0, STARTED, whole.labels)


async def test_a_part_is_not_judged(url: str) -> None:
    stored, intervals, _ = await whole_run(url)
    part = summarize_between(stored, intervals, 2.0, 5.0)
    assert (part.verdict, part.exit_code) == (None, 0)
    assert (part.reasons, part.thresholds, part.scenarios) == ((), (), {})
    assert Summary.from_json(part.to_json()) == part
    text = render(part).plain
    assert "PART OF A RUN  recorded" in text
    assert "seconds 2 to 5 of 6, not judged" in text
    assert "healthy" not in text
    assert "No thresholds" not in text


async def test_a_part_shows_what_the_runs_thresholds_select(url: str) -> None:
    stored, intervals, _ = await whole_run(url)
    metrics = summarize_between(stored, intervals, 2, 4).metrics
    assert metrics["http_req_duration{name:1}"].values["count"] == 3 * 2
    unended = replace(stored, summary_json=None)
    assert "http_req_duration{name:1}" not in summarize_between(unended, intervals, 2, 4).metrics


async def test_only_whole_seconds_count(url: str) -> None:
    stored, intervals, _ = await whole_run(url)
    part = summarize_between(stored, intervals, 0.5, 3.9)
    assert part.part == PartSummary(1, 3, 6)
    assert part.metrics["http_reqs"].values == {"count": 18, "rate": 9.0}
    assert summarize_between(stored, intervals, 4.0).part == PartSummary(4, 6, 6)


async def test_what_lies_behind_a_part_is_not_read(url: str) -> None:
    stored, intervals, _ = await whole_run(url)
    rest = iter(intervals)
    summarize_between(stored, rest, 1.0, 3.0)
    assert [interval.interval for interval in rest] == [3, 4, 5]


@pytest.mark.parametrize(
    ("from_s", "to_s", "message"),
    [
        (2.0, 7.0, "seconds 2 to 7 are not all of the run"),
        (6.0, None, "seconds 6 to 6 are not all of the run"),
        (-1.0, 2.0, "seconds -1 to 2 are not all of the run"),
        (3.0, 3.0, "from 3 s to 3 s is no whole second"),
        (4.0, 2.0, "from 4 s to 2 s is no whole second"),
        (2.2, 3.1, "from 2.2 s to 3.1 s is no whole second"),
    ],
)
async def test_a_part_that_the_run_does_not_have_is_refused(
    url: str, from_s: float, to_s: float | None, message: str
) -> None:
    stored, intervals, _ = await whole_run(url)
    with pytest.raises(GroundswellError) as told:
        summarize_between(stored, intervals, from_s, to_s)
    assert told.value.message == message
    assert told.value.hint == "the run has 6 seconds, 0s to 6s"


async def test_a_run_of_which_nothing_is_stored_has_no_part(url: str) -> None:
    async with recording(url) as live:
        stored, intervals = live.stored()
    with pytest.raises(GroundswellError, match="the run has 0 seconds"):
        summarize_between(stored, intervals)
