"""Neighbouring seconds are alike: they are drawn again in blocks, as long as their likeness lasts.

`block_length` begins with the automatic rule of Politis and White (2004), "Automatic Block-Length Selection
for the Dependent Bootstrap", Econometric Reviews 23(1), as corrected by Patton, Politis and White
(2009), Econometric Reviews 28(4). `block_weights` draws by the circular block bootstrap of Politis
and Romano (1992), "A circular block-resampling procedure for stationary data".
"""

from __future__ import annotations

import math
from functools import lru_cache
from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from numpy.typing import NDArray

    Floats = NDArray[np.float64]

REPLICATES = 1000
FEWEST_BLOCKS = 8
SHORTEST_S = 60.0

# Of the rule: how many lags in a row must be small, and how small.
_LAGS_IN_A_ROW = 5
_BAND = 2.0
# The same draws for everybody: whoever compares again is told the same.
_SEED = 20_040_101


def block_length(series: Floats, neighbour_s: float = 1.0) -> int:
    """How many neighbours, each of so many seconds, make a block of a stationary series; at least 1.

    What is rare, as the slowest of few requests, hides its rhythm from the rule in noise. So a block
    is never shorter than a minute, or an eighth of a short run: few long blocks and Student's t
    are right where many short ones are too sure (Ibragimov and Müller 2010, "t-Statistic Based
    Correlation and Heterogeneity Robust Inference", Journal of Business & Economic Statistics 28(4)).
    """
    shortest = min(math.ceil(len(series) / FEWEST_BLOCKS), math.ceil(SHORTEST_S / neighbour_s))
    return max(_automatic_length(series), shortest, 1)


def _automatic_length(series: Floats) -> int:
    count = len(series)
    centred = series - series.mean() if count else series
    if count < 2 * _LAGS_IN_A_ROW or not centred.any():
        return 1
    row = max(_LAGS_IN_A_ROW, math.ceil(math.sqrt(math.log10(count))))
    most = min(math.ceil(math.sqrt(count)) + row, count - 1)
    covariances = _covariances(centred, most)
    window = min(2 * _last_lag(covariances, count, row), most)
    if window == 0:
        return 1
    lags = np.arange(1, window + 1)
    weights = np.minimum(1.0, 2 * (1 - lags / window))
    weighted = weights * covariances[1 : window + 1]
    spectrum = covariances[0] + 2 * weighted.sum()
    slope = 2 * (weighted * lags).sum()
    if spectrum <= 0:
        # Neighbours even each other out; the mean is better known than if they did not.
        return 1
    # b = (2 g² / D)^(1/3) n^(1/3), and of the circular bootstrap D = 4/3 (spectrum)².
    length = (1.5 * (slope / spectrum) ** 2 * count) ** (1 / 3)
    longest = math.ceil(min(3 * math.sqrt(count), count / 3))
    return max(1, min(math.ceil(float(length)), longest))


@lru_cache(maxsize=64)
def block_weights(count: int, length: int, replicates: int = REPLICATES) -> Floats:
    """How often each of `count` neighbours is drawn, (replicates, count); each row adds up to count.

    Not to be changed: it is kept for the next who asks.
    """
    random = np.random.default_rng((_SEED, count, length))
    blocks = math.ceil(count / length)
    starts = random.integers(0, count, (replicates, blocks))
    drawn = (starts[:, :, None] + np.arange(length)).reshape(replicates, -1)[:, :count] % count
    flat = drawn + count * np.arange(replicates)[:, None]
    drawn_times = np.bincount(flat.ravel(), minlength=replicates * count)
    weights = drawn_times.reshape(replicates, count).astype(np.float64)
    weights.flags.writeable = False
    return weights


def _covariances(centred: Floats, most: int) -> Floats:
    """Of the lags 0 to `most`."""
    count = len(centred)
    products = [float(centred[: count - lag] @ centred[lag:]) for lag in range(most + 1)]
    return np.array(products) / count


def _last_lag(covariances: Floats, count: int, row: int) -> int:
    """The first lag behind which a whole row of correlations is no more than chance."""
    correlations = np.abs(covariances[1:] / covariances[0])
    large = np.flatnonzero(correlations >= _BAND * math.sqrt(math.log10(count) / count)) + 1
    last = 0
    for lag in large.tolist():
        if lag - last > row:
            break
        last = lag
    return last
