"""constant-arrival-rate and ramping-arrival-rate: iterations start when they are due.

The curve and this agent's part of it are in the share; here is only the draining: on every wake,
start *all* arrivals whose moment has passed, so that a late wake makes some late and loses none.
"""

from __future__ import annotations

import asyncio
import math
from heapq import heappop, heappush, heapreplace
from time import monotonic
from typing import TYPE_CHECKING

from groundswell_agent.engine.account import Drop
from groundswell_agent.engine.cut import Cut
from groundswell_agent.engine.executors.base import Executor

if TYPE_CHECKING:
    from collections.abc import Iterable

    from groundswell.schedule.arrival_source import ArrivalSource
    from groundswell.schedule.arrivals import Arrivals
    from groundswell.schedule.scenario_plan import ScenarioShare
    from groundswell_agent.engine.scenario_load import ScenarioLoad
    from groundswell_agent.engine.virtual_user import VirtualUser


# A wake that is due before the end and comes this little after it still counts as in time, seconds:
# without it, the last arrivals of a high rate would be dropped by the grain of a timer.
_IN_TIME_S = 0.1
# Looked up once: a member of an enum costs a call.
_ABORT = Cut.ABORT
# After a late wake, arrivals start in turns of so many. Between them answers come in and free VUs with
# open connections; all at once, each would need a VU and a connection of its own.
_AT_ONCE = 50
# To count those that have lost their reason takes a third of a microsecond each.
_DROPPED_AT_ONCE = 1000


class Agenda:
    """Several walks as one, by moment: the scenario's own arrivals, and those inherited."""

    __slots__ = ("_added", "_walks", "next_moment")

    def __init__(self) -> None:
        self._walks: list[tuple[float, int, Arrivals]] = []
        self._added = 0
        # In seconds from the scenario's start; inf after the last arrival.
        self.next_moment = math.inf

    def add(self, walk: Arrivals) -> None:
        self._added += 1
        if walk.next_moment < math.inf:
            heappush(self._walks, (walk.next_moment, self._added, walk))
            self.next_moment = self._walks[0][0]

    def pop(self) -> None:
        """Take the next arrival; IndexError when none is left."""
        _, number, walk = self._walks[0]
        walk.pop()
        if walk.next_moment < math.inf:
            heapreplace(self._walks, (walk.next_moment, number, walk))
        else:
            heappop(self._walks)
        self.next_moment = self._walks[0][0] if self._walks else math.inf


class ArrivalRate(Executor):
    """Opens at most as many VUs as it owns; an arrival that finds them all busy is dropped."""

    def __init__(self, share: ScenarioShare, load: ScenarioLoad) -> None:
        super().__init__(share, load)
        self._free: list[VirtualUser] = []
        self._agenda = Agenda()
        # From the first arrival on for which there was no row left.
        self._starved = False
        for source in share.sources:
            self._agenda.add(source.walk())

    async def drive(self, start: float) -> None:
        agenda = self._agenda
        # The end may come nearer and arrivals may be added, so both are looked at on every wake.
        while await self.until(start + min(agenda.next_moment, self.end)):
            now = monotonic() - start
            limit, late = self._limit, now >= self.end + _IN_TIME_S
            # What is left over by a late wake beyond a batch comes right after the others' turn.
            for _ in range(_AT_ONCE):
                if agenda.next_moment > now or agenda.next_moment >= limit:
                    break
                planned = start + agenda.next_moment
                agenda.pop()
                self._arrive(planned, late=late)
            if self._starved:
                await self._drop_the_rest()
                return
            if now >= self.end and agenda.next_moment >= min(limit, now):
                return

    def inherit(self, before: ScenarioShare, boundary: float) -> None:
        """What is past already when this agent hears of it is a gap: nobody starts it twice, or in a burst."""
        self.add(self.share.sources[len(before.sources) :], Drop.AGENT_LOST)

    def add(self, sources: Iterable[ArrivalSource], reason: Drop) -> None:
        """What of them is past already is dropped for that reason."""
        at = monotonic()
        now = at - self.start if self.start is not None else -math.inf
        # What lies beyond a boundary of its own is its heirs', missed or not.
        end = min(now, self._limit)
        missed = 0
        for source in sources:
            walk = source.walk()
            while walk.next_moment < end:
                walk.pop()
                missed += 1
            self._agenda.add(walk)
        if missed:
            self.load.drop(reason, at, missed)

    @property
    def _limit(self) -> float:
        """From here on arrivals are others'. No limit at the scenario's own end: all that is planned
        lies before it, though its moment, as a float, may be rounded up to it.
        """
        return self.end if self.end < self.duration else math.inf

    def _arrive(self, planned: float, *, late: bool) -> None:
        if not self.load.may_start():
            return
        if late:
            self.load.drop(Drop.LATE, planned)
            return
        vu = self._free_vu()
        if vu is None:
            self.load.drop(Drop.NO_VU, planned)
            return
        take = self.load.take_rows
        if take is not None and not take(vu):
            self._free.append(vu)
            self._starved = True
            self.load.drop(Drop.NO_DATA, planned)
            return
        self.spawn(self._iterate(vu, planned))

    async def _drop_the_rest(self) -> None:
        """The scenario ends here: whatever was to come has no row either."""
        agenda, dropped = self._agenda, 0
        while agenda.next_moment < self._limit and not self.halted:
            for _ in range(_DROPPED_AT_ONCE):
                if agenda.next_moment >= self._limit or agenda.next_moment == math.inf:
                    break
                agenda.pop()
                dropped += 1
            await asyncio.sleep(0)
        if dropped:
            self.load.drop(Drop.NO_DATA, monotonic(), dropped)

    def _free_vu(self) -> VirtualUser | None:
        # The last one back goes out first: the fewest connections stay busy, and the rest idle.
        if self._free:
            return self._free.pop()
        if len(self.vus) == len(self.vu_numbers):
            return None
        return self.new_vu(self.vu_numbers[len(self.vus)])

    async def _iterate(self, vu: VirtualUser, planned: float) -> None:
        # Not before it really starts: an abort may come between, and it was never decided.
        if self.load.cut is _ABORT:
            self._free.append(vu)
            return
        self.load.account.planned += 1
        started = monotonic()
        try:
            self.load.record_send_lag(planned, started)
            await vu.iteration(planned, started)
        finally:
            self._free.append(vu)
