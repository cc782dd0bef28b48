"""One scenario divided into the shares of agents.

VUs are striped by the agents' weights. What a scenario counts besides (open arrivals, shared
iterations) is striped by the VUs that each agent got, because a VU is what carries it out: an agent
without a VU owns none.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from fractions import Fraction
from typing import TYPE_CHECKING

from groundswell.scenario.model import OpenScenario, PerVuIterations, SharedIterations
from groundswell.schedule.arrivals import Arrivals, even, poisson, poisson_total, stream_seed
from groundswell.schedule.rate import RateCurve
from groundswell.schedule.shape import curve_of, peak_vus, planned_duration
from groundswell.schedule.stripe import EMPTY, IndexArray, Stripe

if TYPE_CHECKING:
    from groundswell.scenario.model import Scenario
    from groundswell.schedule.shares import ShareTable
    from groundswell.schedule.vus import VuCurve


@dataclass(frozen=True, slots=True)
class ScenarioShare:
    """One agent's part of one scenario.

    `vus` are indices over all agents, the first `vu_count` of which exist. `iterations` are the
    indices of its arrivals or of its shared iterations, empty for the other executors. `curve` is
    the whole scenario's, not the agent's part of it.
    """

    name: str
    scenario: Scenario
    vus: Stripe
    vu_count: int
    part: Fraction
    iterations: Stripe
    curve: RateCurve | VuCurve
    seed: int

    @property
    def start_time(self) -> Fraction:
        return self.scenario.start_time

    @property
    def duration(self) -> Fraction:
        """Seconds from the scenario's start, graceful stop not included."""
        return planned_duration(self.scenario)

    @property
    def is_poisson(self) -> bool:
        return isinstance(self.scenario, OpenScenario) and self.scenario.arrivals == "poisson"

    @property
    def planned(self) -> int | None:
        """The iterations this agent is to start; None for constant-vus and ramping-vus.

        Poisson arrivals are drawn anew on every call, to be counted.
        """
        if isinstance(self.curve, RateCurve):
            if self.is_poisson:
                return poisson_total(self.curve, self.part, self.seed)
            return self.iterations.count_below(self.curve.planned)
        if isinstance(self.scenario, SharedIterations):
            return self.iterations.count_below(self.scenario.iterations)
        if isinstance(self.scenario, PerVuIterations):
            return self.vu_count * self.scenario.iterations
        return None

    def vu_ids(self) -> IndexArray:
        """The VUs it owns, by their numbers from 1, as in `VuCurve.spells`."""
        return self.vus.slice(0, self.vu_count) + 1

    def arrivals(self) -> Arrivals:
        """A fresh walk over its planned moments; for open executors."""
        if not isinstance(self.curve, RateCurve):
            raise TypeError(f"{self.scenario.executor} has no arrivals")
        if self.is_poisson:
            return poisson(self.curve, self.part, self.seed)
        return even(self.curve, self.iterations)


@dataclass(frozen=True, slots=True)
class ScenarioPlan:
    """What is the same for every agent of one scenario, worked out once."""

    name: str
    scenario: Scenario
    table: ShareTable
    seed: int | str
    vus: int = field(init=False)
    curve: RateCurve | VuCurve = field(init=False)
    by_vus: ShareTable | None = field(init=False, repr=False)

    def __post_init__(self) -> None:
        vus = peak_vus(self.scenario)
        strided = vus and isinstance(self.scenario, OpenScenario | SharedIterations)
        object.__setattr__(self, "vus", vus)
        object.__setattr__(self, "curve", curve_of(self.scenario))
        object.__setattr__(self, "by_vus", self.table.by_counts_below(vus) if strided else None)

    def share(self, agent: str) -> ScenarioShare:
        vus = self.table.stripe(agent)
        vu_count = vus.count_below(self.vus)
        return ScenarioShare(
            name=self.name,
            scenario=self.scenario,
            vus=vus,
            vu_count=vu_count,
            part=Fraction(vu_count, self.vus) if self.vus else Fraction(0),
            iterations=self.by_vus.stripe(agent) if self.by_vus else EMPTY,
            curve=self.curve,
            seed=stream_seed(self.seed, self.name, agent),
        )


def plan_scenario(
    name: str, scenario: Scenario, table: ShareTable, agent: str, seed: int | str
) -> ScenarioShare:
    """One agent's part of one scenario. For the parts of many agents keep a `ScenarioPlan`."""
    return ScenarioPlan(name, scenario, table, seed).share(agent)
