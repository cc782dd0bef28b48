"""The knee: the rate from which on latency climbs.

The curve of p95 over the rate is flat, then steep. Both are scaled to 0..1, latency by its logarithm; the
knee is where the curve is farthest below the straight line between its ends (Satopaa, Albrecht, Irwin and
Raghavan, "Finding a 'Kneedle' in a Haystack", 2011). Where latency has not even doubled there is none.
"""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterable

_FEWEST = 4
_CLIMB = 2.0
# In ms: below it, how often something is looked at counts for more than the load.
_LEAST_MS = 0.05


def knee(points: Iterable[tuple[float, float]]) -> float | None:
    """Of (rate, p95 in ms) in any order, the rate; None where nothing climbs, or too few are known."""
    curve = _rising(points)
    if len(curve) < _FEWEST:
        return None
    (first, low), (last, high) = curve[0], curve[-1]
    if high < _CLIMB * low:
        return None
    climb = math.log(high / low)
    below = [
        ((rate - first) / (last - first) - math.log(ms / low) / climb, rate) for rate, ms in curve
    ]
    return max(below)[1]


def _rising(points: Iterable[tuple[float, float]]) -> list[tuple[float, float]]:
    """By rate, of several the fastest; latency that falls with the rate is noise."""
    fastest: dict[float, float] = {}
    for rate, ms in points:
        fastest[rate] = min(max(ms, _LEAST_MS), fastest.get(rate, math.inf))
    rising: list[tuple[float, float]] = []
    for rate, ms in sorted(fastest.items()):
        rising.append((rate, max(ms, rising[-1][1] if rising else ms)))
    return rising
