"""The nearest rank: which of n sorted values a percentile is."""

from __future__ import annotations

import math
from fractions import Fraction
from functools import lru_cache


def nearest_rank(p: float, count: int) -> int:
    """ceil(p/100 · count), counted from 1; 0 stands for the minimum that p = 0 is.

    Exact: 99.9 is meant as 999/1000 and gives rank 999 of 1,000, not what rounding makes of the
    binary number nearest to it. ValueError unless p lies in 0..100.
    """
    return math.ceil(_share(p) * count)


@lru_cache(maxsize=256)
def _share(p: float) -> Fraction:
    if not 0 <= p <= 100:
        raise ValueError(f"a percentile lies in 0..100, not {p}")
    return Fraction(str(p)) / 100
