"""Shares that move, in any order of losses and leavings: nothing is carried out twice, nothing is nobody's."""

from __future__ import annotations

from fractions import Fraction
from typing import TYPE_CHECKING

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from groundswell.errors import ProtocolViolation
from groundswell.schedule.division import (
    Division,
    Handover,
    extended,
    table_from_wire,
    table_to_wire,
)
from groundswell.schedule.scenario_plan import ScenarioPlan, boundary_of, plan_scenario
from groundswell.schedule.shares import ShareEntry, ShareTable
from groundswell.v1 import agent_pb2
from tests.core.schedule.scenarios import (
    arrivals_of,
    constant_rate,
    constant_vus,
    per_vu_iterations,
    ramping_rate,
    ramping_vus,
    shared_iterations,
)
from tests.core.schedule.strategies import table_of

if TYPE_CHECKING:
    from groundswell.scenario.model import Scenario
    from groundswell.schedule.scenario_plan import ScenarioShare

SEED = 7

open_scenarios: st.SearchStrategy[Scenario] = st.one_of(
    st.builds(
        constant_rate,
        st.fractions(0, 40, max_denominator=6),
        st.just(8),
        st.integers(1, 20),
        start_time=st.integers(0, 3),
    ),
    st.integers(1, 20).map(lambda vus: ramping_rate(2, (3, 40), (0, 10), (4, 0), max_vus=vus)),
)
poisson_scenarios: st.SearchStrategy[Scenario] = st.builds(
    constant_rate, st.integers(0, 40), st.just(8), st.integers(1, 20), arrivals=st.just("poisson")
)
counted_scenarios: st.SearchStrategy[Scenario] = st.one_of(
    st.builds(shared_iterations, st.integers(1, 20), st.integers(1, 200)),
    st.builds(per_vu_iterations, st.integers(1, 20), st.integers(1, 9)),
)
scenarios: st.SearchStrategy[Scenario] = st.one_of(
    open_scenarios,
    poisson_scenarios,
    counted_scenarios,
    st.builds(constant_vus, st.integers(1, 20)),
    st.integers(0, 20).map(lambda vus: ramping_vus(3, (5, vus), (5, 2))),
)


@st.composite
def divisions(draw: st.DrawFn) -> Division:
    """Whoever goes has any heirs of those who are left, with any weights, from any second on.

    Boundaries come in any order: who leaves names its own, and may be heard late.
    """
    table = draw(st.lists(st.integers(1, 5), min_size=2, max_size=6).map(table_of))
    division = Division(table)
    live = list(table.agents)
    for _ in range(draw(st.integers(0, len(live) - 1))):
        going = live.pop(draw(st.integers(0, len(live) - 1)))
        heirs = draw(st.lists(st.sampled_from(live), min_size=1, unique=True))
        division = division.after(
            Handover(
                epoch=division.epoch + 1,
                from_agent=going,
                boundary_ns=draw(st.integers(0, 12 * 10**9)),
                heirs=tuple(ShareEntry(heir, draw(st.integers(1, 5))) for heir in heirs),
                decided={"s": draw(st.integers(0, 250))},
            )
        )
    return division


def shares_of(scenario: Scenario, division: Division) -> dict[str, ScenarioShare]:
    plan = ScenarioPlan("s", scenario, division, SEED)
    return {agent: plan.share(agent) for agent in division.table.agents}


def before(division: Division) -> Division:
    """Without the last handover."""
    return Division(division.table, division.handovers[:-1])


@settings(deadline=None)
@given(open_scenarios, divisions())
def test_all_that_agents_walk_is_the_plan_of_one_event_for_event(
    scenario: Scenario, division: Division
) -> None:
    """With what stays with those that went, up to their boundaries."""
    shares = shares_of(scenario, division)

    united = sorted(pair for share in shares.values() for pair in arrivals_of(share))

    alone = plan_scenario("s", scenario, table_of([1]), "agent-0", SEED)
    assert united == sorted(arrivals_of(alone))
    assert sum(share.planned or 0 for share in shares.values()) == len(united)


