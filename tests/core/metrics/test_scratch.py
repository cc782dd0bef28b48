"""Payloads decoded side by side: all of a report, or nothing of it."""

from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from groundswell.errors import ProtocolViolation
from groundswell.metrics.buckets import BUCKET_COUNT, HIGHEST_NS
from groundswell.metrics.histogram import Histogram
from groundswell.metrics.scratch import Decoded, Scratch
from tests.core.metrics.histograms import of, sent

trends = st.lists(
    st.lists(st.integers(0, 2 * HIGHEST_NS), min_size=1, max_size=30), min_size=1, max_size=12
)


def decode(scratch: Scratch, histogram: Histogram) -> Decoded:
    return scratch.decode(*sent(histogram))


@given(st.lists(trends, min_size=1, max_size=4))
@settings(max_examples=60, deadline=None)
def test_reports_decoded_one_after_the_other_add_up_to_their_samples(
    reports: list[list[list[int]]],
) -> None:
    scratch, sums = Scratch(), [Histogram() for _ in range(12)]
    for report in reports:
        decoded = [decode(scratch, of(values)) for values in report]
        for total, one in zip(sums, decoded, strict=False):
            total.add(one)
        scratch.clear()
    for place, total in enumerate(sums):
        samples = [value for report in reports for value in (report[place : place + 1] or [[]])[0]]
        assert total == of(samples)


def test_what_is_not_in_order_harms_neither_what_is_beside_it_nor_what_follows() -> None:
    scratch, good = Scratch(), of([1_000_000, 7_000_000_000])
    lie = good.copy()
    lie.count += 1
    before = decode(scratch, good)
    with pytest.raises(ProtocolViolation):
        decode(scratch, lie)
    target = Histogram()
    target.add(before)
    assert target == good
    scratch.clear()
    target.add(decode(scratch, good))
    assert target.count == 4
    assert target.percentile(50) == 1.0


def test_a_scratch_that_grows_keeps_what_it_holds() -> None:
    scratch, wide = Scratch(), of([0, HIGHEST_NS])
    decoded = [decode(scratch, wide) for _ in range(40)]
    assert all(one.counts.sum() == 2 for one in decoded)
    assert all(len(one.counts) <= BUCKET_COUNT for one in decoded)


def test_a_scratch_that_one_report_made_large_shrinks_again() -> None:
    scratch, wide = Scratch(), of([0, HIGHEST_NS])
    for _ in range(100):
        decode(scratch, wide)
    scratch.clear()
    assert scratch._block.nbytes == 0  # pyright: ignore[reportPrivateUsage]
    assert decode(scratch, wide).counts.sum() == 2
