"""Histograms of given values, and what travels of one."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from groundswell.metrics.histogram import Histogram

if TYPE_CHECKING:
    from collections.abc import Sequence


def of(values_ns: Sequence[int]) -> Histogram:
    histogram = Histogram()
    histogram.add_ns(np.array(values_ns, np.int64))
    return histogram


def sent(histogram: Histogram) -> tuple[bytes, int, int, int, int, int]:
    return (
        histogram.encode(),
        histogram.count,
        histogram.sum_ns,
        histogram.min_ns,
        histogram.max_ns,
        histogram.clamped,
    )
