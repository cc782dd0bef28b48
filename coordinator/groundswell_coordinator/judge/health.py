"""Whether the generator kept up: why numbers may say more of the agents than of the target."""

from __future__ import annotations

import math
from collections import Counter
from dataclasses import dataclass
from typing import TYPE_CHECKING

from groundswell.scenario.model import OpenScenario
from groundswell.units import format_duration
from groundswell.verdict.verdict import DropCause, Reason, ReasonCode
from groundswell_coordinator.timeline.accounts import AGENT_LOST

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping
    from fractions import Fraction

    from groundswell.metrics.histogram import Histogram
    from groundswell.scenario.model import Test
    from groundswell_coordinator.timeline.accounts import Account, Loss, ScenarioTotals
    from groundswell_coordinator.timeline.agent_record import AgentRecord

# Shares of planned iterations: how many may be dropped, and how many lost with their agents.
_MOST_DROPPED = 0.001
_MOST_LOST = 0.05
# Drops that the target causes by being slow, as long as the agent itself keeps up.
_SLOW_TARGET = frozenset({"no_vu", "time"})
_NO_DATA = "no_data"
# Share of a core below which an agent's own load is not what holds it up.
_AT_EASE = 0.5


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
    def of(cls, agent: AgentRecord, test: Test) -> AgentHealth:
        send_lag = _p99(agent.lag("send_lag", open_scenarios(test)))
        loop_lag = _p99(agent.lag("agent_loop_lag", ()))
        saturation = _saturation(agent.name, send_lag, loop_lag, agent.cpu_max, test)
        return cls(agent.incarnation, agent.name, send_lag, loop_lag, agent.cpu_max, saturation)


def open_scenarios(test: Test) -> frozenset[str]:
    """The scenarios whose load does not wait for the target, so that a lag is the generator's."""
    return frozenset(name for name, one in test.scenarios.items() if isinstance(one, OpenScenario))


def saturation_reasons(healths: Iterable[AgentHealth]) -> list[Reason]:
    return [health.saturation for health in healths if health.saturation is not None]


def drop_reasons(agents: Iterable[AgentRecord], healths: Iterable[AgentHealth]) -> list[Reason]:
    """rate_not_reached, and data_exhausted, from the agents' accounts after warm-up."""
    saturated = {health.incarnation for health in healths if health.saturation is not None}
    drops: dict[str, _Drops] = {}
    for agent in agents:
        latest = agent.book.latest
        for scenario, account in agent.book.judged.items():
            own = drops.setdefault(scenario, _Drops())
            own.add(account, latest[scenario], agent.incarnation in saturated)
    found = ((scenario, drop) for scenario, drop in sorted(drops.items()))
    return [reason for scenario, drop in found for reason in drop.reasons(scenario)]


def loss_reasons(losses: Iterable[Loss], totals: Mapping[str, ScenarioTotals]) -> list[Reason]:
    """agent_lost, for agents whose share nobody took over, or took over too late."""
    gaps = {name: one for name, one in totals.items() if one.lost > _MOST_LOST * one.planned}
    reasons: list[Reason] = []
    for loss in losses:
        if not loss.is_gone:
            continue
        if not loss.reshared:
            message = f"{loss.agent} was lost and no other agent took over its share"
        elif gap := _gap(loss, gaps):
            message = f"{loss.agent} was lost: {gap}"
        else:
            continue
        reasons.append(Reason(ReasonCode.AGENT_LOST, message, agent=loss.agent))
    return reasons


class _Drops:
    """One scenario's drops after warm-up, over all agents."""

    def __init__(self) -> None:
        self._planned = 0
        self._planned_ever = 0
        self._by_reason: Counter[str] = Counter()
        self._by_target = 0

    def add(self, judged: Account, latest: Account, is_saturated: bool) -> None:
        self._planned += judged.planned
        self._planned_ever += latest.planned
        for reason, count in judged.dropped.items():
            self._by_reason[reason] += count
            if reason in _SLOW_TARGET and not is_saturated:
                self._by_target += count

    def reasons(self, scenario: str) -> list[Reason]:
        no_data = self._by_reason.pop(_NO_DATA, 0)
        found: list[Reason] = []
        if no_data:
            message = f"{scenario}: data ran out, {no_data:,} iterations had none"
            found.append(Reason(ReasonCode.DATA_EXHAUSTED, message))
        self._by_reason.pop(AGENT_LOST, None)
        # Executors that count iterations plan all of them at their start, maybe within the warm-up.
        planned = self._planned or self._planned_ever
        dropped = self._by_reason.total()
        if dropped > _MOST_DROPPED * planned:
            found.append(self._not_reached(scenario, dropped, planned))
        return found

    def _not_reached(self, scenario: str, dropped: int, planned: int) -> Reason:
        kinds = ", ".join(
            f"{reason} {count:,}" for reason, count in sorted(self._by_reason.items())
        )
        is_target = 2 * self._by_target > dropped
        cause = DropCause.TARGET if is_target else DropCause.GENERATOR
        share = f" ({dropped / planned:.2%})" if planned else ""
        message = (
            f"{scenario}: {dropped:,} of {planned:,} planned iterations{share} were dropped"
            f" [{kinds}]: {_ADVICE[cause]}"
        )
        return Reason(ReasonCode.RATE_NOT_REACHED, message, cause=cause)


_ADVICE = {
    DropCause.TARGET: "the target was too slow for so many VUs: raise max_vus or lower the rate",
    DropCause.GENERATOR: "the generator did not keep up: add agents or lower the rate",
}


def _saturation(
    name: str, send_lag: float | None, loop_lag: float | None, cpu: float | None, test: Test
) -> Reason | None:
    """Open executors go by send lag; closed ones have no plan to lag behind, but a loop."""
    open_names, limits = open_scenarios(test), test.generator_limits
    has_closed = len(open_names) < len(test.scenarios)
    message = None
    if open_names and send_lag is not None and send_lag > limits.send_lag * 1000:
        advice = _advice(cpu, "add agents or lower the rate")
        message = _above("send lag", send_lag, limits.send_lag, advice)
    elif has_closed and loop_lag is not None and loop_lag > limits.loop_lag * 1000:
        message = _above("loop lag", loop_lag, limits.loop_lag, "add agents or use fewer VUs")
    if message is None:
        return None
    return Reason(ReasonCode.AGENT_SATURATED, f"{name}: {message}", agent=name)


def _advice(cpu: float | None, against_load: str) -> str:
    """More agents help an agent that is busy; one that lags at its ease is kept waiting by its machine."""
    if cpu is None or cpu > _AT_EASE:
        return against_load
    return (
        f"with {cpu:.0%} of a core in use it waited for its machine: give it one that is less busy, "
        "or raise generator_limits if this is precise enough"
    )


def _above(what: str, value_ms: float, limit: Fraction, advice: str) -> str:
    shown = "above 1h" if math.isinf(value_ms) else f"{value_ms:.3g} ms"
    return f"{what} p99 {shown} is above {format_duration(limit)}: {advice}"


def _gap(loss: Loss, gaps: Mapping[str, ScenarioTotals]) -> str:
    own = set(loss.owned)
    return ", ".join(
        f"{one.lost:,} of {one.planned:,} planned iterations of {name} are dropped or unknown"
        for name, one in sorted(gaps.items())
        if name in own
    )


def _p99(histogram: Histogram) -> float | None:
    return histogram.percentile(99) if histogram.count else None
