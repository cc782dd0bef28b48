"""A selection over a run's judged span, cut into cells of whole seconds: what the bootstrap draws from.

Seconds within a cell stay together, so a cell is a block already; there are at most `MOST_CELLS`, that
an hour is worked out as fast as two minutes are.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING

import numpy as np

from groundswell.metrics.histogram import Histogram
from groundswell_coordinator.judge.view import CounterView, RateView

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import NDArray

    from groundswell_coordinator.judge.view import View

    Floats = NDArray[np.float64]

MOST_CELLS = 128


def cell_edges(first: int, end: int) -> list[int]:
    """Where the cells of the seconds first..end - 1 begin, and the end; no two differ by more than 1."""
    cells = min(end - first, MOST_CELLS)
    return [first + (end - first) * number // cells for number in range(cells + 1)] if cells else []


class TrendCells:
    """Distributions, one a cell, each of about `cell_s` seconds."""

    def __init__(self, cells: Sequence[Histogram], cell_s: float = 1.0) -> None:
        self.cells = cells
        self.cell_s = cell_s
        self.view = Histogram()
        for cell in cells:
            self.view.merge(cell)

    @cached_property
    def sizes(self) -> Floats:
        return np.array([cell.count for cell in self.cells], np.float64)

    @cached_property
    def sums_ms(self) -> Floats:
        return np.array([cell.sum_ns / 1e6 for cell in self.cells], np.float64)

    @cached_property
    def buckets(self) -> NDArray[np.int64]:
        """All that are not empty, in order: the columns of `below`."""
        return self.view.buckets()[0]

    @cached_property
    def below(self) -> Floats:
        """How many values of each cell lie in a bucket or below it: (cells, buckets)."""
        counts = np.zeros((len(self.cells), len(self.buckets)), np.float64)
        for row, cell in zip(counts, self.cells, strict=True):
            at, some = cell.buckets()
            row[np.searchsorted(self.buckets, at)] = some
        return np.cumsum(counts, axis=1, out=counts)


@dataclass(frozen=True, slots=True)
class ShareCells:
    """Observations, and those of them that passed, one of each a cell."""

    passes: Floats
    totals: Floats
    cell_s: float = 1.0

    @property
    def view(self) -> RateView:
        return RateView(int(self.passes.sum()), int(self.totals.sum()))


@dataclass(frozen=True, slots=True)
class CountCells:
    """What was counted, and the seconds in which it could be; `seconds` are those of all cells."""

    counts: Floats
    active: Floats
    seconds: float
    cell_s: float = 1.0

    @property
    def view(self) -> View | None:
        if self.seconds <= 0:
            return None
        return CounterView(int(self.counts.sum()), self.seconds)


Cells = TrendCells | ShareCells | CountCells
