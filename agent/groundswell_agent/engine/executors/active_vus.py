"""constant-vus and ramping-vus: each VU iterates without a pause of its own for as long as the curve has it active.

A VU that the curve takes away ends its iteration within `graceful_ramp_down`, then is cancelled; one that comes back
while it still does simply goes on.
"""

from __future__ import annotations

import asyncio
import math
from time import monotonic
from typing import TYPE_CHECKING

from groundswell.scenario.model import RampingVus
from groundswell.schedule.vus import VuCurve
from groundswell_agent.engine.executors.base import BATCH, Executor
from groundswell_agent.engine.cut import Cut

if TYPE_CHECKING:
    from collections.abc import Iterator

    from groundswell.schedule.scenario_plan import ScenarioShare
    from groundswell_agent.engine.scenario_load import ScenarioLoad
    from groundswell_agent.engine.virtual_user import VirtualUser

_NO_SPELL = (math.inf, math.inf, 0)


class ActiveVus(Executor):
    """Follows the VU curve of the share."""

    def __init__(self, share: ScenarioShare, load: ScenarioLoad) -> None:
        super().__init__(share, load)
        scenario = share.scenario
        self._ramp_down = (
            float(scenario.graceful_ramp_down) if isinstance(scenario, RampingVus) else 0.0
        )
        self._by_number: dict[int, VirtualUser] = {}
        self._running: dict[int, asyncio.Task[None]] = {}
        # When each VU is to start no further iteration.
        self._until: dict[int, float] = {}

    async def drive(self, start: float) -> None:
        spells = self._spells()
        on, off, number = next(spells, _NO_SPELL)
        while on < math.inf and await self.until(start + on):
            now = monotonic() - start
            for _ in range(BATCH):
                if on > now:
                    break
                self._begin(number, start, off)
                on, off, number = next(spells, _NO_SPELL)
            await asyncio.sleep(0)
        await self.until(start + self.duration)

    def _spells(self) -> Iterator[tuple[float, float, int]]:
        """When each of the share's VUs comes and goes, in the order of coming."""
        curve = self.share.curve
        assert isinstance(curve, VuCurve)
        spells = [
            (on, off, number)
            for number in self.share.vu_ids().tolist()
            for on, off in curve.spells(number)
        ]
        return iter(sorted(spells))

    def _begin(self, number: int, start: float, off: float) -> None:
        self._until[number] = start + off
        if off < self.duration:
            last_call = start + off + self._ramp_down
            self._loop.call_later(last_call - monotonic(), self._ramp_away, number, last_call)
        if number not in self._running:
            vu = self._by_number.get(number)
            if vu is None:
                vu = self._by_number[number] = self.new_vu(number)
            self._running[number] = self.spawn(self._live(vu))

    async def _live(self, vu: VirtualUser) -> None:
        number, until = vu.number, self._until
        try:
            while not self.halted and monotonic() < until[number]:
                await vu.iteration()
        finally:
            del self._running[number]

    def _ramp_away(self, number: int, last_call: float) -> None:
        """Cancel a VU whose ramp-down has run out, unless it has come back in the meantime."""
        task = self._running.get(number)
        if task is not None and self._until[number] < last_call:
            self.load.cut = Cut.GRACE
            task.cancel()
