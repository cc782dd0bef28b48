"""Our buckets as exponential ones: every sample is counted once, within the boundaries that are told."""

from __future__ import annotations

import math
from fractions import Fraction

import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st

from groundswell.metrics.buckets import HIGHEST_US, bucket_of, highest_equivalent
from groundswell.metrics.histogram import Histogram
from groundswell_coordinator.outputs.exponential import SCALE, Exponential, index_of
from groundswell_coordinator.timeline.interval import Trend

microseconds = st.one_of(st.integers(0, 5000), st.integers(0, HIGHEST_US + 10**9))


def exponential(values_us: list[int], parts: int = 1) -> Exponential:
    found = Exponential()
    for part in range(parts):
        own = values_us[part::parts]
        if own:
            histogram = Histogram()
            histogram.add_ns(np.array(own, np.int64) * 1000)
            found.add(Trend.of(histogram))
    return found


@settings(deadline=None)
@given(st.integers(1, 10**7), st.integers(1, 10**7), st.integers(0, 12))
def test_a_value_lies_in_its_bucket_exactly(top: int, bottom: int, scale: int) -> None:
    value, steps = Fraction(top, bottom), 1 << scale
    index = index_of(value, scale)
    # b ** index < value <= b ** (index + 1), both sides raised to the power that makes them rational.
    if scale <= 6:
        assert Fraction(2) ** index < value**steps <= Fraction(2) ** (index + 1)
    else:
        logarithm = math.log2(value) * steps
        assert index - 1e-6 < logarithm <= index + 1 + 1e-6


@settings(deadline=None)
@given(st.integers(-40, 40))
def test_a_power_of_two_is_the_upper_edge_of_its_bucket(power: int) -> None:
    assert index_of(Fraction(2) ** power) == power * (1 << SCALE) - 1


@settings(deadline=None)
@given(st.lists(microseconds, min_size=1, max_size=80), st.integers(1, 4))
def test_every_sample_is_counted_once_where_its_own_bucket_ends(
    values: list[int], parts: int
) -> None:
    found = exponential(values, parts)
    offset, counts = found.buckets()

    assert found.count == len(values) == found.zero_count + sum(counts)
    assert found.zero_count == values.count(0)
    assert counts == [] or (counts[0] and counts[-1])
    expected: dict[int, int] = {}
    for value in filter(None, values):
        # Recorded, a value is known to a thousandth: no closer can it be told.
        edge = min(highest_equivalent(bucket_of(value * 1000)), HIGHEST_US)
        index = index_of(Fraction(edge, 1_000_000))
        expected[index] = expected.get(index, 0) + 1
    told = {offset + at: count for at, count in enumerate(counts) if count}
    assert told == expected


@settings(deadline=None)
@given(st.lists(st.integers(1, HIGHEST_US), min_size=1, max_size=80))
def test_sum_and_extremes_are_exact(values: list[int]) -> None:
    found = exponential(values, 3)

    assert found.sum == math.fsum([sum(values)]) / 1e6
    assert (found.min, found.max) == (min(values) / 1e6, max(values) / 1e6)


def test_a_sample_is_at_most_a_bucket_of_two_per_cent_off() -> None:
    values = list(range(1, 3_000_000, 997))
    offset, counts = exponential(values).buckets()
    ends = np.cumsum(counts)
    base = 2 ** (2**-SCALE)
    for share in (0.5, 0.9, 0.99, 0.999):
        rank = math.ceil(share * len(values))
        at = int(np.searchsorted(ends, rank))
        upper = base ** (offset + at + 1)
        true = values[rank - 1] / 1e6
        assert upper / base * 0.998 <= true <= upper * 1.002
