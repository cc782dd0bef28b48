"""Where a row of runs begins to be another: change points, found by E-divisive means.

    change_points([20.1, 19.8, 20.3, …, 24.9, 25.2])     # the places at which a new level begins

Matteson and James (2014), "A Nonparametric Approach for Multiple Change Point Analysis of
Multivariate Data", Journal of the American Statistical Association 109(505). A row is split where its
two parts differ most by their energy distance; the split is believed where hardly any order of the
same values would have shown as much, and then both parts are looked at in the same way. It is what
MongoDB judges its builds by (Daly et al. 2020, "The Use of Change Point Detection to Identify
Software Performance Regressions in a Continuous Integration System", ICPE '20).
"""

from __future__ import annotations

from functools import lru_cache
from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import NDArray

    Floats = NDArray[np.float64]
    Places = NDArray[np.int64]

SHORTEST_LEVEL = 3
# Five figures are looked at: by chance alone, one history in twenty shows a change.
LEVEL = 0.01
_ORDERS = 999
_SEED = 20_140_109


def change_points(values: Sequence[float], level: float = LEVEL) -> list[int]:
    """The places, in order; of one row of values, each from one run."""
    found: list[int] = []
    waiting = [(0, len(values))]
    while waiting:
        first, end = waiting.pop()
        place = _split(np.array(values[first:end], np.float64), level)
        if place is not None:
            found.append(first + place)
            waiting += [(first, first + place), (first + place, end)]
    return sorted(found)


def _split(values: Floats, level: float) -> int | None:
    """Where the values are best split, if they are to be at all."""
    if len(values) < 2 * SHORTEST_LEVEL:
        return None
    distances = np.abs(values[:, None] - values[None, :])
    divergences, splits = _divergences(distances), _splits(len(values))
    best = int(np.argmax(divergences))
    # No level at all differs from a level only by how numbers are rounded.
    if not distances.any() or divergences[best] <= 1e-12 * distances.max():
        return None
    if _chance(distances, float(divergences[best])) > level:
        return None
    return int(splits[0][best])


def _chance(distances: Floats, found: float) -> float:
    """How many orders of the same values, as a share, are split as well as the real one."""
    random = np.random.default_rng((_SEED, len(distances)))
    as_good = 0
    for _ in range(_ORDERS):
        order = random.permutation(len(distances))
        as_good += _divergences(distances[np.ix_(order, order)]).max() >= found * (1 - 1e-9)
    return (as_good + 1) / (_ORDERS + 1)


@lru_cache(maxsize=64)
def _splits(count: int) -> tuple[Places, Places]:
    """Where a second level begins, and where it ends: a level that comes and goes differs from both sides."""
    begins, ends = np.meshgrid(np.arange(count + 1), np.arange(count + 1), indexing="ij")
    fits = (begins >= SHORTEST_LEVEL) & (ends - begins >= SHORTEST_LEVEL)
    return begins[fits], ends[fits]


def _divergences(distances: Floats) -> Floats:
    """The scaled energy distance of both parts, for each split that leaves both long enough."""
    sums = np.zeros((len(distances) + 1, len(distances) + 1))
    sums[1:, 1:] = distances.cumsum(axis=0).cumsum(axis=1)
    begins, ends = _splits(len(distances))
    left, right = begins, ends - begins
    within_left = sums[begins, begins]
    between = sums[begins, ends] - within_left
    within_right = sums[ends, ends] - 2 * between - within_left
    distance = (
        2 * between / (left * right)
        - within_left / (left * (left - 1))
        - within_right / (right * (right - 1))
    )
    return np.asarray(left * right / ends * distance, np.float64)
