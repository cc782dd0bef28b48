"""One scenario divided into the shares of agents.

VUs are striped by the agents' weights. What a scenario counts besides (open arrivals, shared
iterations) is striped by the VUs that each agent got, because a VU is what carries it out: an agent
without a VU owns none. The same goes for what moves when a share is handed over.
"""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from fractions import Fraction
from itertools import chain
from typing import TYPE_CHECKING

import numpy as np

from groundswell.scenario.model import (
    OpenScenario,
    PerVuIterations,
    SearchedArrivalRate,
    SharedIterations,
)
from groundswell.schedule.arrival_source import ArrivalSource, EvenSource, PoissonSource
from groundswell.schedule.arrivals import stream_seed
from groundswell.schedule.division import Division
from groundswell.schedule.levels import at_level
from groundswell.schedule.rate import RateCurve
from groundswell.schedule.shape import curve_of, peak_vus, planned_duration
from groundswell.schedule.shares import ShareEntry, ShareTable
from groundswell.schedule.stripe import IndexArray, Inherited, Stripe

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence

    from groundswell.scenario.model import Scenario
    from groundswell.schedule.division import Handover
    from groundswell.schedule.vus import VuCurve


@dataclass(frozen=True, slots=True)
class ScenarioShare:
    """One agent's part of one scenario.

    `vus` are stripes over the VUs of all agents, of which `peak` exist: its own, then those that it
    inherited. So are the `sources` of arrivals, for open executors, and the `counts` of iterations,
    for those that count them. `curve` is the whole scenario's, not the agent's part of it. Of an
    agent that has handed its share over, what is planned is what was to stay with it. Of a scenario
    that a search raises, the sources of each level so far are in `levels`.
    """

    name: str
    scenario: Scenario
    peak: int
    vus: tuple[Stripe, ...]
    curve: RateCurve | VuCurve
    sources: tuple[ArrivalSource, ...] = ()
    counts: tuple[int, ...] = ()
    levels: tuple[tuple[ArrivalSource, ...], ...] = ()

    @property
    def start_time(self) -> Fraction:
        return self.scenario.start_time

    @property
    def duration(self) -> Fraction:
        """Seconds from the scenario's start, graceful stop not included."""
        return planned_duration(self.scenario)

    @property
    def vu_count(self) -> int:
        return self.vus_below(self.peak)

    def vus_below(self, vus: int) -> int:
        """How many of the first `vus` of all agents are its own."""
        return sum(stripe.count_below(vus) for stripe in self.vus)

    @property
    def planned(self) -> int | None:
        """The iterations this agent is to start; None for constant-vus and ramping-vus.

        Poisson arrivals are drawn anew on every call, to be counted.
        """
        if isinstance(self.curve, RateCurve):
            return sum(source.planned for source in self._all_sources)
        return sum(self.counts) if _counts_iterations(self.scenario) else None

    def due_before(self, moment: float) -> int:
        """How many of those are planned before `moment`, in seconds from the scenario's start.

        Counted iterations have no moments: all are due from the scenario's start on.
        """
        if isinstance(self.curve, RateCurve):
            return sum(source.planned_before(moment) for source in self._all_sources)
        return sum(self.counts) if moment > 0 else 0

    @property
    def _all_sources(self) -> Iterable[ArrivalSource]:
        return chain(self.sources, *self.levels)

    @property
    def part(self) -> Fraction:
        """Of the whole scenario's arrival rate, at any moment; 0 where it has none."""
        return sum((source.share for source in self.sources), Fraction(0))

    def vu_ids(self) -> IndexArray:
        """The VUs it owns, by their numbers from 1, as in `VuCurve.spells_of`; its own come first."""
        own = [stripe.slice(0, stripe.count_below(self.peak)) for stripe in self.vus]
        return np.concatenate([*own, np.empty(0, dtype=np.int64)]) + 1


