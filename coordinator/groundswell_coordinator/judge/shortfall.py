"""Why less was done than planned: iterations that were dropped, and by whose fault; agents that were lost."""

from __future__ import annotations

from collections import Counter
from typing import TYPE_CHECKING

from groundswell.verdict.verdict import DropCause, Reason, ReasonCode
from groundswell_coordinator.timeline.accounts import AGENT_LOST
from groundswell_coordinator.timeline.strain import SLOW_TARGET

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from groundswell_coordinator.timeline.accounts import Account, Loss, ScenarioTotals
    from groundswell_coordinator.timeline.agent_record import AgentRecord

# Shares of planned iterations: how many may be dropped, and how many lost with their agents.
_MOST_DROPPED = 0.001
_MOST_LOST = 0.05
_NO_DATA = "no_data"


def drop_reasons(agents: Iterable[AgentRecord]) -> list[Reason]:
    """rate_not_reached, and data_exhausted, from the agents' accounts after warm-up."""
    drops: dict[str, _Drops] = {}
    for agent in agents:
        latest = agent.book.latest
        for scenario, account in agent.book.judged.items():
            own = drops.setdefault(scenario, _Drops())
            own.add(account, latest[scenario], agent.strain.dropped[scenario])
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

    def add(self, judged: Account, latest: Account, under_strain: int) -> None:
        """`under_strain`: so many were dropped while the agent itself did not keep up.

        Then its VUs were busy for longer than the target's fault was.
        """
        self._planned += judged.planned
        self._planned_ever += latest.planned
        self._by_reason.update(judged.dropped)
        slow = sum(count for reason, count in judged.dropped.items() if reason in SLOW_TARGET)
        self._by_target += max(0, slow - under_strain)

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


def _gap(loss: Loss, gaps: Mapping[str, ScenarioTotals]) -> str:
    own = set(loss.owned)
    return ", ".join(
        f"{one.lost:,} of {one.planned:,} planned iterations of {name} are dropped or unknown"
        for name, one in sorted(gaps.items())
        if name in own
    )
