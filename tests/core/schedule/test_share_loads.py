"""What shares ask of their agents, held against what these walk."""

from __future__ import annotations

from fractions import Fraction
from typing import TYPE_CHECKING

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from groundswell.schedule.division import Division
from groundswell.schedule.scenario_plan import plan_scenario
from groundswell.schedule.share_loads import ShareLoads
from tests.core.schedule.scenarios import (
    arrivals_of,
    constant_rate,
    constant_vus,
    per_vu_iterations,
    ramping_rate,
    shared_iterations,
)
from tests.core.schedule.strategies import rate_curves, table_of, tables
from tests.core.schedule.test_division import divisions, open_scenarios

if TYPE_CHECKING:
    from groundswell.scenario.model import Scenario
    from groundswell.schedule.rate import RateCurve
    from groundswell.schedule.shares import ShareTable

TWO = Division(table_of([1, 1]))


def loads_of(division: Division, since: int = 0, **scenarios: Scenario) -> ShareLoads:
    return ShareLoads(scenarios, division, 7, Fraction(since))


@settings(deadline=None)
@given(open_scenarios, open_scenarios, divisions(), st.integers(0, 10), st.integers(1, 10))
def test_no_agent_has_more_planned_in_any_time_than_is_said(
    one: Scenario, other: Scenario, division: Division, begin: int, length: int
) -> None:
    """Whatever it inherits. A part of a sequence may be a little ahead of its rate."""
    loads = loads_of(division, begin, a=one, b=other)
    gone = {handover.from_agent for handover in division.handovers}
    for agent in set(division.table.agents) - gone:
        shares = [
            plan_scenario(name, scenario, division, agent, 7)
            for name, scenario in (("a", one), ("b", other))
        ]
        moments = [
            moment + float(share.start_time) for share in shares for _, moment in arrivals_of(share)
        ]
        planned = sum(begin <= moment < begin + length for moment in moments)
        ahead = 2 * sum(len(share.sources) for share in shares) * (1 + len(division.handovers))
        load = loads.of(agent)
        assert planned <= load.rate * length + ahead
        assert load.vus == sum(share.vu_count for share in shares)


@given(tables, st.fractions(0, 500, max_denominator=7), st.integers(1, 60))
def test_all_shares_together_ask_for_the_scenarios_rate_and_vus(
    table: ShareTable, rate: Fraction, vus: int
) -> None:
    loads = loads_of(Division(table), s=constant_rate(rate, 10, vus))
    found = [loads.of(agent) for agent in table.agents]
    assert sum(load.rate for load in found) == rate
    assert sum(load.vus for load in found) == vus


def test_random_arrivals_count_at_their_mean() -> None:
    loads = loads_of(TWO, s=constant_rate(100, 10, 8, arrivals="poisson"))
    assert [loads.of(agent).rate for agent in TWO.table.agents] == [50, 50]


@given(rate_curves, st.floats(0, 30), st.floats(0, 30))
def test_no_later_rate_is_above_the_peak_from_a_moment_on(
    curve: RateCurve, since: float, later: float
) -> None:
    moment = Fraction(since + later)
    peak = curve.peak_from(Fraction(since))
    assert curve.rate_at(moment) <= float(peak) * (1 + 1e-9)
    assert peak <= max((max(s.start_rate, s.end_rate) for s in curve.stages), default=0)


@pytest.mark.parametrize(
    ("since", "peak"), [(0, 40), (2, 30), (3, 25), (5, 5), (9, 5), (10, 0), (99, 0)]
)
def test_of_a_curve_what_lies_behind_counts_no_more(since: int, peak: int) -> None:
    """From 40/s down to 20/s in four seconds, at 5/s from then on."""
    scenario = ramping_rate(40, (4, 20), (0, 5), (6, 5), max_vus=8)
    loads = loads_of(TWO, since, s=scenario)
    assert loads.of("agent-0").rate == Fraction(peak, 2)


def test_a_jump_that_is_never_held_is_no_rate() -> None:
    loads = loads_of(TWO, s=ramping_rate(10, (5, 10), (0, 900), max_vus=8))
    assert loads.of("agent-0").rate == 5


def test_scenarios_at_the_same_time_are_added_and_others_are_not() -> None:
    first = constant_rate(10, 5, 8)
    second = constant_rate(100, 5, 8, start_time=4)
    third = constant_rate(30, 5, 8, start_time=9)
    loads = loads_of(TWO, a=first, b=second, c=third)
    assert loads.of("agent-0").rate == 55
    # Once the first is over.
    assert loads_of(TWO, 5, a=first, b=second, c=third).of("agent-0").rate == 50
    assert loads_of(TWO, 9, a=first, b=second, c=third).of("agent-0").rate == 15


def test_closed_scenarios_have_vus_and_no_rate() -> None:
    loads = loads_of(
        TWO, a=constant_vus(5), b=shared_iterations(4, 100), c=per_vu_iterations(10, 2)
    )
    found = [loads.of(agent) for agent in TWO.table.agents]
    assert [load.rate for load in found] == [0, 0]
    assert [load.vus for load in found] == [10, 9]
