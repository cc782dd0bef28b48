"""constant-arrival-rate and ramping-arrival-rate: iterations start when they are due.

The curve and this agent's part of it are in the share; here is only the draining: on every wake,
start *all* arrivals whose moment has passed, so that a late wake makes some late and loses none.
"""

from __future__ import annotations

import math
from time import monotonic
from typing import TYPE_CHECKING

from groundswell_agent.engine.account import Drop
from groundswell_agent.engine.executors.base import Executor

if TYPE_CHECKING:
    from groundswell.schedule.scenario_plan import ScenarioShare
    from groundswell_agent.engine.scenario_load import ScenarioLoad
    from groundswell_agent.engine.virtual_user import VirtualUser


# A wake that is due before the end and comes this little after it still counts as in time, seconds:
# without it, the last arrivals of a high rate would be dropped by the grain of a timer.
_IN_TIME_S = 0.1
# After a late wake, arrivals start in turns of so many. Between them answers come in and free VUs with
# open connections; all at once, each would need a VU and a connection of its own.
_AT_ONCE = 50


class ArrivalRate(Executor):
    """Opens at most `vu_count` VUs; an arrival that finds them all busy is dropped."""

    def __init__(self, share: ScenarioShare, load: ScenarioLoad) -> None:
        super().__init__(share, load)
        self._free: list[VirtualUser] = []

    async def drive(self, start: float) -> None:
        arrivals = self.share.arrivals()
        # An agent without a VU has no arrivals at all.
        while arrivals.next_moment < math.inf and await self.until(start + arrivals.next_moment):
            now = monotonic() - start
            # What is left over by a late wake beyond a batch comes right after the others' turn.
            for _ in range(_AT_ONCE):
                if arrivals.next_moment > now:
                    break
                planned = start + arrivals.next_moment
                arrivals.pop()
                self._arrive(planned, late=now >= self.duration + _IN_TIME_S)
        await self.until(start + self.duration)

    def _arrive(self, planned: float, *, late: bool) -> None:
        if late:
            self.load.drop(Drop.LATE, planned)
            return
        vu = self._free_vu()
        if vu is None:
            self.load.drop(Drop.NO_VU, planned)
            return
        self.spawn(self._iterate(vu, planned))

    def _free_vu(self) -> VirtualUser | None:
        # The last one back goes out first: the fewest connections stay busy, and the rest idle.
        if self._free:
            return self._free.pop()
        if len(self.vus) == self.share.vu_count:
            return None
        return self.new_vu(self.share.vus.nth(len(self.vus)) + 1)

    async def _iterate(self, vu: VirtualUser, planned: float) -> None:
        # Not before it really starts: an abort may cancel it until then, and it was never decided.
        self.load.account.planned += 1
        try:
            await vu.planned_iteration(planned)
        finally:
            self._free.append(vu)
