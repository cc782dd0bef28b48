"""The HdrHistogram layout that every histogram here has: 1 µs to 1 h with 3 significant digits.

Values are whole microseconds. Up to 2,047 each has a bucket of its own; above, 1,024 buckets share
every doubling, so that a bucket is never wider than 0.1 % of what is in it.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from numpy.typing import NDArray

LOWEST_US = 1
HIGHEST_US = 3_600_000_000
HIGHEST_NS = HIGHEST_US * 1000
SIGNIFICANT_DIGITS = 3
# 2,048 buckets of width 1, then 1,024 for each of the 21 doublings that reach HIGHEST_US, and one
# half more, as the library counts them.
BUCKET_COUNT = 23 * 1024


def indices(values_us: NDArray[np.int64]) -> NDArray[np.int64]:
    """The bucket of each value in 0..HIGHEST_US; equal to the library's for every value.

    The doubling that a value lies in is the exponent of its float64, which is exact below 2**53.
    """
    doubling = ((values_us | 2047).astype(np.float64).view(np.int64) >> 52) - 1033
    return (doubling << 10) + (values_us >> doubling)


def index(value_us: int) -> int:
    """`indices` of one value."""
    doubling = (value_us | 2047).bit_length() - 11
    return (doubling << 10) + (value_us >> doubling)


def bucket_of(value_ns: int) -> int:
    """Where a duration counts: its nearest microsecond, halves upwards, and at most an hour."""
    return index((value_ns + 500) // 1000 if value_ns < HIGHEST_NS else HIGHEST_US)


def highest_equivalent(bucket: int) -> int:
    """The highest value in microseconds that falls into a bucket."""
    doubling = max((bucket >> 10) - 1, 0)
    return ((bucket - (doubling << 10) + 1) << doubling) - 1
