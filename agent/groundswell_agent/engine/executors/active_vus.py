"""constant-vus and ramping-vus: each VU iterates for as long as the curve has it active.

A VU that the curve takes away ends its iteration within `graceful_ramp_down`, then is cancelled;
one that comes back while it still does simply goes on.
"""

from __future__ import annotations

import math
from asyncio import CancelledError
from heapq import heappop, heappush
from time import CLOCK_BOOTTIME, clock_gettime, monotonic
from typing import TYPE_CHECKING

from groundswell.scenario.model import RampingVus
from groundswell.schedule.vus import VuCurve
from groundswell_agent.engine.account import Drop
from groundswell_agent.engine.ending import EndIteration
from groundswell_agent.engine.executors.base import BATCH, Executor
from groundswell_agent.recording.rows import span

if TYPE_CHECKING:
    import asyncio

    from groundswell.schedule.scenario_plan import ScenarioShare
    from groundswell_agent.engine.scenario_load import ScenarioLoad
    from groundswell_agent.engine.virtual_user import VirtualUser


class ActiveVus(Executor):
    """Follows the VU curve of the share."""

    def __init__(self, share: ScenarioShare, load: ScenarioLoad) -> None:
        super().__init__(share, load)
        scenario = share.scenario
        self._ramp_down = (
            float(scenario.graceful_ramp_down) if isinstance(scenario, RampingVus) else 0.0
        )
        # When VUs come and go, a heap. Made before the run: 100,000 VUs take a quarter of a second.
        self._spells = self._spells_of(self.vu_numbers, 0.0)
        self._by_number: dict[int, VirtualUser] = {}
        self._running: dict[int, asyncio.Task[None]] = {}
        # When each VU is to start no further iteration.
        self._until: dict[int, float] = {}
        self._last_calls: dict[int, asyncio.TimerHandle] = {}

    async def drive(self, start: float) -> None:
        spells = self._spells
        # The end may come nearer and VUs may be added, so both are looked at on every wake.
        while await self.until(start + min(self._next_on(), self.end)):
            now = monotonic() - start
            for _ in range(BATCH):
                if self._next_on() > now or now >= self.end:
                    break
                _, off, number = heappop(spells)
                self._begin(number, start, off)
            if now >= self.end:
                return

    def inherit(self, before: ScenarioShare, boundary: float) -> None:
        for spell in self._spells_of(self.vu_numbers[before.vu_count :], boundary):
            heappush(self._spells, spell)

    def leave(self, boundary: float) -> None:
        super().leave(boundary)
        if self.start is not None:
            end = self.start + self.end
            self._until = {number: min(until, end) for number, until in self._until.items()}

    def _next_on(self) -> float:
        return self._spells[0][0] if self._spells else math.inf

    def close(self) -> None:
        super().close()
        for last_call in self._last_calls.values():
            last_call.cancel()

    def _spells_of(self, numbers: list[int], begin: float) -> list[tuple[float, float, int]]:
        """When each of these VUs comes and goes from the second `begin` on, in the order of coming."""
        curve = self.share.curve
        assert isinstance(curve, VuCurve)
        return sorted(
            (max(on, begin), off, number)
            for on, off, number in curve.spells_of(numbers)
            if off > begin
        )

    def _begin(self, number: int, start: float, off: float) -> None:
        self._until[number] = start + min(off, self.end)
        self._set_last_call(number, start, off)
        task = self._running.get(number)
        if task is None:
            self._enter(number)
        elif self.is_doomed(task):
            # It was ramped away this very moment and still has to unwind.
            task.add_done_callback(lambda _: self._enter(number))

    def _set_last_call(self, number: int, start: float, off: float) -> None:
        """The end of this spell's ramp-down; that of the VU's spell before is off."""
        if (before := self._last_calls.pop(number, None)) is not None:
            before.cancel()
        if off < self.duration:
            delay = start + off + self._ramp_down - monotonic()
            self._last_calls[number] = self._loop.call_later(max(delay, 0), self._ramp_away, number)

    def _enter(self, number: int) -> None:
        if self.halted or monotonic() >= self._until[number]:
            return
        vu = self._by_number.get(number)
        if vu is None:
            vu = self._by_number[number] = self.new_vu(number)
        self._running[number] = self.spawn(self._live(vu))

    async def _live(self, vu: VirtualUser) -> None:
        try:
            await self._iterate(vu)
        finally:
            del self._running[vu.number]

    async def _iterate(self, vu: VirtualUser) -> None:
        """What `VirtualUser.iteration` does stands here again: a coroutine for each takes 2 to 4 % of a short one."""
        number, load, lease = vu.number, self.load, self.load.lease
        take, steps, record = load.take_rows, load.steps, load.record_iteration
        now = monotonic()
        while (
            now < self._until[number]
            and not self.halted
            and (clock_gettime(CLOCK_BOOTTIME) < lease.until or load.may_start())
        ):
            if take is not None and not take(vu):
                self._starve(now)
                return
            started = now
            vu.begin(now)
            try:
                for step in steps:
                    await step(vu)
            except EndIteration:
                pass
            except CancelledError:
                load.interrupted(monotonic())
                raise
            # The end of one is the moment at which the next is due: a clock less to read.
            now = monotonic()
            record(span(started, now))

    def _starve(self, now: float) -> None:
        """No row is left: no VU comes any more, and each that is there ends as this one does."""
        self.load.drop(Drop.NO_DATA, now)
        assert self.start is not None
        super().leave(now - self.start)

    def _ramp_away(self, number: int) -> None:
        """Cancel a VU whose ramp-down has run out."""
        task = self._running.get(number)
        if task is not None:
            self.cancel_soon(task)
