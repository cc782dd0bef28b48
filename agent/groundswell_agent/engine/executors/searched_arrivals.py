"""searched-arrival-rate: arrivals of one level after the other, each heard of while the load goes on.

A level that is heard of late has begun without this agent: what is past of it is dropped as `late`,
since it is the generator that did not keep up.
"""

from __future__ import annotations

from collections import deque
from typing import TYPE_CHECKING

from groundswell.scenario.model import SearchedArrivalRate
from groundswell.schedule.levels import vus_at
from groundswell_agent.engine.account import Drop
from groundswell_agent.engine.executors.arrivals import ArrivalRate

if TYPE_CHECKING:
    from groundswell.schedule.levels import Level
    from groundswell.schedule.scenario_plan import ScenarioShare
    from groundswell_agent.engine.executors.on_call import OnCall
    from groundswell_agent.engine.scenario_load import ScenarioLoad


class SearchedArrivals(ArrivalRate):
    """Its VUs exist for the highest level; at each, only as many may be at work as belong to it."""

    def __init__(self, share: ScenarioShare, load: ScenarioLoad) -> None:
        super().__init__(share, load)
        # By levels to come: from which second on how many VUs of all agents may be at work.
        self._coming: deque[tuple[float, int]] = deque()
        self._vus_of_all = 0
        self._most = 0

    def rise(self, share: ScenarioShare, level: Level) -> None:
        """Take up the newest level of `share`."""
        assert isinstance(share.scenario, SearchedArrivalRate)
        self.share = share
        self._coming.append((float(level.begin), vus_at(share.scenario, level.factor)))
        if not self.halted:
            self.add(share.levels[-1], Drop.LATE)
            self._wake()

    def inherit(self, before: ScenarioShare, boundary: float) -> None:
        self._set_most()
        for old, new in zip(before.levels, self.share.levels, strict=True):
            self.add(new[len(old) :], Drop.AGENT_LOST)

    def arrive(self, planned: float, *, late: bool) -> None:
        assert self.start is not None
        while self._coming and planned >= self.start + self._coming[0][0]:
            self._vus_of_all = self._coming.popleft()[1]
            self._set_most()
        super().arrive(planned, late=late)

    def _set_most(self) -> None:
        # One at least: who has a part of the arrivals must be able to start them.
        self._most = max(1, self.share.vus_below(self._vus_of_all))

    def _free_vu(self) -> OnCall | None:
        return super()._free_vu() if self.running < self._most else None
