from __future__ import annotations

from fractions import Fraction

import pytest

from groundswell.metrics.rank import nearest_rank


@pytest.mark.parametrize(
    ("p", "count", "rank"),
    [
        (99, 160, 159),
        (99.9, 1000, 999),
        (99.99, 10_000, 9999),
        (99.9, 1001, 1000),
        (50, 1, 1),
        (50, 2, 1),
        (50, 3, 2),
        (95, 20, 19),
        (100, 7, 7),
        (0, 7, 0),
        (0.1, 1000, 1),
        (1e-05, 10_000_000, 1),
    ],
)
def test_a_rank_is_the_exact_ceiling(p: float, count: int, rank: int) -> None:
    assert nearest_rank(p, count) == rank


def test_every_tenth_of_a_percent_of_any_count_has_its_exact_rank() -> None:
    for tenths in range(1001):
        for count in (1, 7, 160, 999, 1000, 1001, 123_457):
            expected = -(-Fraction(tenths * count, 1000) // 1)
            assert nearest_rank(tenths / 10, count) == expected


@pytest.mark.parametrize("p", [-0.1, 100.1, float("nan")])
def test_a_percentile_outside_of_its_range_is_refused(p: float) -> None:
    with pytest.raises(ValueError, match="percentile"):
        nearest_rank(p, 10)
