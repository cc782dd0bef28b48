"""shared-iterations and per-vu-iterations: so many iterations, as fast as VUs get through them.

What is left when `max_duration` ends is dropped, by name of `time`.
"""

from __future__ import annotations

import asyncio
from time import monotonic
from typing import TYPE_CHECKING

from groundswell.scenario.model import SharedIterations
from groundswell_agent.engine.account import Drop
from groundswell_agent.engine.executors.base import BATCH, Executor

if TYPE_CHECKING:
    from groundswell.schedule.scenario_plan import ScenarioShare
    from groundswell_agent.engine.scenario_load import ScenarioLoad
    from groundswell_agent.engine.virtual_user import VirtualUser


class Iterations(Executor):
    """Hands its iterations out to its VUs: from one heap, or to each VU its own number."""

    def __init__(self, share: ScenarioShare, load: ScenarioLoad) -> None:
        super().__init__(share, load)
        self._planned = share.planned or 0
        self._left = self._planned
        # Of the shared ones a VU may take them all.
        shared = isinstance(share.scenario, SharedIterations)
        self._each = self._planned if shared else self._planned // max(share.vu_count, 1)
        self._end = 0.0

    async def drive(self, start: float) -> None:
        self._end = start + self.duration
        if not await self.until(start):
            return
        for started, number in enumerate(self.share.vu_ids().tolist(), 1):
            self.spawn(self._live(self.new_vu(number)))
            if started % BATCH == 0:
                await asyncio.sleep(0)
        await self._idle_until(self._end)
        self._account_for_the_rest()

    async def _live(self, vu: VirtualUser) -> None:
        own = self._each
        while own > 0 and self._left > 0 and not self.halted and monotonic() < self._end:
            own -= 1
            self._left -= 1
            self.load.account.planned += 1
            await vu.iteration()

    def _account_for_the_rest(self) -> None:
        # The plan of a run that was halted is cut where the run was.
        if self._left and not self.halted:
            # A timer may ring early, and a sample of the future might miss the last report.
            self.load.drop(Drop.TIME, min(self._end, monotonic()), times=self._left)
        self._left = 0
