"""Levels of a search: further pieces of the plan, which all agents together still carry out event for event."""

from __future__ import annotations

from dataclasses import replace
from fractions import Fraction
from itertools import chain
from typing import Literal

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from groundswell.errors import ProtocolViolation
from groundswell.scenario.model import SearchedArrivalRate
from groundswell.schedule.division import Division, extended_by_levels
from groundswell.schedule.levels import Level, vus_at
from groundswell.schedule.rate import RateCurve
from groundswell.schedule.scenario_plan import ScenarioPlan, plan_scenario
from groundswell.v1 import agent_pb2
from tests.core.schedule.scenarios import STEPS
from tests.core.schedule.strategies import table_of
from tests.core.schedule.test_division import divisions

RATE = Fraction(7)


def searched(vus: int = 20, arrivals: Literal["even", "poisson"] = "even") -> SearchedArrivalRate:
    return SearchedArrivalRate(
        steps=STEPS,
        rate=RATE,
        highest=5 * RATE,
        own_vus=5,
        max_vus=vus,
        pre_allocated_vus=0,
        arrivals=arrivals,
        duration=Fraction(1000),
    )


@st.composite
def rows_of_levels(draw: st.DrawFn) -> tuple[Level, ...]:
    end = 0
    levels: list[Level] = []
    for number in range(1, draw(st.integers(1, 4)) + 1):
        begin = end + draw(st.integers(0, 3))
        end = begin + draw(st.integers(1, 4))
        factor = draw(st.fractions(Fraction(1, 9), 5, max_denominator=9))
        levels.append(Level(number, begin, end, factor))
    return tuple(levels)


def planned_by_one(levels: tuple[Level, ...]) -> list[float]:
    """Each level as if nothing else were known: a constant rate from its begin on."""
    moments: list[float] = []
    for level in levels:
        curve = RateCurve.constant(RATE * level.factor, Fraction(level.end - level.begin))
        moments += [level.begin + curve.moment(n) for n in range(curve.planned)]
    return moments


def walked(division: Division, scenario: SearchedArrivalRate) -> list[float]:
    plan = ScenarioPlan("load", scenario, division, 7)
    sources = [chain(*plan.share(agent).levels) for agent in division.table.agents]
    return sorted(moment for own in sources for source in own for _, moment in source.walk())


@settings(deadline=None, max_examples=25)
@given(divisions(), rows_of_levels())
def test_all_agents_together_carry_out_each_level_whoever_was_lost(
    division: Division, levels: tuple[Level, ...]
) -> None:
    told = replace(division, levels=levels)
    assert walked(told, searched()) == pytest.approx(planned_by_one(levels))


@settings(deadline=None, max_examples=25)
@given(divisions(), rows_of_levels())
def test_a_further_level_leaves_what_was_planned_before_as_it_was(
    division: Division, levels: tuple[Level, ...]
) -> None:
    scenario = searched()
    before, after = (replace(division, levels=some) for some in (levels[:-1], levels))
    for agent in division.table.agents:
        old, new = (plan_scenario("load", scenario, one, agent, 7) for one in (before, after))
        assert len(new.levels) == len(levels)
        for own, same in zip(old.levels, new.levels, strict=False):
            assert [list(one.walk()) for one in own] == [list(one.walk()) for one in same]


@settings(deadline=None, max_examples=25)
@given(divisions(), rows_of_levels())
def test_a_handover_adds_to_what_an_heir_has_of_each_level_and_takes_nothing(
    division: Division, levels: tuple[Level, ...]
) -> None:
    scenario, without = searched(), replace(division, handovers=division.handovers[:-1])
    for agent in division.table.agents:
        if any(one.from_agent == agent for one in division.handovers):
            continue
        old, new = (
            plan_scenario("load", scenario, replace(one, levels=levels), agent, 7)
            for one in (without, division)
        )
        for own, more in zip(old.levels, new.levels, strict=True):
            assert [list(one.walk()) for one in own] == [
                list(one.walk()) for one in more[: len(own)]
            ]


def test_each_level_of_a_poisson_scenario_is_drawn_anew() -> None:
    level = Level(1, 0, 400, Fraction(1))
    division = Division(table_of([1, 2]), levels=(level, Level(2, 400, 800, Fraction(1))))
    moments = walked(division, searched(arrivals="poisson"))
    first, second = ([t for t in moments if lo <= t < lo + 400] for lo in (0, 400))
    for drawn in (first, second):
        assert len(drawn) == pytest.approx(400 * RATE, rel=0.1)
    assert [t + 400 for t in first] != second
    assert moments == walked(division, searched(arrivals="poisson"))


def test_vus_scale_along_and_are_at_least_one() -> None:
    scenario = searched(vus=50)
    factors = (Fraction(1, 100), Fraction(1), Fraction(21, 10), Fraction(1000))
    assert [vus_at(scenario, factor) for factor in factors] == [1, 5, 11, 50]


@given(rows_of_levels())
def test_levels_come_over_the_wire_as_they_were_and_count_once(levels: tuple[Level, ...]) -> None:
    told = [agent_pb2.Level.FromString(one.to_wire().SerializeToString()) for one in levels]
    division = extended_by_levels(Division(table_of([1])), map(Level.of, told))
    assert division.levels == levels
    assert extended_by_levels(division, levels) == division


@pytest.mark.parametrize(
    "level",
    [
        agent_pb2.Level(number=1, begin_s=3, end_s=3, factor="1"),
        agent_pb2.Level(number=1, begin_s=3, end_s=4, factor="0"),
        agent_pb2.Level(number=1, begin_s=3, end_s=4, factor="1/0"),
        agent_pb2.Level(number=1, begin_s=3, end_s=4, factor="much"),
        agent_pb2.Level(number=1, begin_s=3, end_s=4, factor="1" * 10_000),
        agent_pb2.Level(number=2, begin_s=3, end_s=4, factor="1"),
    ],
)
def test_what_is_no_level_is_refused(level: agent_pb2.Level) -> None:
    with pytest.raises(ProtocolViolation):
        extended_by_levels(Division(table_of([1])), [Level.of(level)])


def test_levels_that_overlap_are_refused() -> None:
    levels = [Level(1, 0, 5, Fraction(1)), Level(2, 4, 9, Fraction(1))]
    with pytest.raises(ProtocolViolation, match="begins at 4, before 5"):
        extended_by_levels(Division(table_of([1])), levels)
