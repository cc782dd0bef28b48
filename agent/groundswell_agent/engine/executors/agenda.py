"""Several walks as one, by moment: a scenario's own arrivals, and those inherited."""

from __future__ import annotations

import math
from heapq import heappop, heappush, heapreplace
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from groundswell.schedule.arrivals import Arrivals


class Agenda:
    """`next_moment` is in seconds from the scenario's start, inf after the last arrival."""

    __slots__ = ("_added", "_walks", "next_moment")

    def __init__(self) -> None:
        # A heap.
        self._walks: list[tuple[float, int, Arrivals]] = []
        self._added = 0
        self.next_moment = math.inf

    def add(self, walk: Arrivals) -> None:
        self._added += 1
        if walk.next_moment < math.inf:
            heappush(self._walks, (walk.next_moment, self._added, walk))
            self.next_moment = self._walks[0][0]

    def take(self, until: float, limit: float, most: int) -> list[float]:
        """Take the next arrivals, `most` at most, at or before `until` and before `limit`; their moments, in order.

        There may be fewer than are left: who wants all asks until `next_moment` is beyond.
        """
        if limit <= until:
            until = math.nextafter(limit, -math.inf)
        if self.next_moment > until:
            return []
        if len(self._walks) > 1:
            return self._merge(until, most)
        _, number, walk = self._walks[0]
        moments = walk.take(until, most)
        self._put_back(number, walk)
        return moments

    def _merge(self, until: float, most: int) -> list[float]:
        moments: list[float] = []
        while len(moments) < most and self.next_moment <= until:
            moment, number, walk = self._walks[0]
            walk.pop()
            moments.append(moment)
            self._put_back(number, walk)
        return moments

    def _put_back(self, number: int, walk: Arrivals) -> None:
        """The first of the heap has gone on."""
        if walk.next_moment < math.inf:
            heapreplace(self._walks, (walk.next_moment, number, walk))
        else:
            heappop(self._walks)
        self.next_moment = self._walks[0][0] if self._walks else math.inf
