"""constant-arrival-rate and ramping-arrival-rate: iterations start when they are due.

The curve and this agent's part of it are in the share; here is only the draining: on every wake,
start *all* arrivals whose moment has passed, so that a late wake makes some late and loses none.
"""

from __future__ import annotations

import asyncio
import math
from functools import partial
from time import monotonic
from typing import TYPE_CHECKING

from groundswell_agent.engine.account import Drop
from groundswell_agent.engine.cut import Cut
from groundswell_agent.engine.executors.agenda import Agenda
from groundswell_agent.engine.executors.base import Executor
from groundswell_agent.engine.executors.on_call import OnCall
from groundswell_agent.recording.rows import span

if TYPE_CHECKING:
    from collections.abc import Iterable

    from groundswell.schedule.arrival_source import ArrivalSource
    from groundswell.schedule.scenario_plan import ScenarioShare
    from groundswell_agent.engine.scenario_load import ScenarioLoad


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
# To end a task that waits takes a microsecond or two.
_SEEN_OFF_AT_ONCE = 500


class ArrivalRate(Executor):
    """Opens at most as many VUs as it owns; an arrival that finds them all busy is dropped."""

    def __init__(self, share: ScenarioShare, load: ScenarioLoad) -> None:
        super().__init__(share, load)
        # All that exist, and those of them without an iteration.
        self._all: list[OnCall] = []
        self._free: list[OnCall] = []
        # Nobody is to wait for another arrival.
        self._dismissed = False
        # Done when no arrival is to come any more.
        self._drained: asyncio.Future[None] = self._loop.create_future()
        self._agenda = Agenda()
        # From the first arrival on for which there was no row left.
        self._starved = False
        for source in share.sources:
            self._agenda.add(source.walk())

    @property
    def running(self) -> int:
        return len(self._all) - len(self._free)

    def at_work(self) -> list[asyncio.Task[None]]:
        return [one.task for one in self._all if one.task is not None and one.called is None]

    async def drive(self, start: float) -> None:
        self._dismissed = False
        # Calls instead of turns of a task: a wake for a few arrivals costs more than they do.
        self._drained = self._loop.create_future()
        self._drain()
        await self._drained
        if self._starved:
            await self._drop_the_rest()

    def _drain(self) -> None:
        """On every wake: start what is due, and see to the next wake."""
        if self._drained.done():
            return
        try:
            is_over = self.halted or self._start_due()
        except BaseException as error:  # it is for whoever drives
            self._drained.set_exception(error)
            return
        if is_over:
            self._drained.set_result(None)
            return
        # The end may come nearer and arrivals may be added, so both are looked at on every wake.
        assert self.start is not None
        assert self._alarm is not None
        moment = self.start + min(self._agenda.next_moment, self.end)
        if moment > monotonic():
            self._alarm.call_at(moment, self._drain)
        else:
            # What is left over by a late wake beyond a batch comes right after the others' turn.
            self._loop.call_soon(self._drain)

    def _start_due(self) -> bool:
        """Whether nothing is to come any more."""
        assert self.start is not None
        start, agenda = self.start, self._agenda
        now = monotonic() - start
        limit, late = self._limit, now >= self.end + _IN_TIME_S
        due = agenda.take(now, limit, _AT_ONCE)
        if due and self.load.may_start():
            for moment in due:
                self.arrive(start + moment, late=late)
            self.note_active()
        return self._starved or (now >= self.end and agenda.next_moment >= min(limit, now))

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
                missed += len(walk.take(math.nextafter(end, -math.inf), _DROPPED_AT_ONCE))
            self._agenda.add(walk)
        if missed:
            self.load.drop(reason, at, missed)

    @property
    def _limit(self) -> float:
        """From here on arrivals are others'. No limit at the scenario's own end: all that is planned
        lies before it, though its moment, as a float, may be rounded up to it.
        """
        return self.end if self.end < self.duration else math.inf

    def arrive(self, planned: float, *, late: bool) -> None:
        if late:
            self.load.drop(Drop.LATE, planned)
            return
        one = self._free_vu()
        if one is None:
            self.load.drop(Drop.NO_VU, planned)
            return
        take = self.load.take_rows
        if take is not None and not take(one.vu):
            self._free.append(one)
            self._starved = True
            self.load.drop(Drop.NO_DATA, planned)
            return
        one.planned = planned
        if one.called is not None:
            one.call()
        else:
            one.task = self.spawn(self._serve(one))
            one.task.add_done_callback(partial(self._off_duty, self._free, one))

    async def _drop_the_rest(self) -> None:
        """The scenario ends here: whatever was to come has no row either."""
        agenda, dropped = self._agenda, 0
        while agenda.next_moment < self._limit and not self.halted:
            dropped += len(agenda.take(math.inf, self._limit, _DROPPED_AT_ONCE))
            await asyncio.sleep(0)
        if dropped:
            self.load.drop(Drop.NO_DATA, monotonic(), dropped)

    def _free_vu(self) -> OnCall | None:
        # The last one back goes out first: the fewest connections stay busy, and the rest idle.
        if self._free:
            return self._free.pop()
        if len(self.vus) == len(self.vu_numbers):
            return None
        one = OnCall(self.new_vu(self.vu_numbers[len(self.vus)]))
        self._all.append(one)
        return one

    async def _serve(self, one: OnCall) -> None:
        """One arrival after the other, from the one that it was called for first."""
        load, vu, free, everybody = self.load, one.vu, self._free, self._all
        record_send_lag, new_call = load.send_lag(), self._loop.create_future
        # Not before it really starts: an abort may come between, and it was never decided.
        while load.cut is not _ABORT:
            load.account.planned += 1
            started = monotonic()
            record_send_lag(span(one.planned, started))
            await vu.iteration(one.planned, started)
            if self._dismissed:
                return
            called = one.called = new_call()
            free.append(one)
            if len(free) == len(everybody):
                self.note_idle()
            await called

    def _off_duty(self, free: list[OnCall], one: OnCall, _: asyncio.Task[None]) -> None:
        """Its task has ended: cancelled, seen off, or by a defect. `free` is the list that it belongs to."""
        one.task = None
        if one.called is None:
            free.append(one)
            self.note_idle()
        one.called = None

    def cancel(self, cut: Cut) -> None:
        self._dismissed = True
        super().cancel(cut)

    def give_up(self) -> int:
        count = self.running
        # Should one of them end after all, it comes back to the list that it knows.
        self._all = self._free = [*self._free]
        return count

    async def see_off(self) -> None:
        """Nobody is to wait for an arrival any more."""
        self._dismissed = True
        for done, one in enumerate(self._free, 1):
            if one.called is not None:
                one.called.cancel()
            if done % _SEEN_OFF_AT_ONCE == 0:
                await asyncio.sleep(0)
        await asyncio.sleep(0)
