"""How an agent was, as one value: its figures, and whether they can be trusted."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Self

from groundswell_coordinator.judge.saturation import (
    open_scenarios,
    saturation,
    window_saturation,
)
from groundswell_coordinator.timeline.strain import LOOP_LAG, SEND_LAG

if TYPE_CHECKING:
    from collections.abc import Iterable

    from groundswell.metrics.histogram import Histogram
    from groundswell.scenario.model import Test
    from groundswell.verdict.threshold import Threshold
    from groundswell.verdict.verdict import Reason
    from groundswell_coordinator.timeline.agent_record import AgentRecord


@dataclass(frozen=True, slots=True)
class AgentHealth:
    """One agent after warm-up; lags in ms, None without samples, math.inf above one hour."""

    incarnation: str
    name: str
    send_lag_p99_ms: float | None
    loop_lag_p99_ms: float | None
    cpu_max: float | None
    saturation: Reason | None

    @classmethod
    def of(cls, agent: AgentRecord, test: Test) -> Self:
        """By the whole span: what the live view asks every second."""
        send_lag = p99(agent.lag(SEND_LAG, open_scenarios(test)))
        loop_lag = p99(agent.lag(LOOP_LAG, ()))
        reason = saturation(agent, test, send_lag, loop_lag)
        return cls(agent.incarnation, agent.name, send_lag, loop_lag, agent.cpu_max, reason)

    def with_windows(
        self, agent: AgentRecord, test: Test, windows: Iterable[tuple[Threshold, int, range]]
    ) -> Self:
        """The same, saturated too where it was so in a window that a threshold was judged by."""
        if self.saturation is not None:
            return self
        return replace(self, saturation=window_saturation(agent, test, windows))


def saturation_reasons(healths: Iterable[AgentHealth]) -> list[Reason]:
    return [health.saturation for health in healths if health.saturation is not None]


def p99(histogram: Histogram) -> float | None:
    """In ms; None without samples."""
    return histogram.percentile(99) if histogram.count else None