@settings(deadline=None)
@given(poisson_scenarios, divisions())
def test_every_drawn_arrival_is_walked_once_whoever_inherits_it(
    scenario: Scenario, division: Division
) -> None:
    drawn = shares_of(scenario, Division(division.table))
    moved = shares_of(scenario, division)

    first = sorted(moment for share in drawn.values() for _, moment in arrivals_of(share))
    united = sorted(moment for share in moved.values() for _, moment in arrivals_of(share))

    assert united == first
    assert sum(share.planned or 0 for share in moved.values()) == len(united)


@settings(deadline=None)
@given(counted_scenarios, divisions())
def test_counted_iterations_are_neither_lost_nor_doubled(
    scenario: Scenario, division: Division
) -> None:
    """What was decided stays decided, also where more is said to be than there was."""
    shares = shares_of(scenario, division)

    alone = plan_scenario("s", scenario, table_of([1]), "agent-0", SEED).planned
    assert sum(share.planned or 0 for share in shares.values()) == alone
    for handover in division.handovers:
        assert (shares[handover.from_agent].planned or 0) <= handover.decided["s"]


@settings(deadline=None)
@given(scenarios, divisions())
def test_every_vu_is_with_one_of_those_that_are_left(
    scenario: Scenario, division: Division
) -> None:
    plan = ScenarioPlan("s", scenario, division, SEED)
    gone = {handover.from_agent for handover in division.handovers}
    left = [plan.share(agent) for agent in division.table.agents if agent not in gone]

    ids = sorted(vu for share in left for vu in share.vu_ids().tolist())

    assert ids == list(range(1, plan.vus + 1))
    assert all(share.vu_count == share.vu_ids().size for share in left)


@settings(deadline=None)
@given(scenarios, divisions().filter(lambda division: bool(division.handovers)))
def test_who_is_left_keeps_all_that_it_has_and_gets_more_behind_it(
    scenario: Scenario, division: Division
) -> None:
    """Whoever walks goes on where he is: nothing of his own has moved or been renumbered."""
    last = division.handovers[-1]
    old, new = shares_of(scenario, before(division)), shares_of(scenario, division)

    for agent in set(division.table.agents) - {last.from_agent}:
        had, has = old[agent], new[agent]
        assert [list(one.walk()) for one in has.sources[: len(had.sources)]] == [
            list(one.walk()) for one in had.sources
        ]
        assert has.counts[: len(had.counts)] == had.counts
        assert has.vu_ids().tolist()[: had.vu_count] == had.vu_ids().tolist()
        if agent not in [heir.agent for heir in last.heirs]:
            assert (len(has.sources), has.vu_count) == (len(had.sources), had.vu_count)


@settings(deadline=None)
@given(
    st.one_of(open_scenarios, poisson_scenarios),
    divisions().filter(lambda division: bool(division.handovers)),
)
def test_a_handover_moves_exactly_what_is_planned_from_its_boundary_on(
    scenario: Scenario, division: Division
) -> None:
    last = division.handovers[-1]
    boundary = boundary_of(last.boundary_ns, scenario)
    old, new = shares_of(scenario, before(division)), shares_of(scenario, division)

    had = [moment for _, moment in arrivals_of(old[last.from_agent])]
    kept = [moment for _, moment in arrivals_of(new[last.from_agent])]
    got = [
        moment
        for heir in last.heirs
        for source in new[heir.agent].sources[len(old[heir.agent].sources) :]
        for _, moment in source.walk()
    ]

    assert sorted(kept) == sorted(moment for moment in had if moment < boundary)
    assert sorted(got) == sorted(moment for moment in had if moment >= boundary)
    assert new[last.from_agent].due_before(boundary) == len(kept)


