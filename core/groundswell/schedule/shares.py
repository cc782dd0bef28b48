"""Shares: who owns index n, as a pure function of the table of agents and weights.

The indices are striped over a period W, the total of the weights. An agent of weight w is given its
j-th index in the window from ⌊jW/w⌋ to ⌈(j+1)W/w⌉, which is what keeps its count of every prefix
[0, n) less than 1 away from nw/W (a Pfair schedule of one processor: Baruah, Cohen, Plaxton and
Varvel, "Proportionate progress", 1996). Taking the earliest deadline first always finds such an
order, because all jobs have length 1 and all windows integral ends.

Integers only: every machine that has the table has the same order.
"""

from __future__ import annotations

import heapq
import math
from dataclasses import dataclass, field
from functools import lru_cache
from typing import TYPE_CHECKING

import numpy as np

from groundswell.schedule.stripe import EMPTY, IndexArray, PeriodicStripe, Stripe

if TYPE_CHECKING:
    from collections.abc import Iterable

__all__ = ["ShareEntry", "ShareTable", "Stripe"]

# A table may come off a wire: a hostile weight must not become an allocation.
LONGEST_PERIOD = 10_000_000
# Sixteen bytes an index: of longer ones, some tables would fill a machine when they are forgotten.
_LONGEST_KEPT = 1_000_000


@dataclass(frozen=True, slots=True)
class ShareEntry:
    """One agent and how much of the whole it takes, relative to the others."""

    agent: str
    weight: int = 1


@dataclass(frozen=True, slots=True, eq=False)
class _Layout:
    """One period, written out."""

    owners: IndexArray  # the entry that owns each index of the period
    offsets: IndexArray  # the indices of the period, grouped by entry
    ends: IndexArray  # where each entry's group ends in `offsets`

    @classmethod
    def of(cls, weights: tuple[int, ...]) -> _Layout:
        """Kept, since scenarios of as many VUs, and all levels of a search, have the same."""
        return cls._kept(weights) if sum(weights) <= _LONGEST_KEPT else cls._made(weights)

    @classmethod
    @lru_cache(maxsize=8)
    def _kept(cls, weights: tuple[int, ...]) -> _Layout:
        return cls._made(weights)

    @classmethod
    def _made(cls, weights: tuple[int, ...]) -> _Layout:
        owners = _earliest_deadline_first(np.array(weights, dtype=np.int64))
        return cls(owners, np.argsort(owners, kind="stable"), np.cumsum(weights, dtype=np.int64))

    def stripe(self, entry: int) -> Stripe:
        begin = int(self.ends[entry - 1]) if entry else 0
        return PeriodicStripe(self.offsets[begin : self.ends[entry]], self.owners.size)


@dataclass(frozen=True, slots=True)
class ShareTable:
    """One division of a run into shares; `epoch` numbers the divisions of one run.

    >>> table = ShareTable((ShareEntry("a", 2), ShareEntry("b", 1)))
    >>> [table.owner(n) for n in range(6)]
    ['a', 'b', 'a', 'a', 'b', 'a']
    """

    entries: tuple[ShareEntry, ...]
    epoch: int = 0
    _places: dict[str, int] = field(init=False, repr=False, compare=False)
    _layout: _Layout = field(init=False, repr=False, compare=False)

    def __post_init__(self) -> None:
        _validate(self.entries)
        weights = [entry.weight for entry in self.entries]
        common = math.gcd(*weights)
        _check_period(sum(weights) // common)
        places = {entry.agent: place for place, entry in enumerate(self.entries)}
        object.__setattr__(self, "_places", places)
        object.__setattr__(
            self, "_layout", _Layout.of(tuple(weight // common for weight in weights))
        )

    @property
    def agents(self) -> tuple[str, ...]:
        return tuple(entry.agent for entry in self.entries)

    @property
    def period(self) -> int:
        return self._layout.owners.size

    def owner(self, index: int) -> str:
        return self.entries[int(self._layout.owners[index % self.period])].agent

    def stripe(self, agent: str) -> Stripe:
        """What `agent` owns: nothing where the table does not name it."""
        place = self._places.get(agent)
        return EMPTY if place is None else self._layout.stripe(place)

    def counts_below(self, index: int) -> tuple[int, ...]:
        """How many of the indices below `index` each entry owns."""
        return tuple(self._layout.stripe(p).count_below(index) for p in range(len(self.entries)))

    def by_counts_below(self, index: int) -> ShareTable:
        """The table whose weights are the counts of this one: of `index` VUs, who has how many.

        Agents without any are left out. `index` must be at least 1.
        """
        counts = zip(self.agents, self.counts_below(index), strict=True)
        entries = tuple(ShareEntry(agent, count) for agent, count in counts if count)
        return ShareTable(entries, self.epoch)


def _validate(entries: Iterable[ShareEntry]) -> None:
    seen: set[str] = set()
    for entry in entries:
        if entry.weight < 1:
            raise ValueError(f"agent {entry.agent}: weight {entry.weight} is less than 1")
        if entry.agent in seen:
            raise ValueError(f"agent {entry.agent} is in the share table twice")
        seen.add(entry.agent)
    if not seen:
        raise ValueError("a share table needs at least one agent")


def _check_period(period: int) -> None:
    if period > LONGEST_PERIOD:
        raise ValueError(
            f"the weights add up to {period}, more than {LONGEST_PERIOD}: "
            "use smaller weights, or multiples of one number"
        )


def _earliest_deadline_first(weights: IndexArray) -> IndexArray:
    """The entry that owns each index of the period. Ties go to the earlier entry."""
    total, agents = int(weights.sum()), weights.size
    entry = np.repeat(np.arange(agents), weights)
    job = np.arange(total) - np.repeat(np.cumsum(weights) - weights, weights)
    share = weights[entry]
    releases = job * total // share
    deadlines = -(-(job + 1) * total // share)
    # One integer orders a heap faster than a tuple does; its remainder is the entry.
    keys = deadlines * agents + entry
    by_release = np.argsort(releases, kind="stable")
    return _drain(releases[by_release].tolist(), keys[by_release].tolist(), agents)


def _drain(releases: list[int], keys: list[int], agents: int) -> IndexArray:
    owners = np.empty(len(keys), dtype=np.int64)
    ready: list[int] = []
    released = 0
    for slot in range(len(keys)):
        while released < len(keys) and releases[released] <= slot:
            heapq.heappush(ready, keys[released])
            released += 1
        owners[slot] = heapq.heappop(ready) % agents
    return owners
