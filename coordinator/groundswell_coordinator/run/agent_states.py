"""How each agent of a run is, for the live picture."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

from groundswell.v1.control_pb2 import AgentState
from groundswell_coordinator.judge.health import AgentHealth
from groundswell_coordinator.report.finite import BEYOND_RANGE_MS

if TYPE_CHECKING:
    from collections.abc import Sequence

    from groundswell.scenario.model import Test
    from groundswell.verdict.verdict import Reason
    from groundswell_coordinator.timeline.agent_record import AgentRecord
    from groundswell_coordinator.timeline.timeline import Timeline

# Percentiles of a thousand agents every second took a twentieth of a core.
_EXAMINED_AT_ONCE = 100
# The first seconds, in which everybody connects, are not how an agent is.
_TELLING_FROM_S = 3


class AgentStates:
    """Asked once an interval; in a large fleet each agent's turn comes every few seconds.

    Who is lost is known at once.
    """

    def __init__(self, test: Test, timeline: Timeline) -> None:
        self._test = test
        self._timeline = timeline
        self._states: dict[str, AgentState] = {}
        self._asked = 0
        self._told: set[str] = set()
        self._untold: list[Reason] = []

    def latest(self) -> Sequence[AgentState]:
        """In the order of the agents."""
        agents = self._timeline.agents
        turns = math.ceil(len(agents) / _EXAMINED_AT_ONCE)
        for place, agent in enumerate(agents):
            if (place + self._asked) % turns == 0 or agent.name not in self._states:
                self._states[agent.name] = self._examine(agent)
            if agent.is_lost or agent.has_left:
                self._states[agent.name].health = "lost" if agent.is_lost else "left"
        self._asked += 1
        return tuple(self._states.values())

    def take_news(self) -> str | None:
        """What to tell of those that are found to be saturated, each agent once."""
        news, self._untold = self._untold, []
        if not news:
            return None
        others = "" if len(news) == 1 else f" (and {len(news) - 1} more agents)"
        return f"{news[0].message}{others}"

    def _examine(self, agent: AgentRecord) -> AgentState:
        health = AgentHealth.of(agent, self._test)
        if health.saturation is not None and agent.strain.seconds >= _TELLING_FROM_S:
            self._note(agent.name, health.saturation)
        return AgentState(
            name=agent.name,
            health="saturated" if health.saturation else "ok",
            cpu=health.cpu_max or 0.0,
            send_lag_p99_ms=finite(health.send_lag_p99_ms or 0.0),
            loop_lag_p99_ms=finite(health.loop_lag_p99_ms or 0.0),
        )

    def _note(self, name: str, saturation: Reason) -> None:
        if name not in self._told:
            self._told.add(name)
            self._untold.append(saturation)


def finite(value: float) -> float:
    """A wire without NaN or infinity: nothing measured is 0, above the range is an hour."""
    if math.isnan(value):
        return 0.0
    return min(value, BEYOND_RANGE_MS)
