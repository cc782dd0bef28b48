"""A distribution of durations that adds up exactly: HdrHistogram counts, count, sum, min and max.

Of the hdrhistogram library only the codec is used, by payload.py: its percentile ranks round down,
and adding an empty histogram makes its minimum 0.

    >>> seconds = np.array([0.0012, 0.0034])
    >>> histogram = Histogram()
    >>> histogram.add_ns((seconds * 1e9).astype(np.int64))
    >>> histogram.percentile(99)
    3.4
"""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

import numpy as np

from groundswell.errors import ProtocolViolation
from groundswell.metrics.buckets import (
    BUCKET_COUNT,
    HIGHEST_NS,
    bucket_of,
    highest_equivalent,
    indices,
)
from groundswell.metrics.payload import encode
from groundswell.metrics.rank import nearest_rank
from groundswell.metrics.scratch import Scratch

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import NDArray

    from groundswell.metrics.scratch import Decoded

_CHUNK = 1024
_MOST = 2**62
_INT64_MAX = 2**63 - 1


class Histogram:
    """A mutable accumulator.

    `count`, `sum_ns`, `min_ns` and `max_ns` are exact, in nanoseconds, and 0 where nothing was
    added. `clamped` of the values lay above one hour: they count in the top bucket, and in sum and
    max with their true value.
    """

    __slots__ = (
        "_address",
        "_counts",
        "_high",
        "_low",
        "clamped",
        "count",
        "max_ns",
        "min_ns",
        "sum_ns",
    )

    def __init__(self) -> None:
        # Grown as values need it: 8 KiB reach 1 ms, 56 KiB 65 ms. All buckets at once are 184 KiB,
        # which mostly become resident, since allocators zero by hand what they do not map anew.
        self._counts: NDArray[np.int64] = np.zeros(_CHUNK, np.int64)
        self._address = int(self._counts.ctypes.data)
        self._low = BUCKET_COUNT
        self._high = 0
        self.count = 0
        self.sum_ns = 0
        self.min_ns = 0
        self.max_ns = 0
        self.clamped = 0

    def __eq__(self, other: object) -> bool:
        if not isinstance(other, Histogram):
            return NotImplemented
        return self._summary() == other._summary() and bool(
            np.array_equal(self._touched(), other._touched())
        )

    __hash__ = None  # type: ignore[assignment]  # it changes, so it is nobody's key

    def __repr__(self) -> str:
        return f"<Histogram of {self.count} values>"

    def add_ns(self, values_ns: NDArray[np.int64]) -> None:
        """Add durations in nanoseconds; negative ones, which only a clock can make, count as 0.

        A value's bucket is that of its nearest microsecond, halves upwards.
        """
        add_rows((self,), values_ns.reshape(1, -1))

    def add_zeros(self, times: int) -> None:
        """Add the value 0 `times` times."""
        if times > 0:
            self._touch(0, 1)
            self._counts[0] += times
            self._account(times, 0, 0, 0, 0)

    def merge(self, other: Histogram) -> None:
        """Add everything that is in another histogram."""
        if other.count == 0:
            return
        low, high = other._low, other._high
        self._touch(low, high)
        counts = self._counts[low:high]
        np.add(counts, other._counts[low:high], counts)
        self._account(other.count, other.sum_ns, other.min_ns, other.max_ns, other.clamped)

    def encode(self) -> bytes:
        """The HdrHistogram V2 payload, as the library writes it before its compression.

        An empty histogram has none (ValueError): nobody who adds it would learn anything.
        """
        if self.count == 0:
            raise ValueError("an empty histogram is not encoded")
        return encode(self._address, self._low, self._high)

    def merge_payload(
        self, payload: bytes, count: int, sum_ns: int, min_ns: int, max_ns: int, clamped: int
    ) -> None:
        """Add what `encode` gave elsewhere, with its exact numbers.

        ProtocolViolation unless all of it fits together. On an error nothing has been added.
        """
        if self.count + count > _MOST:
            raise ProtocolViolation(f"{count} values more than the {self.count} that are here")
        self.add(Scratch().decode(payload, count, sum_ns, min_ns, max_ns, clamped))

    def add(self, decoded: Decoded) -> None:
        """Add a payload that has been decoded and found to be in order."""
        low, high = decoded.low, decoded.low + len(decoded.counts)
        self._touch(low, high)
        counts = self._counts[low:high]
        np.add(counts, decoded.counts, counts)
        self._account(
            decoded.count, decoded.sum_ns, decoded.min_ns, decoded.max_ns, decoded.clamped
        )

    def clear(self) -> None:
        """Back to empty; only what was touched is zeroed."""
        self._touched().fill(0)
        self._low, self._high = BUCKET_COUNT, 0
        self.count = self.sum_ns = self.min_ns = self.max_ns = self.clamped = 0

    def copy(self) -> Histogram:
        twin = Histogram()
        twin.merge(self)
        return twin

    def percentile(self, p: float) -> float:
        """`percentiles` of one p."""
        return self.percentiles((p,))[0]

    def percentiles(self, ps: Sequence[float]) -> list[float]:
        """The values of rank ceil(p/100 · count), the nearest rank, in ms; p lies in 0..100.

        At most 0.1 % + 1 µs above the true value, never above the exact maximum nor below the exact
        minimum, which p = 0 is. math.inf where the value was clamped: all that is known is that it
        lies above one hour. math.nan of an empty histogram.
        """
        if self.count == 0:
            return [math.nan] * len(ps)
        ranks = [nearest_rank(p, self.count) for p in ps]
        places = np.searchsorted(np.cumsum(self._touched()), ranks).tolist()
        return [
            self._value_ms(rank, self._low + at) for rank, at in zip(ranks, places, strict=True)
        ]

    @property
    def mean_ms(self) -> float:
        """math.nan of an empty histogram, as min and max."""
        return self.sum_ns / self.count / 1e6 if self.count else math.nan

    @property
    def min_ms(self) -> float:
        return self.min_ns / 1e6 if self.count else math.nan

    @property
    def max_ms(self) -> float:
        return self.max_ns / 1e6 if self.count else math.nan

    def buckets(self) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
        """The indices of all buckets that are not empty, and their counts."""
        touched = self._touched()
        filled = np.flatnonzero(touched)
        return filled + self._low, touched[filled]

    def _value_ms(self, rank: int, bucket: int) -> float:
        if rank == 0:
            return self.min_ms
        if rank > self.count - self.clamped:
            return math.inf
        # A bucket's microseconds are rounded, so its edge may lie half of one below the exact
        # minimum.
        value = min(highest_equivalent(bucket) * 1000, self.max_ns, HIGHEST_NS)
        return max(value, self.min_ns) / 1e6

    def _touched(self) -> NDArray[np.int64]:
        return self._counts[self._low : self._high]

    def _add(
        self, at: NDArray[np.int64], sum_ns: int, min_ns: int, max_ns: int, clamped: int
    ) -> None:
        self._touch(bucket_of(min_ns), bucket_of(max_ns) + 1)
        np.add.at(self._counts, at, 1)
        self._account(len(at), sum_ns, min_ns, max_ns, clamped)

    def _touch(self, low: int, high: int) -> None:
        """Make room for the buckets [low, high), before they are added to."""
        if high > len(self._counts):
            grown = np.zeros(-(-high // _CHUNK) * _CHUNK, np.int64)
            grown[: len(self._counts)] = self._counts
            self._counts, self._address = grown, int(grown.ctypes.data)
        # Not min and max: a call of either costs what the rest does, twenty thousand times a second.
        if low < self._low:
            self._low = low
        if high > self._high:
            self._high = high

    def _account(self, count: int, sum_ns: int, min_ns: int, max_ns: int, clamped: int) -> None:
        if min_ns < self.min_ns or not self.count:
            self.min_ns = min_ns
        if max_ns > self.max_ns:
            self.max_ns = max_ns
        self.count += count
        self.sum_ns += sum_ns
        self.clamped += clamped

    def _summary(self) -> tuple[int, ...]:
        return (
            self.count,
            self.sum_ns,
            self.min_ns,
            self.max_ns,
            self.clamped,
            self._low,
            self._high,
        )


def add_rows(histograms: Sequence[Histogram], values_ns: NDArray[np.int64]) -> None:
    """Add row i of `values_ns` to histogram i; one pass over all costs less than one for each."""
    rows, columns = values_ns.shape
    if columns == 0:
        return
    minima, maxima = values_ns.min(axis=1), values_ns.max(axis=1)
    if minima.min() < 0:
        values_ns, minima, maxima = (np.maximum(a, 0) for a in (values_ns, minima, maxima))
    highest = int(maxima.max())
    clamped = [0] * rows
    tracked = values_ns
    if highest > HIGHEST_NS:
        clamped = (values_ns > HIGHEST_NS).sum(axis=1).tolist()
        tracked = np.minimum(values_ns, HIGHEST_NS)
    if highest * columns > _INT64_MAX:
        sums = [sum(row) for row in values_ns.tolist()]
    else:
        sums = values_ns.sum(axis=1).tolist()
    at = indices((tracked + 500) // 1000)
    for i, histogram in enumerate(histograms):
        # Of this module: a method could not be of many of them.
        histogram._add(at[i], sums[i], int(minima[i]), int(maxima[i]), clamped[i])  # pyright: ignore[reportPrivateUsage]
