"""The plan of a test over agents, as plain data to print: who would do what, before any load."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from groundswell.scenario.model import OpenScenario, SharedIterations
from groundswell.schedule.division import Division
from groundswell.schedule.rate import RateCurve
from groundswell.schedule.row_plan import DataOutline, data_outlines
from groundswell.schedule.scenario_plan import ScenarioPlan
from groundswell.schedule.shape import planned_duration, run_duration, run_duration_with_grace
from groundswell.schedule.shares import ShareEntry, ShareTable

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from groundswell.scenario.model import Scenario, Test
    from groundswell.schedule.vus import VuCurve

SAMPLES = 60
# With fewer VUs, one slow iteration takes more than 10 % of what its agent can carry.
FEWEST_VUS = 10


@dataclass(frozen=True, slots=True)
class AgentPlan:
    """One agent's part of a scenario; `planned` is None for an executor without a plan."""

    agent: str
    vus: int
    planned: int | None


@dataclass(frozen=True, slots=True)
class PlanPoint:
    """The planned load at `t` seconds from the scenario's start: iterations per second, or VUs."""

    t: float
    value: float


@dataclass(frozen=True, slots=True)
class ScenarioOutline:
    """One scenario over all agents; times in seconds.

    `drawn`: `planned` is what the seeded streams of the agents draw, not the area under the curve.
    """

    name: str
    executor: str
    start_time: float
    duration: float
    vus: int
    planned: int | None
    drawn: bool
    curve_unit: str
    curve: tuple[PlanPoint, ...]
    agents: tuple[AgentPlan, ...]
    warnings: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class PlanTable:
    """A test over its agents; times in seconds."""

    test: str
    duration: float
    duration_with_grace: float
    scenarios: tuple[ScenarioOutline, ...]
    data: tuple[DataOutline, ...] = ()


def plan_table(test: Test, entries: Sequence[ShareEntry], seed: int | str) -> PlanTable:
    """Every scenario of `test`, divided over `entries`. Poisson arrivals are drawn and counted."""
    division = Division(ShareTable(tuple(entries)))
    scenarios = test.scenarios.values()
    plans = [
        ScenarioPlan(name, scenario, division, seed) for name, scenario in test.scenarios.items()
    ]
    return PlanTable(
        test=test.test,
        duration=float(run_duration(scenarios)),
        duration_with_grace=float(run_duration_with_grace(scenarios)),
        scenarios=tuple(map(_outline, plans)),
        data=tuple(data_outlines(test, division, seed, plans)),
    )


def _outline(plan: ScenarioPlan) -> ScenarioOutline:
    agents = tuple(_agent_plan(plan, agent) for agent in plan.division.table.agents)
    scenario = plan.scenario
    return ScenarioOutline(
        name=plan.name,
        executor=scenario.executor,
        start_time=float(scenario.start_time),
        duration=float(planned_duration(scenario)),
        vus=plan.vus,
        planned=_total(agents),
        drawn=isinstance(scenario, OpenScenario) and scenario.arrivals == "poisson",
        curve_unit="iterations/s" if isinstance(plan.curve, RateCurve) else "VUs",
        curve=tuple(_sample(plan.curve)),
        agents=agents,
        warnings=tuple(_warnings(scenario, agents)),
    )


def _agent_plan(plan: ScenarioPlan, agent: str) -> AgentPlan:
    share = plan.share(agent)
    return AgentPlan(agent, share.vu_count, share.planned)


def _total(agents: Sequence[AgentPlan]) -> int | None:
    planned = [agent.planned for agent in agents if agent.planned is not None]
    return sum(planned) if planned else None


def _sample(curve: RateCurve | VuCurve) -> Iterator[PlanPoint]:
    """The middles of equal spans: none is at the end, where a curve has no value."""
    value = curve.rate_at if isinstance(curve, RateCurve) else curve.at
    for point in range(SAMPLES):
        t = curve.duration * (2 * point + 1) / (2 * SAMPLES)
        if curve.duration:
            yield PlanPoint(float(t), float(value(t)))


def _warnings(scenario: Scenario, agents: Sequence[AgentPlan]) -> Iterator[str]:
    idle = sum(1 for agent in agents if not agent.vus)
    if idle:
        yield f"{idle} of {len(agents)} agents have no VU and do nothing"
    few = [agent.vus for agent in agents if 0 < agent.vus < FEWEST_VUS]
    if few and isinstance(scenario, OpenScenario):
        yield (
            f"{len(few)} of {len(agents)} agents have fewer than {FEWEST_VUS} VUs, the fewest "
            f"{min(few)}: they drop arrivals when iterations take long; "
            "raise max_vus or use fewer agents"
        )
    spare = sum(1 for agent in agents if agent.vus and agent.planned == 0)
    if spare and isinstance(scenario, OpenScenario | SharedIterations):
        yield f"{spare} of {len(agents)} agents have VUs and no iteration to start"
