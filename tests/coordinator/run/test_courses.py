"""A glance at a run, held against the samples of its seconds."""

from __future__ import annotations

from itertools import chain

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from groundswell_coordinator.report.consistency import discrepancies
from groundswell_coordinator.run import courses as own
from groundswell_coordinator.run.spread import STEPS, spread_of
from tests.coordinator.history.test_excerpt import delivered, whole_run
from tests.coordinator.reporting import histogram_of
from tests.coordinator.run.course import SECONDS, Course, courses, play
from tests.coordinator.run.recorded import recording

milliseconds = st.integers(0, 4_000_000_000).map(lambda us: us / 1000)


@settings(max_examples=12, deadline=None)
@given(courses, st.integers(1, 6))
async def test_a_column_has_what_was_measured_in_its_seconds(
    tmp_path_factory: pytest.TempPathFactory, played: Course, most: int
) -> None:
    url = f"sqlite:///{tmp_path_factory.mktemp('store') / 'groundswell.db'}"
    async with recording(url) as live:
        await play(live, played)
        summary = await live.conclude()
        with pytest.MonkeyPatch.context() as patch:
            patch.setattr(own, "MOST_COLUMNS", most)
            found = own.course_of(live.timeline, SECONDS)

    length = min(live.timeline.sealed_count, SECONDS)
    assert not any("spread" in one for one in discrepancies(summary))
    assert (found is None) == (length < 5)
    if found is None:
        return
    assert len(found.requests) == -(-length // found.step_s) <= most
    for at, (rate, p95) in enumerate(zip(found.requests, found.p95_ms, strict=True)):
        start, end = at * found.step_s, min((at + 1) * found.step_s, length)
        seconds = list(
            chain.from_iterable(delivered(played, agent, start, end) for agent in range(3))
        )
        requests = sum(one.requests for one in seconds)
        assert rate == pytest.approx(requests / (end - start), rel=1e-3)
        failed = sum(one.failed for one in seconds)
        assert found.failed[at] == pytest.approx(failed / (end - start), rel=1e-3)
        samples = list(chain.from_iterable(one.durations for one in seconds))
        histogram = histogram_of(samples)
        expected = histogram.percentile(95) if samples else None
        assert p95 == (None if expected is None else pytest.approx(expected, rel=1e-3))
        average = histogram.mean_ms if samples else None
        assert found.avg_ms[at] == (None if average is None else pytest.approx(average, rel=1e-3))


async def test_of_a_very_long_run_no_percentile_is_worked_out(
    url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(own, "_MOST_DECODED", 3)
    _, _, summary = await whole_run(url)

    assert summary.course is not None
    assert summary.course.p95_ms == ()
    assert all(summary.course.avg_ms)


@settings(deadline=None)
@given(st.lists(milliseconds, max_size=80))
def test_a_spread_counts_every_sample_once_in_order(samples: list[float]) -> None:
    histogram = histogram_of(samples)
    spread = spread_of(histogram)

    if not samples or max(samples) <= max(min(samples), 0.001):
        assert spread == ()
        return
    assert len(spread) == STEPS
    assert sum(spread) == len(samples)
    assert spread[0] > 0
    assert spread[-1] > 0
