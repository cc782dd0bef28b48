"""How sure a run is of a figure, by its own seconds: the block bootstrap.

The seconds are drawn again a thousand times, in blocks, and the figure is worked out anew from each
draw. Its variance over the draws is the variance of the figure. The length of the blocks follows
from what every second adds to the figure's error: for a percentile, by how many its values below
exceed their share.

What a few blocks do not show is made up for by Student's t with as many degrees of freedom as there
are blocks, less one (Hesterberg 2015, "What Teachers Should Know About the Bootstrap", The American
Statistician 69(4)). The largest and the smallest value have no variance that a bootstrap would find
(Bickel and Freedman 1981, "Some Asymptotic Theory for the Bootstrap", The Annals of Statistics 9(6)).
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from groundswell.metrics.buckets import highest_equivalent
from groundswell.metrics.catalog import Kind
from groundswell.metrics.rank import nearest_rank
from groundswell.verdict.expression import Aggregation
from groundswell_coordinator.compare.blocks import block_length, block_weights
from groundswell_coordinator.compare.cells import CountCells, ShareCells, TrendCells
from groundswell_coordinator.compare.estimate import (
    LEAST_MS,
    NOT_MEASURED,
    Estimate,
    least_of,
    scaled,
)
from groundswell_coordinator.counted import counted
from groundswell_coordinator.judge.standing import value_of

if TYPE_CHECKING:
    from collections.abc import Callable

    from numpy.typing import NDArray

    from groundswell_coordinator.compare.cells import Cells
    from groundswell_coordinator.compare.figure import Figure

    Floats = NDArray[np.float64]

FEWEST_CELLS = 5
# Of values on either side of a percentile: the rank of one that has fewer jumps from value to value.
FEWEST_BEYOND = 20
# Of a percentile's bucket, relative to its values.
_BUCKET = 1 / 1024
_COLUMNS = 64
# Counts below are as rare as those of a Poisson process, whatever a few seconds show of them.
_RARE = 10


@dataclass(frozen=True, slots=True)
class _Draws:
    """`errors` is what each cell adds to the figure's error; `redraw`, the figure by weights of cells."""

    errors: Floats
    redraw: Callable[[Floats], Floats]


def estimate(figure: Figure, cells: Cells, *, is_logarithmic: bool) -> Estimate:
    """One run's, as its verdict would say it, with a variance where its seconds show one."""
    value = value_of(figure, cells.view)
    if value is None:
        return Estimate(None, why=NOT_MEASURED)
    point = scaled(figure, value, is_logarithmic)
    floor = _floor(figure, cells, value, is_logarithmic)
    why = _why_unsure(figure, cells, value, is_logarithmic)
    if why is not None:
        return Estimate(value, point, why=why, floor=floor)
    least = least_of(figure) if is_logarithmic else None
    variance, freedom = _variance(_draws(figure, cells), cells.cell_s, least)
    return Estimate(value, point, max(variance, floor), freedom, floor=floor)


def _variance(draws: _Draws, cell_s: float, least: float | None) -> tuple[float, float]:
    """Of the figure over the draws, or of its logarithm, and its degrees of freedom."""
    count = len(draws.errors)
    length = block_length(draws.errors, cell_s)
    values = draws.redraw(block_weights(count, length))
    if least is not None:
        values = np.log(np.maximum(values, least))
    blocks = max(count / length, 2.0)
    return float(values.var()) * blocks / (blocks - 1), blocks - 1


def _draws(figure: Figure, cells: Cells) -> _Draws:
    match cells:
        case ShareCells():
            return _ratio(cells.passes, cells.totals)
        case CountCells():
            return _of_counts(figure, cells)
        case TrendCells() if figure.aggregation is Aggregation.AVG:
            return _ratio(cells.sums_ms, cells.sizes)
        case TrendCells():
            assert figure.percentile is not None, "the extremes have been sorted out"
            return _of_percentile(cells, figure.percentile)


def _ratio(above: Floats, below: Floats) -> _Draws:
    mean = above.sum() / below.sum()
    return _Draws(
        above - mean * below,
        # A draw may have left out all of the seconds in which there was anything.
        lambda weights: np.asarray((weights @ above) / np.maximum(weights @ below, 1e-9)),
    )