@dataclass(frozen=True, slots=True)
class ScenarioPlan:
    """What is the same for every agent of one scenario, worked out once."""

    name: str
    scenario: Scenario
    division: Division
    seed: int | str
    vus: int = field(init=False)
    curve: RateCurve | VuCurve = field(init=False)
    _by_vus: ShareTable | None = field(init=False, repr=False)
    # Of every agent that a handover names.
    _moved: dict[str, ScenarioShare] = field(init=False, repr=False)
    _levels: tuple[ScenarioPlan, ...] = field(init=False, repr=False)

    def __post_init__(self) -> None:
        vus = peak_vus(self.scenario)
        strided = vus and isinstance(self.scenario, OpenScenario | SharedIterations)
        table = self.division.table
        object.__setattr__(self, "vus", vus)
        object.__setattr__(self, "curve", curve_of(self.scenario))
        object.__setattr__(self, "_by_vus", table.by_counts_below(vus) if strided else None)
        object.__setattr__(self, "_moved", {})
        object.__setattr__(self, "_levels", tuple(self._plans_of_levels()))
        for handover in self.division.handovers:
            self._hand_over(handover)

    def share(self, agent: str) -> ScenarioShare:
        share = self._moved.get(agent) or self._first_share(agent)
        if not self._levels:
            return share
        return replace(share, levels=tuple(plan.share(agent).sources for plan in self._levels))

    def _plans_of_levels(self) -> Iterator[ScenarioPlan]:
        """Each as a scenario of its own, so that a handover moves it like any other."""
        if not isinstance(self.scenario, SearchedArrivalRate):
            return
        division = replace(self.division, levels=())
        for level in self.division.levels:
            # A stream of chance of its own, too.
            seed = f"{self.seed}/{level.number}"
            yield ScenarioPlan(self.name, at_level(self.scenario, level), division, seed)

    def _first_share(self, agent: str) -> ScenarioShare:
        """As the run began."""
        vus = self.division.table.stripe(agent)
        share = ScenarioShare(
            name=self.name,
            scenario=self.scenario,
            peak=self.vus,
            vus=(vus,),
            curve=self.curve,
        )
        if isinstance(self.curve, RateCurve):
            return replace(share, sources=self._first_sources(agent, share, self.curve))
        return replace(share, counts=self._first_counts(agent, share))

    def _first_sources(
        self, agent: str, share: ScenarioShare, curve: RateCurve
    ) -> tuple[ArrivalSource, ...]:
        if self._by_vus is None:
            return ()
        if isinstance(self.scenario, OpenScenario) and self.scenario.arrivals == "poisson":
            part = Fraction(share.vu_count, self.vus)
            seed = stream_seed(self.seed, self.name, agent)
            return (PoissonSource.whole(curve, part, seed),)
        return (EvenSource(curve, self._by_vus.stripe(agent), curve.planned),)

    def _first_counts(self, agent: str, share: ScenarioShare) -> tuple[int, ...]:
        match self.scenario:
            case SharedIterations() if self._by_vus is not None:
                return (self._by_vus.stripe(agent).count_below(self.scenario.iterations),)
            case PerVuIterations():
                return (share.vu_count * self.scenario.iterations,)
            case _:
                return ()

    def _hand_over(self, handover: Handover) -> None:
        moment = boundary_of(handover.boundary_ns, self.scenario)
        lost = self.share(handover.from_agent)
        # Once for all heirs: to find one, a stream is drawn from its beginning.
        boundaries = [source.index_at(moment) for source in lost.sources]
        heirs = ShareTable(handover.heirs, handover.epoch)
        shares = {agent: self._with_vus_of(lost, heirs, agent) for agent in heirs.agents}
        decided = handover.decided.get(self.name, 0)
        by_vus = [ShareEntry(agent, one.vu_count) for agent, one in shares.items() if one.vu_count]
        if by_vus:
            # An heir without a VU could not carry anything out.
            able = ShareTable(tuple(by_vus), handover.epoch)
            for agent in able.agents:
                stripe = able.stripe(agent)
                shares[agent] = _heir_of(shares[agent], lost, boundaries, decided, stripe)
        self._moved.update(shares)
        self._moved[handover.from_agent] = _rest_of(lost, boundaries, decided)

    def _with_vus_of(self, lost: ScenarioShare, heirs: ShareTable, agent: str) -> ScenarioShare:
        share, heir = self.share(agent), heirs.stripe(agent)
        return replace(
            share, vus=(*share.vus, *(Inherited(stripe, 0, heir) for stripe in lost.vus))
        )


def _heir_of(
    share: ScenarioShare,
    lost: ScenarioShare,
    boundaries: Sequence[int],
    decided: int,
    heir: Stripe,
) -> ScenarioShare:
    """`boundaries` are indices, one for each source."""
    pairs = zip(lost.sources, boundaries, strict=True)
    inherited = (source.inherited(boundary, heir) for source, boundary in pairs)
    left = max(0, sum(lost.counts) - decided)
    counts = (*share.counts, heir.count_below(left)) if lost.counts else share.counts
    return replace(share, sources=(*share.sources, *inherited), counts=counts)


def _rest_of(lost: ScenarioShare, boundaries: Sequence[int], decided: int) -> ScenarioShare:
    """What stays with the agent that hands over."""
    pairs = zip(lost.sources, boundaries, strict=True)
    return replace(
        lost,
        sources=tuple(source.until(boundary) for source, boundary in pairs),
        counts=(min(decided, sum(lost.counts)),) if lost.counts else (),
    )


def boundary_of(boundary_ns: int, scenario: Scenario) -> float:
    """A boundary of the run in seconds from the scenario's start; the same float for everybody."""
    return float(Fraction(boundary_ns, 10**9) - scenario.start_time)


def _counts_iterations(scenario: Scenario) -> bool:
    return isinstance(scenario, SharedIterations | PerVuIterations)


def plan_scenario(
    name: str, scenario: Scenario, division: Division | ShareTable, agent: str, seed: int | str
) -> ScenarioShare:
    """One agent's part of one scenario. For the parts of many agents keep a `ScenarioPlan`."""
    if isinstance(division, ShareTable):
        division = Division(division)
    return ScenarioPlan(name, scenario, division, seed).share(agent)
