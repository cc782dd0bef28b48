"""shared-iterations and per-vu-iterations: so many iterations, as fast as VUs get through them.

What is left when `max_duration` ends is dropped, by name of `time`.
"""

from __future__ import annotations

import asyncio
from dataclasses import dataclass
from time import monotonic
from typing import TYPE_CHECKING

from groundswell.scenario.model import SharedIterations
from groundswell_agent.engine.account import Drop
from groundswell_agent.engine.executors.base import BATCH, Executor

if TYPE_CHECKING:
    from groundswell.schedule.scenario_plan import ScenarioShare
    from groundswell_agent.engine.scenario_load import ScenarioLoad
    from groundswell_agent.engine.virtual_user import VirtualUser


@dataclass(slots=True, eq=False)
class _Heap:
    """Iterations that the VUs of `numbers` take from, at most `each` a VU."""

    left: int
    each: int
    numbers: list[int]


class Iterations(Executor):
    """Hands its iterations out to its VUs: from one heap, or to each VU its own number."""

    def __init__(self, share: ScenarioShare, load: ScenarioLoad) -> None:
        super().__init__(share, load)
        planned = share.planned or 0
        # Of the shared ones a VU may take them all.
        shared = isinstance(share.scenario, SharedIterations)
        each = planned if shared else planned // max(len(self.vu_numbers), 1)
        self._heaps = [_Heap(planned, each, self.vu_numbers)]
        self._begun = 0
        self._leaving = False

    async def drive(self, start: float) -> None:
        if not await self._begin(start):
            return
        while self._begun < len(self._heaps):
            while self._begun < len(self._heaps):
                self._begun += 1
                await self._start_vus(self._heaps[self._begun - 1], start + self.end)
            await self._idle_until(start + self.end)
        self._account_for_the_rest(start + self.end)

    async def _begin(self, start: float) -> bool:
        # A timer may ring early.
        while monotonic() < start:
            if not await self.until(start):
                return False
        return not self.halted

    async def _start_vus(self, heap: _Heap, end: float) -> None:
        for started, number in enumerate(heap.numbers, 1):
            self.spawn(self._live(self.new_vu(number), heap, end))
            if started % BATCH == 0:
                await asyncio.sleep(0)

    def inherit(self, before: ScenarioShare, boundary: float) -> None:
        """From now on: what the other agent had decided is known, and its VUs come with the rest."""
        inherited = sum(self.share.counts[len(before.counts) :])
        # Where its VUs went to others, one of our own takes what came here once more.
        numbers = self.vu_numbers[before.vu_count :] or self.vu_numbers[:1]
        if inherited and numbers:
            self._heaps.append(_Heap(inherited, inherited, numbers))
            if self.start is not None and not self.is_over:
                self._spawn_now()

    def _spawn_now(self) -> None:
        """Beside those that run: `drive` may be waiting for them until the end."""
        assert self.start is not None
        while 0 < self._begun < len(self._heaps):
            heap = self._heaps[self._begun]
            self._begun += 1
            for number in heap.numbers:
                self.spawn(self._live(self.new_vu(number), heap, self.start + self.end))

    def leave(self, boundary: float) -> None:
        """No iteration from now on, whatever the boundary: what is decided is what was handed over by."""
        self._leaving = True
        super().leave(boundary)

    async def _live(self, vu: VirtualUser, heap: _Heap, end: float) -> None:
        own, take = heap.each, self.load.take_rows
        now = monotonic()
        while own > 0 and heap.left > 0 and self._may_go_on() and now < end:
            if take is not None and not take(vu):
                self._drop_the_rest(Drop.NO_DATA, now)
                return
            own -= 1
            heap.left -= 1
            self.load.account.planned += 1
            now = await vu.iteration(now, now)

    def _may_go_on(self) -> bool:
        return not (self.halted or self._leaving) and self.load.may_start()

    def _account_for_the_rest(self, end: float) -> None:
        # A timer may ring early, and a sample of the future might miss the last report.
        self._drop_the_rest(Drop.TIME, min(end, monotonic()))

    def _drop_the_rest(self, reason: Drop, at: float) -> None:
        # The plan of a run that was halted is cut where the run was, that of a share which was handed
        # over is its heirs'.
        left = sum(heap.left for heap in self._heaps)
        if left and not self.halted and not self._leaving:
            self.load.drop(reason, at, times=left)
        for heap in self._heaps:
            heap.left = 0
