"""Steers a search: judges the level that is over, and has the next one begin.

    sealed intervals ─> the level's material ─judge─> what came of it ─> Search ─> the next level
                                                         │ stored                     │ stored, then told
                                                         └─> a line for whoever watches

It is asked whenever the run's time passes. Levels begin at whole seconds, so that each is judged by
whole intervals; the next one begins where the one before ends, or later, if that is not known in time:
then the target has a pause.
"""

from __future__ import annotations

import asyncio
import math
from typing import TYPE_CHECKING

from groundswell.capacity.searched import searched_rate
from groundswell.schedule.levels import Level
from groundswell_coordinator.capacity import log
from groundswell_coordinator.capacity.level_judge import Material, judge_level
from groundswell_coordinator.capacity.level_line import level_line
from groundswell_coordinator.capacity.search import Outcome, Search, Step
from groundswell_coordinator.run.events import LossPolicy

if TYPE_CHECKING:
    from collections.abc import Sequence

    from groundswell.capacity.settings import SearchSettings
    from groundswell.scenario.model import Test
    from groundswell.v1.metrics_pb2 import Report
    from groundswell_coordinator.report.capacity_summary import LevelSummary
    from groundswell_coordinator.run.archive import Archive
    from groundswell_coordinator.run.broadcast import Broadcast
    from groundswell_coordinator.run.steward import Steward
    from groundswell_coordinator.timeline.interval import Interval

# From the decision until a level begins: to be stored, and to reach everybody.
_NOTICE_S = 0.6


class Pilot:
    """Of one run. `test` is as it is searched, with its thresholds."""

    def __init__(
        self,
        settings: SearchSettings,
        test: Test,
        steward: Steward,
        archive: Archive,
        broadcast: Broadcast,
        policy: LossPolicy,
        judged: Sequence[LevelSummary] = (),
    ) -> None:
        """`judged` are the levels of a search that is taken up again."""
        self._test = test
        self._steward = steward
        self._archive = archive
        self._broadcast = broadcast
        self._search = Search(settings, can_repeat=policy is LossPolicy.RESHARE)
        self._warmup = math.ceil(test.warmup)
        self.judged = list(judged)
        for one in judged:
            self._search.take(Outcome(one.outcome))
        levels = steward.succession.division.levels
        self._free_from = levels[-1].end if levels else 1
        # The level that goes on, and what was heard of it.
        self._level: tuple[Step, Level] | None = None
        self._intervals: list[Interval] = []
        self._late: list[Report] = []
        steward.measurement.listen(self._observe, self._note_late)

    async def steer(self, now: float) -> bool:
        """Do what is due at second `now` of the run; True when the search is over."""
        if self._level is not None:
            if not self._is_heard(*self._level):
                return False
            await self._judge(*self._level)
            if self._is_short():
                return True
        step = self._search.next
        if step is None:
            return True
        await self._announce(step, now)
        return False

    # --- what is heard -------------------------------------------------------------------------

    def _observe(self, interval: Interval) -> None:
        self._intervals.append(interval)
        if self._level is None:
            # The last one may be the first of a level's material.
            del self._intervals[:-1]

    def _note_late(self, report: Report) -> None:
        self._late.append(report)

    def _is_heard(self, step: Step, level: Level) -> bool:
        """Whether all of it is sealed, and nobody who may still be heard owes any."""
        end = level.begin + step.settle + step.hold
        timeline, lost = self._steward.measurement.timeline, self._steward.succession.lost
        if timeline.sealed_count < end:
            return False
        return all(agent.name in lost or not agent.owes_before(end) for agent in timeline.agents)

    def _is_short(self) -> bool:
        """Whether a level would never be reached in full: a share of it is more than any other agent carries."""
        is_spoiled = self.judged[-1].outcome == Outcome.SPOILED.value
        return is_spoiled and bool(self._steward.succession.unclaimed)

    # --- what is done --------------------------------------------------------------------------

    async def _judge(self, step: Step, level: Level) -> None:
        material = self._material(step, level)
        # Of a large fleet it takes a while, in which leases are to be renewed.
        judged = await asyncio.to_thread(judge_level, self._test, step, level, material)
        await self._archive.event(log.JUDGED, level_line(judged), detail=log.judged_detail(judged))
        self._broadcast.notice("level", level_line(judged))
        self.judged.append(judged)
        self._search.take(Outcome(judged.outcome))
        self._level = None
        del self._intervals[:-1]

    def _material(self, step: Step, level: Level) -> Material:
        first = level.begin + step.settle
        end = first + step.hold
        measurement = self._steward.measurement
        names = {agent.incarnation: agent.name for agent in measurement.timeline.agents}
        return Material(
            measurement.timeline.run_id,
            names,
            [one for one in self._intervals if first - 1 <= one.number < end],
            [one for one in self._late if first - 1 <= one.interval < end],
            self._missing(first),
        )

    def _missing(self, second: int) -> frozenset[str]:
        """Who is lost, and had no heir yet at that second."""
        succession = self._steward.succession
        moved = {
            handover.from_agent
            for handover in succession.division.handovers
            if handover.boundary_ns <= second * 10**9
        }
        return frozenset({*succession.lost, *succession.unclaimed} - moved)

    async def _announce(self, step: Step, now: float) -> None:
        begin = max(self._free_from, math.ceil(now + _NOTICE_S))
        if not self.judged and step.settle:
            # What the test calls its warm-up is the first level's.
            step = _longer(step, self._warmup)
        number = len(self._steward.succession.division.levels) + 1
        factor = step.rate / searched_rate(self._test)
        level = Level(number, begin, begin + step.seconds, factor)
        line = f"level {number}: {float(step.rate):g}/s from second {begin} on"
        if await self._archive.event(log.LEVEL, line, detail=log.level_detail(level)):
            self._steward.rise(level)
            self._free_from = level.end
            self._level = (step, level)
            self._late.clear()


def _longer(step: Step, settle: int) -> Step:
    return Step(step.phase, step.rate, max(step.settle, settle), step.hold)
