"""The shape of a scenario's load over time, whoever carries it."""

from __future__ import annotations

from fractions import Fraction
from typing import TYPE_CHECKING

from groundswell.scenario.model import (
    ConstantArrivalRate,
    ConstantVus,
    OpenScenario,
    RampingArrivalRate,
    RampingVus,
    SearchedArrivalRate,
)
from groundswell.schedule.rate import RateCurve
from groundswell.schedule.vus import VuCurve

if TYPE_CHECKING:
    from collections.abc import Iterable

    from groundswell.scenario.model import PerVuIterations, Scenario, SharedIterations
    from groundswell.schedule.levels import Level


def rate_curve(scenario: ConstantArrivalRate | RampingArrivalRate) -> RateCurve:
    if isinstance(scenario, ConstantArrivalRate):
        return RateCurve.constant(scenario.rate, scenario.duration)
    stages = [(stage.duration, stage.target) for stage in scenario.stages]
    return RateCurve.ramping(scenario.start_rate, stages)


def vu_curve(
    scenario: ConstantVus | RampingVus | SharedIterations | PerVuIterations,
) -> VuCurve:
    """The VUs over time; for the executors that count iterations, while any are left."""
    if isinstance(scenario, RampingVus):
        stages = [(stage.duration, stage.target) for stage in scenario.stages]
        return VuCurve.ramping(scenario.start_vus, stages)
    return VuCurve.constant(scenario.vus, planned_duration(scenario))


def curve_of(scenario: Scenario) -> RateCurve | VuCurve:
    if isinstance(scenario, ConstantArrivalRate | RampingArrivalRate):
        return rate_curve(scenario)
    if isinstance(scenario, SearchedArrivalRate):
        # All that it does is in its levels.
        return RateCurve.constant(Fraction(0), scenario.duration)
    return vu_curve(scenario)


def peak_vus(scenario: Scenario) -> int:
    """The VUs a scenario needs at most, over all agents."""
    if isinstance(scenario, OpenScenario):
        return scenario.max_vus
    return vu_curve(scenario).peak


def peak_rate(scenario: Scenario, since: Fraction) -> Fraction:
    """The highest arrival rate from `since` on, in seconds from the scenario's start; 0 without one."""
    if isinstance(scenario, SearchedArrivalRate):
        return scenario.highest if since < scenario.duration else Fraction(0)
    if isinstance(scenario, ConstantArrivalRate | RampingArrivalRate):
        return rate_curve(scenario).peak_from(since)
    return Fraction(0)


def planned_duration(scenario: Scenario) -> Fraction:
    """Seconds from the scenario's start to the start of its graceful stop."""
    if isinstance(scenario, RampingVus | RampingArrivalRate):
        return sum((stage.duration for stage in scenario.stages), Fraction(0))
    if isinstance(scenario, ConstantVus | ConstantArrivalRate | SearchedArrivalRate):
        return scenario.duration
    return scenario.max_duration


class PlannedRate:
    """What the open scenarios of a test plan together. A curve may have as many pieces as a day has
    seconds, so they are made once and not for every question. Of a search, with its `levels` so far.
    """

    def __init__(self, scenarios: Iterable[Scenario], levels: Iterable[Level] = ()) -> None:
        scenarios = tuple(scenarios)
        raised = (one.rate for one in scenarios if isinstance(one, SearchedArrivalRate))
        own = float(sum(raised, Fraction(0)))
        self._levels = [(one.begin, one.end, own * float(one.factor)) for one in levels]
        self._curves = [
            (scenario.start_time, rate_curve(scenario))
            for scenario in scenarios
            if isinstance(scenario, ConstantArrivalRate | RampingArrivalRate)
        ]

    def at(self, t: float | Fraction) -> float:
        """Iterations/s at `t` of the run."""
        planned = sum((curve.rate_at(t - start) for start, curve in self._curves), 0.0)
        return planned + sum(rate for begin, end, rate in self._levels if begin <= t < end)


def run_duration(scenarios: Iterable[Scenario]) -> Fraction:
    """Seconds from the run's start until the last scenario has reached its end."""
    return max((s.start_time + planned_duration(s) for s in scenarios), default=Fraction(0))


def run_duration_with_grace(scenarios: Iterable[Scenario]) -> Fraction:
    """The same until the last iteration has ended or is interrupted."""
    return max(
        (s.start_time + planned_duration(s) + s.graceful_stop for s in scenarios),
        default=Fraction(0),
    )
