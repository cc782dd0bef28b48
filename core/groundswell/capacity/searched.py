"""A test as a search for capacity runs it: the same for coordinator and agents.

scenarios that are raised    the search sets their rate and, along with it, their `max_vus`; they
                             begin at once, whatever their `start_time`
other open ones, and VUs     at their busiest for as long as the search takes: every level is to
                             see the same of them
counted iterations           as they are, once
"""

from __future__ import annotations

import math
from dataclasses import fields, replace
from fractions import Fraction
from typing import TYPE_CHECKING, Any

from groundswell.errors import InvalidConfiguration
from groundswell.scenario.model import (
    ConstantArrivalRate,
    ConstantVus,
    OpenScenario,
    RampingArrivalRate,
    RampingVus,
    SearchedArrivalRate,
)
from groundswell.schedule.shape import peak_vus
from groundswell.units import format_duration

if TYPE_CHECKING:
    from collections.abc import Mapping

    from groundswell.capacity.settings import SearchSettings
    from groundswell.scenario.model import Scenario, Test

_Open = ConstantArrivalRate | RampingArrivalRate
# More VUs than that, and `--to` is a slip.
_MOST_VUS = 10_000_000


def searched(test: Test, search: SearchSettings) -> Test:
    """Raises InvalidConfiguration where there is nothing to raise or nothing to judge by."""
    _check_thresholds(test, search)
    raised = _raised(test, search)
    highest = search.last / own_rate(raised)
    return replace(
        test,
        scenarios={
            name: _searched(raised[name], search, highest)
            if name in raised
            else _held(scenario, Fraction(search.longest_s))
            for name, scenario in test.scenarios.items()
        },
    )


def searched_names(test: Test) -> tuple[str, ...]:
    """Of a test that is searched: the scenarios that are raised."""
    scenarios = test.scenarios.items()
    return tuple(name for name, one in scenarios if isinstance(one, SearchedArrivalRate))


def searched_rate(test: Test) -> Fraction:
    """Of a test that is searched: their rate at factor 1, per second."""
    found = test.scenarios.values()
    return sum((one.rate for one in found if isinstance(one, SearchedArrivalRate)), Fraction(0))


def own_rate(scenarios: Mapping[str, _Open]) -> Fraction:
    """Per second, of all of them at their busiest."""
    return sum((_peak_rate(one) for one in scenarios.values()), Fraction(0))


def _raised(test: Test, search: SearchSettings) -> dict[str, _Open]:
    found = {name: one for name, one in test.scenarios.items() if isinstance(one, _Open)}
    if search.scenario is not None and search.scenario not in test.scenarios:
        known = ", ".join(test.scenarios)
        raise InvalidConfiguration(
            f"no scenario is called {search.scenario}", hint=f"there is {known}"
        )
    if search.scenario is not None and search.scenario not in found:
        raise InvalidConfiguration(
            f"{search.scenario} has an executor without a rate",
            hint="a search raises arrival rates; VUs wait for the target, and never find its limit",
        )
    if search.scenario is not None:
        found = {search.scenario: found[search.scenario]}
    if not found:
        raise InvalidConfiguration(
            "no scenario of the test has an arrival rate that could be raised",
            hint="executor: constant-arrival-rate, with a rate and max_vus",
        )
    return found


def _check_thresholds(test: Test, search: SearchSettings) -> None:
    specs = [spec for specs in test.thresholds.values() for spec in specs]
    if not specs:
        raise InvalidConfiguration(
            "the test has no thresholds: nothing says what the target is to hold",
            hint="thresholds: {'http_req_duration': ['p(95) < 300ms'], 'http_req_failed': ['rate < 1%']}",
        )
    for spec in specs:
        if spec.over is not None and spec.over > search.hold:
            over, hold = format_duration(spec.over), format_duration(Fraction(search.hold))
            raise InvalidConfiguration(
                f"{spec.threshold} is judged over {over}, and a level is held for {hold}",
                hint=f"--hold {over}",
            )


def _searched(scenario: _Open, search: SearchSettings, highest: Fraction) -> SearchedArrivalRate:
    most = max(1, math.ceil(scenario.max_vus * highest))
    if most > _MOST_VUS:
        raise InvalidConfiguration(
            f"at --to it would have {most:,} VUs, as max_vus scales along", hint="lower --to"
        )
    own: dict[str, Any] = {part.name: getattr(scenario, part.name) for part in fields(OpenScenario)}
    own.update(start_time=Fraction(0), max_vus=most, pre_allocated_vus=0)
    return SearchedArrivalRate(
        **own,
        rate=_peak_rate(scenario),
        highest=_peak_rate(scenario) * highest,
        own_vus=scenario.max_vus,
        duration=Fraction(search.longest_s),
    )


def _held(scenario: Scenario, longest: Fraction) -> Scenario:
    """At its busiest from the start on."""
    match scenario:
        case ConstantVus() | ConstantArrivalRate():
            return replace(scenario, start_time=Fraction(0), duration=longest)
        case RampingVus():
            vus = peak_vus(scenario)
            stages = (replace(scenario.stages[0], duration=longest, target=vus),)
            return replace(scenario, start_time=Fraction(0), start_vus=vus, stages=stages)
        case RampingArrivalRate():
            rate = _peak_rate(scenario)
            stage = replace(scenario.stages[0], duration=longest, target=rate)
            return replace(scenario, start_time=Fraction(0), start_rate=rate, stages=(stage,))
        case _:
            return scenario


def _peak_rate(scenario: _Open) -> Fraction:
    if isinstance(scenario, ConstantArrivalRate):
        return scenario.rate
    # A last stage without duration is a target that is never held, but meant.
    return max(scenario.start_rate, *(stage.target for stage in scenario.stages))
