"""HdrHistogram counts as an exponential histogram of OpenTelemetry.

Bucket i of scale s holds what lies in (b**i, b**(i+1)], where b = 2 ** (2 ** -s). Every bucket of ours
goes whole into the one that its highest value lies in, so that counts are preserved and what is
read from the outcome is off by no more than one of its buckets: 2.2 % at the scale of 5.
"""

from __future__ import annotations

import math
from fractions import Fraction
from typing import TYPE_CHECKING

import numpy as np

from groundswell.metrics.buckets import BUCKET_COUNT, HIGHEST_US, highest_equivalent
from groundswell.metrics.histogram import Histogram

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from groundswell_coordinator.timeline.interval import Trend

SCALE = 5
_NEAR = 1e-6


class Exponential:
    """What was added since the start; in seconds, or in a trend's own unit where that is no time."""

    def __init__(self, per_unit: int = 1_000_000) -> None:
        """`per_unit` of the recorded values, which are microseconds, are one."""
        self._map = _map(per_unit)
        self._per_unit = per_unit
        self._counts: NDArray[np.int64] = np.zeros(self._map.length, np.int64)
        self.zero_count = 0
        self.count = 0
        self._sum_ns = 0
        self._min_ns = 0
        self._max_ns = 0

    def add(self, trend: Trend) -> None:
        histogram = Histogram()
        trend.add_to(histogram)
        buckets, counts = histogram.buckets()
        if len(buckets) and buckets[0] == 0:
            self.zero_count += int(counts[0])
            buckets, counts = buckets[1:], counts[1:]
        np.add.at(self._counts, self._map.places[buckets], counts)
        self._min_ns = trend.min_ns if not self.count else min(self._min_ns, trend.min_ns)
        self._max_ns = max(self._max_ns, trend.max_ns)
        self.count += trend.count
        self._sum_ns += trend.sum_ns

    @property
    def sum(self) -> float:
        return self._in_units(self._sum_ns)

    @property
    def min(self) -> float:
        return self._in_units(self._min_ns)

    @property
    def max(self) -> float:
        return self._in_units(self._max_ns)

    def buckets(self) -> tuple[int, list[int]]:
        """The index of the first bucket that is not empty, and the counts up to the last one."""
        filled = np.flatnonzero(self._counts)
        if not len(filled):
            return 0, []
        low, high = int(filled[0]), int(filled[-1]) + 1
        return low + self._map.first, self._counts[low:high].tolist()

    def _in_units(self, ns: int) -> float:
        return ns / 1000 / self._per_unit


class _Map:
    """`places[bucket]` is where a bucket of ours goes, counted from the one of index `first`."""

    def __init__(self, per_unit: int) -> None:
        highest = [min(highest_equivalent(at), HIGHEST_US) for at in range(BUCKET_COUNT)]
        # Of the bucket of zero, which is counted apart, nothing is read.
        values = np.maximum(np.array(highest, np.int64), 1)
        steps = np.log2(values / per_unit) * (1 << SCALE)
        indices = np.ceil(steps).astype(np.int64) - 1
        # At an edge a float cannot tell on which side of it a value lies.
        for at in np.flatnonzero(np.abs(steps - np.rint(steps)) < _NEAR):
            indices[at] = index_of(Fraction(int(values[at]), per_unit))
        self.first = int(indices.min())
        self.length = int(indices.max()) - self.first + 1
        self.places = indices - self.first


_maps: dict[int, _Map] = {}


def _map(per_unit: int) -> _Map:
    found = _maps.get(per_unit)
    if found is None:
        found = _maps[per_unit] = _Map(per_unit)
    return found


def index_of(value: Fraction, scale: int = SCALE) -> int:
    """The bucket that a positive value lies in: ceil(log_b(value)) - 1, exact also at the edges."""
    steps = 1 << scale
    guess = math.ceil(math.log2(value) * steps) - 1
    # b ** i is irrational but for whole powers of two, so only the guess is a float: value <= b ** i
    # is value ** steps <= 2 ** i, which is exact.
    power = value**steps
    while power <= Fraction(2) ** guess:
        guess -= 1
    while power > Fraction(2) ** (guess + 1):
        guess += 1
    return guess
