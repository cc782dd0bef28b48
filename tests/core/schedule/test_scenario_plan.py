from __future__ import annotations

from fractions import Fraction
from typing import TYPE_CHECKING

from hypothesis import given, settings
from hypothesis import strategies as st

from groundswell.schedule.arrival_source import PoissonSource
from groundswell.schedule.division import Division
from groundswell.schedule.rate import RateCurve
from groundswell.schedule.scenario_plan import ScenarioPlan, ScenarioShare, plan_scenario
from groundswell.schedule.vus import VuCurve
from tests.core.schedule.scenarios import (
    arrivals_of,
    constant_rate,
    constant_vus,
    per_vu_iterations,
    ramping_rate,
    ramping_vus,
    shared_iterations,
)
from tests.core.schedule.strategies import table_of, tables

if TYPE_CHECKING:
    from groundswell.scenario.model import Scenario
    from groundswell.schedule.shares import ShareTable

scenarios: st.SearchStrategy[Scenario] = st.one_of(
    st.builds(constant_vus, st.integers(1, 200)),
    st.integers(0, 200).map(lambda vus: ramping_vus(3, (5, vus), (5, 2))),
    st.builds(shared_iterations, st.integers(1, 200), st.integers(1, 900)),
    st.builds(per_vu_iterations, st.integers(1, 200), st.integers(1, 9)),
    st.builds(
        constant_rate, st.fractions(0, 90, max_denominator=60), st.just(7), st.integers(1, 99)
    ),
    st.integers(1, 99).map(lambda vus: ramping_rate(5, (3, 90), (0, 20), (4, 0), max_vus=vus)),
)


@settings(deadline=None)
@given(scenarios, tables)
def test_each_vu_belongs_to_one_agent(scenario: Scenario, table: ShareTable) -> None:
    plan = plan_of(scenario, table)
    shares = _shares(plan)

    ids = sorted(vu for share in shares for vu in share.vu_ids().tolist())

    assert ids == list(range(1, plan.vus + 1))
    assert all(share.vu_count == share.vu_ids().size for share in shares)


@settings(deadline=None)
@given(scenarios, tables)
def test_the_parts_of_the_plan_add_up_to_the_plan_of_one(
    scenario: Scenario, table: ShareTable
) -> None:
    alone = plan_scenario("s", scenario, table_of([1]), "agent-0", 1).planned
    parts = [share.planned for share in _shares(plan_of(scenario, table))]

    if alone is None:
        assert set(parts) == {None}
    else:
        assert sum(part or 0 for part in parts) == alone


@settings(deadline=None)
@given(scenarios, tables)
def test_an_agent_without_a_vu_has_nothing_to_start(scenario: Scenario, table: ShareTable) -> None:
    for share in _shares(plan_of(scenario, table)):
        if not share.vu_count:
            assert not share.planned
            assert arrivals_of(share) == []
            assert sum(share.counts) == 0


@settings(deadline=None)
@given(tables, st.integers(1, 60))
def test_open_arrivals_are_owned_in_proportion_to_vus(table: ShareTable, max_vus: int) -> None:
    scenario = constant_rate(200, 5, max_vus)

    for share in _shares(plan_of(scenario, table)):
        assert share.planned is not None
        assert abs(share.planned * max_vus - 1000 * share.vu_count) < max_vus


@settings(deadline=None)
@given(tables)
def test_open_shares_unite_to_the_plan_of_one_event_for_event(table: ShareTable) -> None:
    scenario = ramping_rate(5, (3, 90), (0, 20), (4, 0), max_vus=17)
    alone = plan_scenario("s", scenario, table_of([1]), "agent-0", 1)

    united = [pair for share in _shares(plan_of(scenario, table)) for pair in arrivals_of(share)]

    assert sorted(united) == arrivals_of(alone)


def test_shared_iterations_are_striped_by_vus() -> None:
    table = table_of([3, 1])
    shares = _shares(plan_of(shared_iterations(4, 10), table))

    assert [share.vu_count for share in shares] == [3, 1]
    assert [share.planned for share in shares] in ([7, 3], [8, 2])


def test_each_vu_of_per_vu_iterations_has_its_own() -> None:
    shares = _shares(plan_of(per_vu_iterations(3, 20), table_of([1, 1])))

    assert [share.planned for share in shares] == [40, 20]


def test_executors_that_go_by_time_have_a_curve_and_no_plan() -> None:
    share = plan_scenario("s", ramping_vus(1, (10, 8)), table_of([1, 1]), "agent-1", 1)

    assert isinstance(share.curve, VuCurve)
    assert (share.planned, share.vu_count, share.curve.peak) == (None, 4, 8)
    assert (share.sources, share.counts) == ((), ())


def test_a_share_tells_when_it_starts_and_how_long_it_lasts() -> None:
    scenario = constant_rate(10, 60, 10, start_time=30)
    share = plan_scenario("s", scenario, table_of([1]), "agent-0", 1)

    assert share.start_time == 30
    assert share.duration == 60
    assert isinstance(share.curve, RateCurve)


def test_the_vus_of_a_stage_without_duration_are_nobodys() -> None:
    share = plan_scenario("s", ramping_vus(5, (0, 9)), table_of([1]), "agent-0", 1)

    assert share.vu_count == 0


def test_poisson_shares_plan_what_they_draw() -> None:
    scenario = constant_rate(50, 20, 10, arrivals="poisson")
    shares = _shares(ScenarioPlan("s", scenario, Division(table_of([2, 2, 1])), "seed"))

    drawn = [len(arrivals_of(share)) for share in shares]

    assert drawn == [share.planned for share in shares]
    assert 700 < sum(drawn) < 1300
    sources = [share.sources[0] for share in shares]
    assert all(isinstance(source, PoissonSource) for source in sources)
    assert [source.part for source in sources if isinstance(source, PoissonSource)] == [
        Fraction(2, 5),
        Fraction(2, 5),
        Fraction(1, 5),
    ]


def test_poisson_streams_depend_on_the_seed_of_the_run() -> None:
    scenario = constant_rate(50, 20, 10, arrivals="poisson")
    one, other = (
        arrivals_of(plan_scenario("s", scenario, table_of([1]), "agent-0", seed)) for seed in (1, 2)
    )

    assert one != other


def plan_of(scenario: Scenario, table: ShareTable) -> ScenarioPlan:
    return ScenarioPlan("s", scenario, Division(table), 1)


def _shares(plan: ScenarioPlan) -> list[ScenarioShare]:
    return [plan.share(agent) for agent in plan.division.table.agents]
