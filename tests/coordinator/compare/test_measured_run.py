"""A stored run, read for a comparison: its values are the verdict's, and its cells add up to them."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

import pytest
from hypothesis import HealthCheck, given, settings

from groundswell.errors import GroundswellError, InvalidTest, StoreFailed
from groundswell_coordinator.compare.figure import Figure
from groundswell_coordinator.compare.figures import figures_of
from groundswell_coordinator.compare.party import Party
from groundswell_coordinator.compare.read_run import read_run
from groundswell_coordinator.judge.activity import Activity
from groundswell_coordinator.judge.meter import measure
from groundswell_coordinator.judge.standing import value_of
from groundswell_coordinator.run.restoration import restore, stored_source
from tests.coordinator.history.test_rejudge import measure as measure_all
from tests.coordinator.reporting import RUN
from tests.coordinator.run.course import Course, courses, play
from tests.coordinator.run.recorded import TEST, recording

if TYPE_CHECKING:
    from pathlib import Path

    from groundswell_coordinator.store.records import StoredInterval, StoredRun

FIGURES = [
    Figure.of(key, name)
    for key, _, name in (
        words.partition(" ")
        for words in (
            "http_req_duration p(95)",
            "http_req_duration{name:1} avg",
            "http_req_duration max",
            "http_req_failed rate",
            "checks rate",
            "http_reqs count",
            "http_reqs{name:0} rate",
            "dropped_iterations count",
            "send_lag{scenario:load} med",
            "interrupted_iterations count",
        )
    )
]


def verdicts_values(stored: StoredRun, intervals: tuple[StoredInterval, ...]) -> list[float | None]:
    """As its thresholds would judge them."""
    restored = restore(stored, intervals, stored_source(stored, {}))
    activity = Activity(restored.submission.test, restored.timeline, restored.stopped_at)
    views = [measure(figure.selection, restored.timeline, activity) for figure in FIGURES]
    return [value_of(figure, view) for figure, view in zip(FIGURES, views, strict=True)]


@settings(
    max_examples=15, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
@given(course=courses)
async def test_its_values_are_those_that_its_thresholds_are_judged_by(
    tmp_path: Path, course: Course
) -> None:
    path = tmp_path / "groundswell.db"
    path.unlink(missing_ok=True)
    async with recording(f"sqlite:///{path}") as live:
        await play(live, course)
        await live.conclude()
        stored, intervals = live.stored()
    run = read_run(stored, intervals, {})
    found = [run.estimate(figure, is_logarithmic=False).value for figure in FIGURES]
    assert found == pytest.approx(verdicts_values(stored, intervals), nan_ok=True)


async def recorded(url: str, text: bytes = TEST) -> tuple[StoredRun, tuple[StoredInterval, ...]]:
    async with recording(url, text=text) as live:
        await measure_all(live)
        await live.conclude()
        return live.stored()


async def test_only_what_is_judged_is_compared(url: str) -> None:
    """Two of six seconds are warm-up."""
    stored, intervals = await recorded(url)
    run = read_run(stored, intervals, {})
    assert run.seconds == 4
    count = run.estimate(Figure.of("http_reqs", "count"), is_logarithmic=False).value
    assert count == 3 * 4 * 5


async def test_variables_that_decide_nothing_need_not_be_known(url: str) -> None:
    stored, intervals = await recorded(url)
    assert b"env.BASE_URL" in stored.source
    assert read_run(stored, intervals, {}).seconds == 4
    secret = replace(
        stored,
        source=TEST.replace(b"- get:", b"- headers: {Token: '{{ env.TOKEN }}'}\n        get:"),
    )
    assert read_run(secret, intervals, {}).seconds == 4


async def test_variables_that_decide_when_it_is_judged_are_asked_for(url: str) -> None:
    stored, intervals = await recorded(url)
    warm = replace(stored, source=TEST.replace(b"warmup: 2s", b"warmup: '{{ env.WARM }}'"))
    with pytest.raises(InvalidTest, match="variable WARM is not set"):
        read_run(warm, intervals, {})
    assert read_run(warm, intervals, {"WARM": "1s"}).seconds == 5


async def test_a_run_without_an_end_or_with_a_gap_is_not_compared(url: str) -> None:
    stored, intervals = await recorded(url)
    with pytest.raises(GroundswellError, match="never came to a verdict"):
        read_run(replace(stored, summary_json=None), intervals, {})
    with pytest.raises(StoreFailed, match=f"interval 1 of run {RUN}"):
        read_run(stored, intervals[:1] + intervals[2:], {})
    going_on = replace(stored, line=replace(stored.line, ended_at=None))
    with pytest.raises(GroundswellError, match="goes on"):
        read_run(going_on, intervals, {})


async def test_what_is_shown_is_what_people_ask_for_and_all_where_they_ask_for_all(
    url: str,
) -> None:
    stored, intervals = await recorded(url)
    side = Party("a", (read_run(stored, intervals, {}),))
    shown = [str(figure.selection) for figure in figures_of(side, side)]
    assert list(dict.fromkeys(shown)) == [
        "http_req_duration",
        "http_req_duration{name:0}",
        "http_req_duration{name:1}",
        "http_req_failed",
        "checks",
        "http_reqs",
        "iterations",
        "dropped_iterations",
    ]
    everything = {str(figure.selection) for figure in figures_of(side, side, verbose=True)}
    assert {"send_lag", "agent_loop_lag", "http_req_retries"} <= everything - set(shown)
