"""Histograms against sorted raw samples and against the library."""

from __future__ import annotations

import base64
import math
import struct
import zlib
from itertools import pairwise
from typing import TYPE_CHECKING

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from groundswell.metrics.buckets import HIGHEST_NS, highest_equivalent
from groundswell.metrics.histogram import Histogram, add_rows
from groundswell.metrics.rank import nearest_rank
from tests.core.metrics import library
from tests.core.metrics.histograms import of, sent

if TYPE_CHECKING:
    from collections.abc import Sequence

# Spread over the magnitudes, with everything between and around bucket edges.
durations = st.one_of(
    st.integers(0, HIGHEST_NS),
    st.integers(0, 5_000_000),
    st.integers(0, HIGHEST_NS - 2).map(lambda n: n | 1),
    st.integers(0, 23_000).map(lambda bucket: highest_equivalent(bucket) * 1000),
    st.sampled_from([0, 499, 500, 501, 1499, 1500, HIGHEST_NS - 1, HIGHEST_NS]),
)
samples = st.lists(durations, min_size=1, max_size=200)


def library_of(values_ns: Sequence[int]) -> library.LibraryHistogram:
    theirs = library.new()
    for value in values_ns:
        assert theirs.record_value((value + 500) // 1000)
    return theirs


def filled(theirs: library.LibraryHistogram) -> dict[int, int]:
    return {i: n for i in range(theirs.counts_len) if (n := theirs.get_count_at_index(i))}


def counts(histogram: Histogram) -> dict[int, int]:
    buckets, numbers = histogram.buckets()
    return dict(zip(buckets.tolist(), numbers.tolist(), strict=True))


@given(samples)
@settings(max_examples=60, deadline=None)
def test_counts_and_payload_are_the_librarys(values: list[int]) -> None:
    histogram, theirs = of(values), library_of(values)
    assert counts(histogram) == filled(theirs)
    compressed = base64.b64decode(theirs.encode())[8:]
    assert histogram.encode() == zlib.decompress(compressed)


@given(samples)
@settings(max_examples=60, deadline=None)
def test_the_library_reads_our_payload(values: list[int]) -> None:
    histogram = of(values)
    compressed = zlib.compress(histogram.encode())
    framed = struct.pack(">II", 0x1C849304 | 0x10, len(compressed)) + compressed
    decoded = library.decoded(base64.b64encode(framed))
    assert filled(decoded) == counts(histogram)
    assert decoded.get_total_count() == histogram.count


@given(samples, st.data())
@settings(max_examples=150, deadline=None)
def test_any_split_over_agents_and_intervals_merges_to_the_histogram_of_all(
    values: list[int], data: st.DataObject
) -> None:
    cuts = sorted(data.draw(st.lists(st.integers(0, len(values)), max_size=6)))
    parts = [values[a:b] for a, b in pairwise([0, *cuts, len(values)])]
    parts = data.draw(st.permutations(parts))
    by_payload, by_merge = Histogram(), Histogram()
    for part in parts:
        by_merge.merge(of(part))
        if part:
            by_payload.merge_payload(*sent(of(part)))
    whole = of(values)
    assert by_payload == by_merge == whole
    assert counts(by_payload) == counts(whole)
    assert (whole.count, whole.sum_ns) == (len(values), sum(values))
    assert (whole.min_ns, whole.max_ns) == (min(values), max(values))


@given(samples, st.lists(st.sampled_from([0.0, 0.1, 1, 50, 90, 95, 99, 99.9, 99.99, 100])))
@settings(max_examples=300, deadline=None)
def test_percentiles_are_close_to_the_nearest_rank_and_never_above_the_maximum(
    values: list[int], ps: list[float]
) -> None:
    ordered = sorted(values)
    for p, value_ms in zip(ps, of(values).percentiles(ps), strict=True):
        truth = ordered[max(nearest_rank(p, len(values)) - 1, 0)] / 1e6
        assert abs(value_ms - truth) <= truth * 0.001 + 0.001
        assert ordered[0] / 1e6 <= value_ms <= ordered[-1] / 1e6


def test_the_99th_of_160_values_is_the_159th() -> None:
    assert of([n * 1000 for n in range(1, 161)]).percentile(99) == 0.159


def test_the_numbers_of_a_small_histogram_are_exact() -> None:
    histogram = of([1_234_567, 9_876_543, 2_000_000])
    assert histogram.min_ms == 1.234567
    assert histogram.max_ms == 9.876543
    assert histogram.mean_ms == pytest.approx(4.370370)
    assert histogram.percentile(0) == 1.234567
    assert histogram.percentile(100) == 9.876543


@pytest.mark.parametrize(("value_ns", "bucket"), [(0, 0), (499, 0), (500, 1), (1499, 1), (1500, 2)])
def test_microseconds_round_half_up(value_ns: int, bucket: int) -> None:
    assert counts(of([value_ns])) == {bucket: 1}


def test_a_negative_duration_counts_as_zero() -> None:
    assert of([-5, -1_000_000]) == of([0, 0])


def test_values_above_an_hour_are_clamped_counted_and_shown_as_unbounded() -> None:
    histogram = of([1_000_000] * 98 + [HIGHEST_NS + 1, 5 * HIGHEST_NS])
    assert histogram.clamped == 2
    assert histogram.max_ns == 5 * HIGHEST_NS
    assert histogram.sum_ns == 98_000_000 + 6 * HIGHEST_NS + 1
    assert histogram.percentile(98) == pytest.approx(1.0)
    assert histogram.percentile(98.1) == math.inf
    assert histogram.percentile(100) == math.inf
    back = Histogram()
    back.merge_payload(*sent(histogram))
    assert back == histogram


def test_an_hour_itself_is_not_clamped() -> None:
    histogram = of([HIGHEST_NS])
    assert histogram.clamped == 0
    assert histogram.percentile(100) == 3_600_000


def test_what_is_in_the_top_bucket_but_below_an_hour_is_not_unbounded() -> None:
    histogram = of([HIGHEST_NS - 1_000_000, HIGHEST_NS + 1])
    assert histogram.percentile(50) == 3_600_000
    assert histogram.percentile(51) == math.inf


def test_sums_beyond_64_bits_stay_exact() -> None:
    huge = 2**62
    assert of([huge] * 5).sum_ns == 5 * huge


def test_an_empty_histogram_has_no_numbers_and_no_payload() -> None:
    empty = Histogram()
    assert all(math.isnan(n) for n in (empty.min_ms, empty.max_ms, empty.mean_ms))
    assert all(math.isnan(n) for n in empty.percentiles([0, 50, 100]))
    with pytest.raises(ValueError, match="empty"):
        empty.encode()


def test_merging_an_empty_histogram_changes_nothing() -> None:
    histogram = of([5_000_000])
    histogram.merge(Histogram())
    histogram.add_ns(np.empty(0, np.int64))
    histogram.add_zeros(0)
    assert histogram == of([5_000_000])


@given(samples, samples)
@settings(max_examples=50, deadline=None)
def test_a_cleared_histogram_is_as_good_as_new(before: list[int], after: list[int]) -> None:
    histogram = of(before)
    histogram.clear()
    assert histogram == Histogram()
    histogram.add_ns(np.array(after, np.int64))
    assert histogram == of(after)
    assert histogram.encode() == of(after).encode()


def test_a_copy_lives_alone() -> None:
    original = of([1000, 2000])
    twin = original.copy()
    twin.add_ns(np.array([9000]))
    assert original == of([1000, 2000])
    assert twin == of([1000, 2000, 9000])
    assert original != twin
    assert original != "histogram"


def test_zeros_are_values() -> None:
    histogram = of([3000])
    histogram.add_zeros(4)
    assert histogram == of([3000, 0, 0, 0, 0])


@given(st.integers(1, 4), st.integers(0, 30), st.data())
@settings(max_examples=50, deadline=None)
def test_rows_added_together_are_rows_added_one_by_one(
    rows: int, columns: int, data: st.DataObject
) -> None:
    value = st.one_of(durations, st.integers(-1000, 0), st.integers(HIGHEST_NS, 3 * HIGHEST_NS))
    table = data.draw(
        st.lists(st.lists(value, min_size=columns, max_size=columns), min_size=rows, max_size=rows)
    )
    together = [Histogram() for _ in range(rows)]
    add_rows(together, np.array(table, np.int64).reshape(rows, columns))
    assert together == [of(row) for row in table]