def _of_counts(figure: Figure, cells: CountCells) -> _Draws:
    if figure.aggregation is Aggregation.RATE:
        # In seconds of the run, of which cells know whole ones only.
        return _ratio(cells.counts, cells.active * (cells.seconds / cells.active.sum()))
    mean = cells.counts.mean()
    return _Draws(cells.counts - mean, lambda weights: np.asarray(weights @ cells.counts))


def _of_percentile(cells: TrendCells, percentile: float) -> _Draws:
    below, sizes, share = cells.below, cells.sizes, percentile / 100
    cumulative = below.sum(axis=0)
    total = cells.view.count
    at = int(np.searchsorted(cumulative, nearest_rank(percentile, total)))
    errors = below[:, at] - cumulative[at] / total * sizes

    def redraw(weights: Floats) -> Floats:
        drawn = weights @ sizes
        # By how much a draw's share of the values below differs is how far its percentile moves.
        moved = (weights @ below[:, at]) / np.maximum(drawn, 1) - cumulative[at] / total
        columns = _columns(cumulative / total, share, 2 * float(np.abs(moved).max()) + 2 / total)
        ranks = np.ceil(share * drawn)
        return _percentiles(weights @ below[:, columns], ranks, columns, cells.buckets[columns])

    return _Draws(errors, redraw)


def _columns(shares: Floats, share: float, reach: float) -> NDArray[np.int64]:
    """Some of the buckets around a percentile, all of them where there are few.

    `shares` are of all values, in each bucket and below it.
    """
    low, high = np.searchsorted(shares, (share - reach, share + reach)).tolist()
    first, last = int(max(low - 1, 0)), int(min(high, len(shares) - 1))
    return np.unique(np.linspace(first, last, _COLUMNS, dtype=np.int64))


def _percentiles(
    below: Floats, ranks: Floats, columns: NDArray[np.int64], buckets: NDArray[np.int64]
) -> Floats:
    """In ms, the nearest rank of every draw, as `Histogram.percentile` takes it.

    `below` is (draws, columns). Where columns were left out, it is interpolated.
    """
    values = np.array([highest_equivalent(bucket) / 1000 for bucket in buckets.tolist()])
    at = np.minimum((below < ranks[:, None]).sum(axis=1), len(values) - 1)
    before = np.maximum(at - 1, 0)
    rows = np.arange(len(ranks))
    lower, upper = below[rows, before], below[rows, at]
    within = np.clip((ranks - lower) / np.maximum(upper - lower, 1), 0, 1)
    is_next = columns[at] - columns[before] <= 1
    between = values[before] + within * (values[at] - values[before])
    return np.asarray(np.where(is_next, values[at], between))


def _why_unsure(figure: Figure, cells: Cells, value: float, is_logarithmic: bool) -> str | None:
    if figure.is_extreme:
        return "one value alone says nothing of the next"
    if math.isinf(value):
        return "values above 1h are all alike"
    if is_logarithmic and value <= 0 and figure.metric.kind is Kind.COUNTER:
        return "nothing was counted"
    count = _cell_count(cells)
    if count < FEWEST_CELLS:
        return f"only {count} s are judged"
    if isinstance(cells, TrendCells) and figure.percentile is not None:
        beyond = cells.view.count * min(figure.percentile, 100 - figure.percentile) / 100
        if beyond < FEWEST_BEYOND:
            return f"only {counted(math.floor(beyond), 'sample')} beyond it"
    return None


def _floor(figure: Figure, cells: Cells, value: float, is_logarithmic: bool) -> float:
    """What a run's figure varies by at least."""
    match cells:
        case TrendCells():
            width = max(_BUCKET, LEAST_MS / max(value, LEAST_MS))
            width *= 1.0 if is_logarithmic else value
            return width**2 / 12 if math.isfinite(width) else 0.0
        case ShareCells():
            # Agresti and Caffo 2000: one more of each kind, so that none at all is no certainty.
            size = float(cells.totals.sum()) + 2
            share = (float(cells.passes.sum()) + 1) / size
            return share * (1 - share) / size
        case CountCells():
            count = float(cells.counts.sum())
            if count >= _RARE:
                return 0.0
            if figure.aggregation is Aggregation.COUNT:
                return count + 1
            return 1 / (count + 1) if is_logarithmic else (count + 1) / cells.seconds**2


def _cell_count(cells: Cells) -> int:
    match cells:
        case TrendCells():
            return len(cells.sizes)
        case ShareCells():
            return len(cells.totals)
        case CountCells():
            return len(cells.counts)
