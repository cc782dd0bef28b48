from __future__ import annotations

from dataclasses import asdict
from json import dumps

import pytest

from groundswell.scenario import model
from groundswell.schedule.plan import AgentPlan, PlanTable, plan_table
from groundswell.schedule.shares import ShareEntry
from tests.core.schedule.scenarios import (
    constant_rate,
    constant_vus,
    per_vu_iterations,
    ramping_rate,
    ramping_vus,
    shared_iterations,
)


def test_every_scenario_is_divided_over_all_agents() -> None:
    plan = _plan([2, 1], open=constant_rate(100, 60, 30), closed=constant_vus(3, 90))
    arrivals, vus = plan.scenarios

    assert (plan.test, plan.duration, plan.duration_with_grace) == ("t", 90.0, 120.0)
    assert (arrivals.name, arrivals.executor) == ("open", "constant-arrival-rate")
    assert arrivals.planned == 6000
    assert arrivals.agents == (AgentPlan("a0", 20, 4000), AgentPlan("a1", 10, 2000))
    assert [(a.vus, a.planned) for a in vus.agents] == [(2, None), (1, None)]
    assert vus.planned is None


def test_the_curve_is_sampled_in_at_most_60_points() -> None:
    plan = _plan([1], open=ramping_rate(0, (60, 120)), closed=ramping_vus(0, (60, 60)))
    rates, vus = plan.scenarios

    assert [(p.t, p.value) for p in rates.curve[:2]] == [(0.5, 1.0), (1.5, 3.0)]
    assert [(p.t, p.value) for p in vus.curve[-2:]] == [(58.5, 58.0), (59.5, 59.0)]
    assert len(rates.curve) == len(vus.curve) == 60
    assert (rates.curve_unit, vus.curve_unit) == ("iterations/s", "VUs")


def test_poisson_plans_are_said_to_be_drawn() -> None:
    (drawn,) = _plan([1, 1], s=constant_rate(10, 60, 30, arrivals="poisson")).scenarios

    assert drawn.drawn
    assert drawn.planned == sum(agent.planned or 0 for agent in drawn.agents)
    assert drawn.planned != 600


def test_few_vus_of_an_agent_are_warned_of() -> None:
    (few,) = _plan([1, 1], s=constant_rate(100, 10, 19)).scenarios
    (enough,) = _plan([1, 1], s=constant_rate(100, 10, 20)).scenarios

    assert few.warnings == (
        "1 of 2 agents have fewer than 10 VUs, the fewest 9: they drop arrivals when iterations "
        "take long; raise max_vus or use fewer agents",
    )
    assert enough.warnings == ()


def test_agents_with_nothing_to_do_are_warned_of() -> None:
    (no_vus,) = _plan([1] * 4, s=per_vu_iterations(3, 5)).scenarios
    (no_iterations,) = _plan([1] * 4, s=shared_iterations(8, 3)).scenarios

    assert no_vus.warnings == ("1 of 4 agents have no VU and do nothing",)
    assert no_iterations.warnings == ("1 of 4 agents have VUs and no iteration to start",)


@pytest.mark.parametrize("vus", [5_000, 7_777, 100_000])
def test_thousands_of_agents_are_planned_to_the_last_arrival(vus: int) -> None:
    weights = [1 + n * 7919 % 7 for n in range(5_000)]
    (outline,) = _plan(weights, s=ramping_rate(0, (60, 10_000), (60, 0), max_vus=vus)).scenarios

    assert sum(agent.vus for agent in outline.agents) == vus
    assert outline.planned == 600_000


def test_a_plan_is_plain_data() -> None:
    plan = _plan([1, 1], a=constant_rate(10, 5, 9), b=shared_iterations(2, 3))

    assert '"planned": 50' in dumps(asdict(plan))


def _plan(weights: list[int], **scenarios: model.Scenario) -> PlanTable:
    test = model.Test(test="t", target="http://localhost", scenarios=scenarios)
    return plan_table(test, [ShareEntry(f"a{i}", w) for i, w in enumerate(weights)], seed=1)
