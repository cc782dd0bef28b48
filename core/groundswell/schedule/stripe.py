"""A stripe: the increasing sequence of the global indices that one agent owns.

A share can move: when an agent is lost, `Inherited` is an heir's part of what it left. No index below
the boundary changes its owner.

Positions count within a stripe, indices over all agents; both start at 0.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from fractions import Fraction
from typing import Protocol

import numpy as np
from numpy.typing import NDArray

IndexArray = NDArray[np.int64]


class Stripe(Protocol):
    """One agent's indices, in order. Endless, unless it is empty."""

    @property
    def part(self) -> Fraction:
        """Of all indices, in the long run."""
        ...

    def nth(self, position: int) -> int:
        """The index at `position`; IndexError where the stripe has none."""
        ...

    def count_below(self, index: int) -> int:
        """How many indices of the stripe are less than `index`."""
        ...

    def slice(self, start: int, stop: int) -> IndexArray:
        """`nth(start)` … `nth(stop - 1)`, at once."""
        ...


@dataclass(frozen=True, slots=True, eq=False)
class PeriodicStripe:
    """The indices `k * period + offset`, for every k and `offset`; these rise, below `period`."""

    offsets: IndexArray
    period: int

    @property
    def part(self) -> Fraction:
        return Fraction(self.offsets.size, self.period)

    def nth(self, position: int) -> int:
        if position < 0 or not self.offsets.size:
            raise IndexError(position)
        round_, place = divmod(position, self.offsets.size)
        return round_ * self.period + int(self.offsets[place])

    def count_below(self, index: int) -> int:
        round_, place = divmod(max(index, 0), self.period)
        return round_ * self.offsets.size + int(self.offsets.searchsorted(place))

    def slice(self, start: int, stop: int) -> IndexArray:
        if stop <= start:
            return np.empty(0, dtype=np.int64)
        if start < 0 or not self.offsets.size:
            raise IndexError(start)
        rounds, places = np.divmod(np.arange(start, stop, dtype=np.int64), self.offsets.size)
        indices: IndexArray = rounds * self.period + self.offsets[places]
        return indices


EMPTY = PeriodicStripe(np.empty(0, dtype=np.int64), 1)
EVERYTHING = PeriodicStripe(np.zeros(1, dtype=np.int64), 1)


@dataclass(frozen=True, slots=True, eq=False)
class Inherited:
    """An heir's part of a lost stripe: from `boundary` on its m-th index, for every m in `heir`."""

    lost: Stripe
    boundary: int
    heir: Stripe
    _kept: int = field(init=False, repr=False)  # lost indices below the boundary: nobody's now

    def __post_init__(self) -> None:
        object.__setattr__(self, "_kept", self.lost.count_below(self.boundary))

    @property
    def part(self) -> Fraction:
        return self.lost.part * self.heir.part

    def nth(self, position: int) -> int:
        return self.lost.nth(self._kept + self.heir.nth(position))

    def count_below(self, index: int) -> int:
        return self.heir.count_below(self.lost.count_below(index) - self._kept)

    def slice(self, start: int, stop: int) -> IndexArray:
        if stop <= start:
            return np.empty(0, dtype=np.int64)
        positions = self._kept + self.heir.slice(start, stop)
        first, last = int(positions[0]), int(positions[-1])
        return self.lost.slice(first, last + 1)[positions - first]
