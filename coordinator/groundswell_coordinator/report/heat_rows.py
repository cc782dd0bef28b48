"""How many samples fell into which range of latency, over time: rows are logarithmic."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from groundswell.metrics.buckets import BUCKET_COUNT, HIGHEST_US, highest_equivalent
from groundswell_coordinator.report.course import Heat, step_of

if TYPE_CHECKING:
    from groundswell.metrics.histogram import Histogram

_PER_DECADE = 32
_MOST_ROWS = 80
_DECADES = 10
_EDGES_MS = 10.0 ** (np.arange(_DECADES * _PER_DECADE + 1) / _PER_DECADE - 3)


class HeatRows:
    """Rows for all that can be measured are kept, and those that were needed are given."""

    def __init__(self, seconds: int, step_s: int, most_bins: int) -> None:
        """`step_s` is of the bins that are added; as many as it takes become one column."""
        self._step_s = step_s
        bins = -(-seconds // step_s)
        self._together = max(1, step_of(bins, most_bins))
        columns = -(-bins // self._together)
        self._counts = np.zeros((_DECADES * _PER_DECADE, columns), np.int64)
        self._row_of = _rows()

    def add(self, number: int, histogram: Histogram) -> None:
        """Of bin `number`, from 0 on."""
        if histogram.count:
            buckets, counts = histogram.buckets()
            np.add.at(self._counts[:, number // self._together], self._row_of[buckets], counts)

    def finish(self) -> Heat:
        filled = np.flatnonzero(self._counts.any(axis=1))
        if not len(filled):
            return Heat.empty()
        low, high = int(filled[0]), int(filled[-1]) + 1
        together = -(-(high - low) // _MOST_ROWS)
        high = min(low + -(-(high - low) // together) * together, len(_EDGES_MS) - 1)
        starts = np.arange(low, high, together)
        counts = np.add.reduceat(self._counts[:high], starts, axis=0)
        width_s = self._together * self._step_s
        columns = range(0, (self._counts.shape[1] + 1) * width_s, width_s)
        return Heat(columns, _EDGES_MS[np.append(starts, high)], counts)


def _rows() -> np.ndarray[tuple[int], np.dtype[np.int64]]:
    """The row of every bucket, by its highest value."""
    highest_us = np.array([highest_equivalent(at) for at in range(BUCKET_COUNT)], np.float64)
    values_ms = np.clip(highest_us, 1, HIGHEST_US) / 1000
    rows = np.searchsorted(_EDGES_MS, values_ms, side="right") - 1
    return np.clip(rows, 0, _DECADES * _PER_DECADE - 1)
