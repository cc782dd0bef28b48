"""Offsets of clocks, against clocks whose offset is known."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from groundswell_coordinator.clock import ClockEstimator

SECOND = 10**9

delays = st.integers(0, SECOND)


@given(
    st.integers(-(10**15), 10**15),
    st.lists(st.tuples(delays, delays, delays), min_size=1, max_size=10),
)
def test_the_true_offset_lies_within_the_error(
    offset: int, trips: list[tuple[int, int, int]]
) -> None:
    estimator = ClockEstimator()
    t0 = 0
    for there, thinking, back in trips:
        t1 = t0 + there + offset
        t2 = t1 + thinking
        t3 = t2 - offset + back
        estimator.add(t0, t1, t2, t3)
        t0 = t3
    estimate = estimator.offset
    assert estimate is not None
    assert abs(estimate.offset_ns - offset) <= estimate.error_ns + 1
    assert estimate.error_ns <= (min(there + back for there, _, back in trips) + 1) // 2


def test_the_shortest_round_trip_is_believed() -> None:
    estimator = ClockEstimator()
    estimator.add(0, 1_000_000, 1_000_000, 500_000)
    estimator.add(0, 700_000, 700_000, 100)
    assert estimator.offset is not None
    assert estimator.offset.error_ns == 50


def test_a_round_trip_that_contradicts_itself_is_ignored() -> None:
    estimator = ClockEstimator()
    estimator.add(100, 0, 0, 50)
    assert estimator.offset is None
    assert estimator.samples == 1
