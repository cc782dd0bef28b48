"""The course of a run, held against the samples of its seconds, late ones and lost agents included."""

from __future__ import annotations

from itertools import chain
from typing import TYPE_CHECKING

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from groundswell.metrics.histogram import Histogram
from groundswell_coordinator.report.course import step_of
from groundswell_coordinator.report.course_reader import read_course
from groundswell_coordinator.report.heat_rows import HeatRows
from tests.coordinator.history.test_excerpt import delivered
from tests.coordinator.reporting import histogram_of
from tests.coordinator.run.course import Course, Second, courses, play
from tests.coordinator.run.recorded import recording

if TYPE_CHECKING:
    from collections.abc import Iterable


@settings(max_examples=10, deadline=None)
@given(courses, st.integers(1, 6))
async def test_every_bin_has_the_samples_of_its_seconds(
    tmp_path_factory: pytest.TempPathFactory, played: Course, most_bins: int
) -> None:
    url = f"sqlite:///{tmp_path_factory.mktemp('store') / 'groundswell.db'}"
    async with recording(url) as live:
        await play(live, played)
        await live.conclude()
        stored, intervals = live.stored()
    course = read_course(stored, iter(intervals), most_bins)

    assert len(course.requests) == len(course.starts_s) <= most_bins
    everything: list[Second] = []
    for at, start in enumerate(course.starts_s):
        end = min(start + course.step_s, len(intervals))
        seconds = list(
            chain.from_iterable(delivered(played, agent, start, end) for agent in range(3))
        )
        everything += seconds
        length = end - start
        assert course.requests[at] * length == pytest.approx(sum(one.requests for one in seconds))
        assert course.failed[at] * length == pytest.approx(sum(one.failed for one in seconds))
        assert course.p95_ms[at] == _p(95, chain.from_iterable(one.durations for one in seconds))
        assert course.send_lag_p99_ms[at] == _p(99, (one.lag for one in seconds))
        assert course.agent_cpu[at] == max((one.cpu for one in seconds), default=None)
    samples = list(chain.from_iterable(one.durations for one in everything))
    assert course.duration == histogram_of(samples)
    assert sum(named.duration.count for named in course.names.values()) == len(samples)
    assert sum(named.requests for named in course.names.values()) == sum(
        one.requests for one in everything
    )
    assert int(course.heat.counts.sum()) == len(samples)
    lengths = [min(course.step_s, len(intervals) - start) for start in course.starts_s]
    for rates, truth in (
        (course.fired, sum(one.requests for one in everything)),
        (course.dropped, sum(one.dropped for one in everything)),
    ):
        counted = sum(rate * length for rate, length in zip(rates, lengths, strict=True))
        assert counted == pytest.approx(truth)


def _p(percentile: float, samples: Iterable[float]) -> float | None:
    histogram = histogram_of(list(samples))
    return histogram.percentile(percentile) if histogram.count else None


@settings(deadline=None)
@given(st.lists(st.floats(0.001, 3_600_000), min_size=1, max_size=60), st.integers(1, 20_000))
def test_a_sample_is_in_the_row_of_its_latency(samples: list[float], seconds: int) -> None:
    step_s = step_of(seconds, 50)
    rows = HeatRows(seconds, step_s, 20)
    bins = -(-seconds // step_s)
    for at, sample in enumerate(samples):
        rows.add(at % bins, histogram_of([sample]))
    heat = rows.finish()

    assert heat.counts.shape == (len(heat.edges_ms) - 1, len(heat.starts_s) - 1)
    assert heat.counts.shape[0] <= 80
    assert heat.counts.shape[1] <= 20
    assert int(heat.counts.sum()) == len(samples)
    # A bucket reaches a thousandth above what is in it.
    edges = heat.edges_ms * np.array([0.998] + [1.002] * (len(heat.edges_ms) - 1))
    found = np.cumsum(heat.counts.sum(axis=1))
    truth = [sum(sample <= edge + 0.001 for sample in samples) for edge in edges[1:].tolist()]
    assert all(int(one) <= two for one, two in zip(found, truth, strict=True))


@settings(deadline=None)
@given(st.integers(1, 10**7), st.integers(1, 2000))
def test_bins_are_whole_seconds_and_no_more_than_asked_for(seconds: int, most: int) -> None:
    step = step_of(seconds, most)
    assert -(-seconds // step) <= most


def test_an_empty_course_has_no_heat() -> None:
    rows = HeatRows(10, 1, 5)
    rows.add(0, Histogram())
    assert rows.finish().counts.size == 0
