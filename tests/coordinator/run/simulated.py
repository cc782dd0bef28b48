"""A run of one open scenario, carried out by agents that are lost, leave, and hear late: in ticks, without sockets.

What was really fired is known here, so that what the coordinator says of it can be compared.
"""

from __future__ import annotations

import math
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from hypothesis import strategies as st

from groundswell.schedule.division import Division
from groundswell.schedule.scenario_plan import plan_scenario
from groundswell_coordinator.run.succession import LostAgent, Succession
from groundswell_coordinator.timeline.timeline import Timeline
from tests.coordinator.reporting import RUN, Reporter, account

if TYPE_CHECKING:
    from groundswell.scenario.model import Test
    from groundswell.schedule.shares import ShareTable
    from groundswell_coordinator.timeline.agent_record import AgentRecord

SEED = 3
LEASE_S, MARGIN_S, NOTICE_S = 1.0, 0.25, 0.6
TICKS_PER_S = 20
LONGEST_S = 20


@dataclass(frozen=True, slots=True)
class Fate:
    """Seconds of the run; None where it does not come to that.

    `cut_at`: when it is heard for the last time. `hears_after`: from the announcement of a handover.
    `delivers`: whether its last report arrives after all, at the end.
    """

    leaves_at: float | None = None
    cut_at: float | None = None
    hears_after: float = 0.0
    delivers: bool = False


def seconds(most: int) -> st.SearchStrategy[float]:
    return st.integers(0, most * TICKS_PER_S).map(lambda ticks: ticks / TICKS_PER_S)


fates = st.builds(
    Fate,
    leaves_at=st.one_of(st.none(), seconds(12)),
    cut_at=st.one_of(st.none(), seconds(12)),
    hears_after=seconds(2),
    delivers=st.booleans(),
)


@dataclass(eq=False)
class SimulatedAgent:
    """It decides every arrival of its own at its moment, in order, for as long as it has its lease."""

    test: Test
    division: Division
    name: str
    fate: Fate
    fired: list[tuple[int, float]] = field(default_factory=list[tuple[int, float]])
    dropped: int = 0
    has_ended: bool = False
    # Seconds of the run from which on what it owns is its heirs', whenever it hears of it.
    _boundary: float = math.inf
    _pending: list[tuple[float, int, float]] = field(default_factory=list[tuple[float, int, float]])
    _sources: int = 0

    def __post_init__(self) -> None:
        self.reporter = Reporter(self.name)
        self.inbox: list[tuple[float, Division]] = []
        self._take_sources(known_at=-1.0)

    def is_heard(self, now: float) -> bool:
        return self.fate.cut_at is None or now <= self.fate.cut_at

    @property
    def decided(self) -> int:
        return len(self.fired) + self.dropped

    def leave(self, boundary: float) -> None:
        self._boundary = boundary
        self._pending = [one for one in self._pending if one[0] < boundary]

    def act(self, now: float) -> None:
        """Hear what has come, then decide what is due; nothing once its lease or its share has ended."""
        if self.has_ended or (not self.is_heard(now - LEASE_S)):
            return
        while self.inbox and self.inbox[0][0] <= now:
            self.division = self.inbox.pop(0)[1]
            self._take_sources(known_at=now)
        while self._pending and self._pending[0][0] < now:
            moment, index, known_at = self._pending.pop(0)
            if moment < known_at:
                self.dropped += 1
            else:
                self.fired.append((index, moment))
        self.has_ended = not self._pending

    def _take_sources(self, known_at: float) -> None:
        model = self.test.scenarios["s"]
        share = plan_scenario("s", model, self.division, self.name, SEED)
        for source in share.sources[self._sources :]:
            self._pending += [
                (moment, index, known_at)
                for index, moment in source.walk()
                if moment < self._boundary
            ]
        self._sources = len(share.sources)
        self._pending.sort()


class SimulatedRun:
    """`play` it, then look at its succession, its timeline and its agents."""

    def __init__(self, test: Test, table: ShareTable, fates: list[Fate]) -> None:
        division = Division(table)
        self.agents = {
            name: SimulatedAgent(test, division, name, fate)
            for name, fate in zip(table.agents, fates, strict=True)
        }
        self.timeline = Timeline(RUN, {name: name for name in table.agents})
        self.succession = Succession(test, table, SEED)

    def play(self) -> None:
        for tick in range(LONGEST_S * TICKS_PER_S + 1):
            now = tick / TICKS_PER_S
            for agent in self.agents.values():
                had_ended = agent.has_ended
                agent.act(now)
                is_last = agent.has_ended and not had_ended
                if agent.is_heard(now) and (is_last or (tick % TICKS_PER_S == 0 and not had_ended)):
                    self._report(agent, now, is_last)
                if agent.fate.leaves_at == now and agent.is_heard(now) and not agent.has_ended:
                    self._leave(agent, now)
            for agent in self.agents.values():
                self._end_lease(agent, now)
        for agent in self.agents.values():
            if agent.fate.delivers and not self._record(agent).has_ended:
                self._report(agent, LONGEST_S, True)

    def _report(self, agent: SimulatedAgent, now: float, last: bool) -> None:
        own = account("s", agent.decided, len(agent.fired), {"agent_lost": agent.dropped})
        number = self._record(agent).newest + 1
        epoch = agent.division.epoch
        self.timeline.add(agent.reporter.report(number, {}, [own], last, epoch), now + LONGEST_S)

    def _leave(self, agent: SimulatedAgent, now: float) -> None:
        # The last one that is left has nobody to hand over to.
        boundary = now + NOTICE_S
        agent.leave(boundary)
        self._move(agent, now, boundary)

    def _end_lease(self, agent: SimulatedAgent, now: float) -> None:
        cut_at = agent.fate.cut_at
        if cut_at is None or now != cut_at + LEASE_S + MARGIN_S:
            return
        if self._record(agent).has_ended:
            return
        self.timeline.lose(agent.name)
        self.succession.lose(LostAgent(agent.name, agent.name, now))
        if agent.name not in self.succession.moved:
            self._move(agent, now, now + NOTICE_S)

    def _move(self, agent: SimulatedAgent, now: float, boundary: float) -> None:
        gone = {*self.succession.moved, *self.succession.lost, agent.name}
        heirs = [
            name
            for name, other in self.agents.items()
            if name not in gone and not self._record(other).has_ended
        ]
        if not heirs:
            return
        decided = {"s": agent.decided}
        handover = self.succession.plan(agent.name, heirs, round(boundary * 1e9), decided)
        self.succession.take(handover)
        for other in self.agents.values():
            heard_at = now + other.fate.hears_after
            if other.is_heard(heard_at):
                other.inbox.append((heard_at, self.succession.division))

    def _record(self, agent: SimulatedAgent) -> AgentRecord:
        return next(one for one in self.timeline.agents if one.name == agent.name)
