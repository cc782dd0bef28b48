"""What shares ask of their agents, to be held against how much these carry.

It is worked out, not measured: the highest rate that is planned, and all VUs. Of open scenarios that run
at the same time the highest rates are added, each from a moment on, wherever on its curve it is. So it is
exact for one scenario, for constant rates and for scenarios one after the other, and never less than
what will be planned: two curves that peak at different moments of the same time count as if they peaked
together. Of a search for capacity it is the rate of its last level; random arrivals count at their mean.
"""

from __future__ import annotations

from dataclasses import replace
from fractions import Fraction
from typing import TYPE_CHECKING

from groundswell.errors import ProtocolViolation
from groundswell.load_guard import LoadGuard, ShareLoad
from groundswell.scenario.model import SearchedArrivalRate
from groundswell.schedule.levels import fraction_from_wire
from groundswell.schedule.scenario_plan import ScenarioPlan
from groundswell.schedule.shape import peak_rate, planned_duration
from groundswell.units import MAX_RATE
from groundswell.v1 import agent_pb2

if TYPE_CHECKING:
    from collections.abc import Mapping

    from groundswell.scenario.model import Scenario
    from groundswell.schedule.division import Division


class ShareLoads:
    """Of one division, from second `since` of the run on."""

    def __init__(
        self,
        scenarios: Mapping[str, Scenario],
        division: Division,
        seed: int | str,
        since: Fraction = Fraction(0),
    ) -> None:
        # Levels have the same parts as what they raise, and their highest rate is known.
        plain = replace(division, levels=())
        self._plans = [ScenarioPlan(name, one, plain, seed) for name, one in scenarios.items()]
        self._peaks = {
            name: peak_rate(one, since - one.start_time) for name, one in scenarios.items()
        }
        self._together = _together(scenarios, self._peaks, since)

    def of(self, agent: str) -> ShareLoad:
        """Of one that has not handed its share over."""
        shares = {plan.name: plan.share(agent) for plan in self._plans}
        rates = {name: self._peaks[name] * share.part for name, share in shares.items()}
        sums = (sum((rates[name] for name in names), Fraction(0)) for names in self._together)
        vus = sum(share.vu_count for share in shares.values())
        return ShareLoad(max(sums, default=Fraction(0)), vus)

    def check(self, agent: str, guard: LoadGuard, who: str) -> None:
        """InvalidConfiguration where that is more than `who` carries."""
        scenarios = (plan.scenario for plan in self._plans)
        is_search = any(isinstance(one, SearchedArrivalRate) for one in scenarios)
        lower = "lower --to or " if is_search else ""
        guard.check(who, self.of(agent), f"{lower}use more agents")


def guard_to_wire(guard: LoadGuard) -> agent_pb2.LoadGuard:
    rate = "" if guard.max_rate is None else str(guard.max_rate)
    return agent_pb2.LoadGuard(max_rate=rate, max_vus=guard.max_vus or 0)


def guard_from_wire(message: agent_pb2.LoadGuard) -> LoadGuard:
    """ProtocolViolation for one that is none."""
    try:
        rate = fraction_from_wire(message.max_rate) if message.max_rate else None
    except ValueError as error:
        raise ProtocolViolation(f"a guard that is none: {error}") from error
    if rate is not None and not 0 < rate <= MAX_RATE:
        raise ProtocolViolation(f"a guard that is none: at most {message.max_rate} a second")
    return LoadGuard(rate, message.max_vus or None)


def _together(
    scenarios: Mapping[str, Scenario], peaks: Mapping[str, Fraction], since: Fraction
) -> tuple[frozenset[str], ...]:
    """The sets of scenarios with a rate of which all run at one moment; none is within another's."""
    spans = {
        name: (max(one.start_time, since), one.start_time + planned_duration(one))
        for name, one in scenarios.items()
        if peaks[name]
    }
    # One more can only come to run where it begins.
    found = {
        frozenset(name for name, (begin, end) in spans.items() if begin <= moment < end)
        for moment in {begin for begin, _ in spans.values()}
    }
    return tuple(one for one in found if not any(one < other for other in found))
