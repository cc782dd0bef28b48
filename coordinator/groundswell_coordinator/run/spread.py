"""The shape of a distribution in a few counts: over equal factors from its min to its max."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from groundswell.metrics.buckets import highest_equivalent

if TYPE_CHECKING:
    from groundswell.metrics.histogram import Histogram

STEPS = 24
_LEAST_MS = 0.001


def spread_of(histogram: Histogram) -> tuple[int, ...]:
    """Nothing where all samples are alike. What is below a microsecond counts as one."""
    low, high = max(histogram.min_ms, _LEAST_MS), histogram.max_ms
    if not histogram.count or high <= low:
        return ()
    buckets, counts = histogram.buckets()
    values = np.array([highest_equivalent(int(at)) / 1000 for at in buckets])
    places = np.log(np.clip(values, low, high) / low) / np.log(high / low) * STEPS
    steps = np.minimum(places.astype(np.int64), STEPS - 1)
    found = np.bincount(steps, weights=counts, minlength=STEPS).astype(np.int64)
    return tuple(found.tolist())
