"""Who was lost or left during a run, to whom their shares went, and what of them nobody carried out."""

from __future__ import annotations

from dataclasses import dataclass
from fractions import Fraction
from typing import TYPE_CHECKING

from groundswell.schedule.division import Division, Handover
from groundswell.schedule.scenario_plan import ScenarioPlan
from groundswell.schedule.share_loads import ShareLoads
from groundswell_coordinator.timeline.accounts import Loss

if TYPE_CHECKING:
    from collections.abc import Collection, Iterable, Mapping

    from groundswell.load_guard import LoadGuard
    from groundswell.scenario.model import Test
    from groundswell.schedule.levels import Level
    from groundswell.schedule.shares import ShareTable
    from groundswell_coordinator.timeline.agent_record import AgentRecord
    from groundswell_coordinator.timeline.timeline import Timeline


@dataclass(frozen=True, slots=True)
class LostAgent:
    """`lease_end` is in seconds of the run, on the coordinator's view."""

    agent: str
    incarnation: str
    lease_end: float


class Succession:
    """One run's. Everything follows from the table, the handovers and the losses, so it can be restored."""

    def __init__(
        self,
        test: Test,
        table: ShareTable,
        seed: int,
        *,
        handovers: Iterable[Handover] = (),
        lost: Iterable[LostAgent] = (),
        levels: Iterable[Level] = (),
        unclaimed: Iterable[str] = (),
    ) -> None:
        self._test = test
        self._seed = seed
        self.division = Division(table, tuple(handovers), tuple(levels))
        self._lost = {one.agent: one for one in lost}
        # Whose share is more than any other agent carries.
        self.unclaimed = set(unclaimed)

    @property
    def lost(self) -> Collection[str]:
        return self._lost.keys()

    @property
    def moved(self) -> Collection[str]:
        """Whose share has been handed over."""
        return [handover.from_agent for handover in self.division.handovers]

    @property
    def settled(self) -> Collection[str]:
        """Whose share is decided of: it has been handed over, or is nobody's."""
        return {*self.moved, *self.unclaimed}

    def lose(self, agent: LostAgent) -> None:
        self._lost[agent.agent] = agent

    def carriers(
        self,
        agent: str,
        heirs: Collection[str],
        boundary_ns: int,
        guards: Mapping[str, LoadGuard],
    ) -> Collection[str]:
        """Those of `heirs` that carry their part of the agent's share beside their own; none, if it is too much
        for all.

        Who does not is left out, and the others are asked again, as each gets more then.
        """
        since = Fraction(boundary_ns, 10**9)
        while heirs:
            handover = self.plan(agent, heirs, boundary_ns, {})
            division = self.division.after(handover)
            loads = ShareLoads(self._test.scenarios, division, self._seed, since)
            able = [
                heir for heir in heirs if heir not in guards or guards[heir].allows(loads.of(heir))
            ]
            if len(able) == len(heirs):
                break
            heirs = able
        return heirs

    def plan(
        self, agent: str, heirs: Collection[str], boundary_ns: int, decided: Mapping[str, int]
    ) -> Handover:
        """The next handover. It holds from `take` on, so that it can be stored before."""
        entries = tuple(one for one in self.division.table.entries if one.agent in heirs)
        return Handover(self.division.epoch + 1, agent, boundary_ns, entries, dict(decided))

    def take(self, handover: Handover) -> None:
        self.division = self.division.after(handover)

    def rise(self, level: Level) -> None:
        """A search goes on with this level."""
        self.division = self.division.raised(level)

    def losses(self, timeline: Timeline, stopped_at: float | None) -> tuple[Loss, ...]:
        """What every loss cost by now; late reports make it less.

        Only what was planned before the run was stopped, in seconds of the run, can be missing.
        """
        plans = self._plans()
        found = (self._loss_of(record, plans, stopped_at) for record in timeline.agents)
        return tuple(loss for loss in found if loss is not None)

    def _loss_of(self, record: AgentRecord, plans: _Plans, stopped_at: float | None) -> Loss | None:
        lost = self._lost.get(record.name)
        if lost is not None:
            has_moved = self.division.handover_of(lost.agent) is not None
            due, owned = _plan_of(plans, lost.agent, lost.lease_end, stopped_at)
            return Loss(
                lost.incarnation,
                lost.agent,
                reshared=has_moved,
                due=due,
                owned=owned,
                repeatable=self._repeatable(lost.agent),
            )
        if not record.has_ended:
            return None
        if self._missed_something(record):
            _, owned = _plan_of(plans, record.name, 0.0, stopped_at)
            return Loss(record.incarnation, record.name, reshared=True, is_gone=False, owned=owned)
        return self._unfinished(record, plans) if stopped_at is None else None

    def _missed_something(self, record: AgentRecord) -> bool:
        """Whether it inherited something after it had ended, or too late to hear of it."""
        newest = max(
            (
                handover.epoch
                for handover in self.division.handovers
                if any(heir.agent == record.name for heir in handover.heirs)
            ),
            default=0,
        )
        return record.epoch < newest

    def _unfinished(self, record: AgentRecord, plans: _Plans) -> Loss | None:
        """It ended in order, but before its share: its lease was over, or it left and had no heir."""
        _, owned = _plan_of(plans, record.name, 0.0, None)
        latest = record.book.latest
        decided = {name: latest[name].planned if name in latest else 0 for name in owned}
        if all(decided[name] >= whole for name, whole in owned.items()):
            return None
        has_moved = self.division.handover_of(record.name) is not None
        return Loss(record.incarnation, record.name, reshared=has_moved, owned=owned)

    def _repeatable(self, agent: str) -> dict[str, int]:
        """Of scenarios that count iterations: how many moved to the agent's heirs."""
        handover = self.division.handover_of(agent)
        if handover is None:
            return {}
        earlier = [one for one in self.division.handovers if one.epoch < handover.epoch]
        shares = (
            plan.share(agent) for plan in self._plans(Division(self.division.table, tuple(earlier)))
        )
        return {
            share.name: max(0, (share.planned or 0) - handover.decided.get(share.name, 0))
            for share in shares
            if share.counts
        }

    def _plans(self, division: Division | None = None) -> _Plans:
        return [
            ScenarioPlan(name, scenario, division or self.division, self._seed)
            for name, scenario in self._test.scenarios.items()
        ]


_Plans = list[ScenarioPlan]


def _plan_of(
    plans: _Plans, agent: str, until: float, stopped_at: float | None
) -> tuple[dict[str, int], dict[str, int]]:
    """By scenario: how many of the agent's were due by `until`, and how many it had in all."""
    due: dict[str, int] = {}
    owned: dict[str, int] = {}
    for plan in plans:
        share = plan.share(agent)
        if share.planned is None:
            continue
        start = float(share.start_time)
        whole = share.planned if stopped_at is None else share.due_before(stopped_at - start)
        owned[plan.name] = whole
        due[plan.name] = min(whole, share.due_before(until - start))
    return due, owned