@settings(deadline=None)
@given(open_scenarios, divisions(), st.floats(-1, 12))
def test_what_is_due_by_a_moment_is_the_same_for_all_divisions(
    scenario: Scenario, division: Division, moment: float
) -> None:
    alone = plan_scenario("s", scenario, table_of([1]), "agent-0", SEED)

    due = [share.due_before(moment) for share in shares_of(scenario, division).values()]

    assert sum(due) == alone.due_before(moment)
    assert sum(due) == sum(planned < moment for _, planned in arrivals_of(alone))


@settings(deadline=None)
@given(counted_scenarios, divisions())
def test_counted_iterations_are_all_due_once_their_scenario_has_begun(
    scenario: Scenario, division: Division
) -> None:
    for share in shares_of(scenario, division).values():
        assert (share.due_before(0.0), share.due_before(0.001)) == (0, share.planned)


@given(divisions())
def test_what_was_divided_comes_over_the_wire_as_it_was(division: Division) -> None:
    table = table_from_wire(table_to_wire(division.table))
    messages = [handover.to_wire() for handover in division.handovers]
    sent = [agent_pb2.Handover.FromString(one.SerializeToString()) for one in messages]

    assert extended(Division(table), [Handover.of(one) for one in sent]) == division


@given(divisions(), st.data())
def test_handovers_may_be_told_again_and_each_counts_once(
    division: Division, data: st.DataObject
) -> None:
    known = Division(division.table)
    for _ in range(3):
        known = extended(
            known, division.handovers[: data.draw(st.integers(0, len(division.handovers)))]
        )
    assert extended(known, division.handovers) == division


A, B, C = (ShareEntry(name) for name in "abc")
THREE = Division(ShareTable((A, B, C)))


@pytest.mark.parametrize(
    ("handovers", "says"),
    [
        ([Handover(2, "a", 0, (B,))], "epoch 2 where 1 is next"),
        ([Handover(1, "x", 0, (B,))], "x has no share to hand over"),
        ([Handover(1, "a", 0, (A,))], "a cannot inherit"),
        ([Handover(1, "a", 0, (B, ShareEntry("x")))], "x cannot inherit"),
        ([Handover(1, "a", 0, ())], "at least one agent"),
        ([Handover(1, "a", 0, (B, B))], "twice"),
        ([Handover(1, "a", 0, (ShareEntry("b", 0),))], "weight 0"),
        ([Handover(1, "a", 0, (B,)), Handover(2, "a", 0, (B,))], "a has no share to hand over"),
        ([Handover(1, "a", 0, (B,)), Handover(2, "b", 0, (A,))], "a cannot inherit"),
    ],
)
def test_a_handover_that_does_not_follow_is_refused(handovers: list[Handover], says: str) -> None:
    with pytest.raises(ProtocolViolation, match=says):
        extended(THREE, handovers)


def test_a_handover_is_found_by_who_handed_over() -> None:
    handover = Handover(1, "a", 0, (B,))
    division = THREE.after(handover)
    assert (division.epoch, THREE.epoch) == (1, 0)
    assert division.handover_of("a") == handover
    assert division.handover_of("b") is None


def test_an_heir_without_a_vu_inherits_nothing_to_start() -> None:
    """Two VUs for three agents: the one of `b` goes to `a`, and all that it was to carry out."""
    division = THREE.after(Handover(1, "b", 4_000_000_000, (A, C)))
    shares = shares_of(constant_rate(10, 8, 2), division)
    assert {agent: share.vu_count for agent, share in shares.items() if agent != "b"} == {
        "a": 2,
        "c": 0,
    }
    assert {agent: share.planned for agent, share in shares.items()} == {"a": 60, "b": 20, "c": 0}


def test_a_boundary_is_a_moment_of_the_scenario() -> None:
    scenario = constant_rate(10, 8, 4, start_time=3)
    assert boundary_of(3_500_000_000, scenario) == 0.5
    assert boundary_of(1_000_000_000, scenario) == -2.0
    assert boundary_of(1, constant_rate(1, 1, 1)) == float(Fraction(1, 10**9))
