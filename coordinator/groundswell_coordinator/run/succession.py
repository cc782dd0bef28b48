"""Who was lost or left during a run, to whom their shares went, and what of them nobody carried out."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from groundswell.schedule.division import Division, Handover
from groundswell.schedule.scenario_plan import plan_scenario
from groundswell.schedule.shares import ShareEntry
from groundswell_coordinator.timeline.accounts import Loss

if TYPE_CHECKING:
    from collections.abc import Collection, Iterable, Mapping

    from groundswell.scenario.model import Test
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
    ) -> None:
        self._test = test
        self._seed = seed
        self._weights = {entry.agent: entry.weight for entry in table.entries}
        self.division = Division(table, tuple(handovers))
        self._lost = {one.agent: one for one in lost}

    @property
    def lost(self) -> Collection[str]:
        return self._lost.keys()

    @property
    def moved(self) -> Collection[str]:
        """Whose share has been handed over."""
        return [handover.from_agent for handover in self.division.handovers]

    def lose(self, agent: LostAgent) -> None:
        self._lost[agent.agent] = agent

    def plan(
        self, agent: str, heirs: Collection[str], boundary_ns: int, decided: Mapping[str, int]
    ) -> Handover:
        """The next handover. It holds from `take` on, so that it can be stored before."""
        entries = tuple(
            ShareEntry(name, weight) for name, weight in self._weights.items() if name in heirs
        )
        return Handover(self.division.epoch + 1, agent, boundary_ns, entries, dict(decided))

    def take(self, handover: Handover) -> None:
        self.division = self.division.after(handover)

    def losses(self, timeline: Timeline, stopped_at: float | None) -> tuple[Loss, ...]:
        """What every loss cost by now; late reports make it less.

        Only what was planned before the run was stopped, in seconds of the run, can be missing.
        """
        found: list[Loss] = []
        for record in timeline.agents:
            lost = self._lost.get(record.name)
            if lost is not None:
                found.append(self._loss(lost, stopped_at))
            elif self._ended_too_early(record):
                found.append(self._untaken(record, stopped_at))
        return tuple(found)

    def _loss(self, lost: LostAgent, stopped_at: float | None) -> Loss:
        has_moved = self.division.handover_of(lost.agent) is not None
        due, owned = self._plan_of(lost.agent, lost.lease_end, stopped_at)
        return Loss(lost.incarnation, lost.agent, reshared=has_moved, due=due, owned=owned)

    def _ended_too_early(self, record: AgentRecord) -> bool:
        """Whether it inherited something after it had ended, or too late to hear of it."""
        newest = max(
            (
                handover.epoch
                for handover in self.division.handovers
                if any(heir.agent == record.name for heir in handover.heirs)
            ),
            default=0,
        )
        return record.has_ended and record.epoch < newest

    def _untaken(self, record: AgentRecord, stopped_at: float | None) -> Loss:
        _, owned = self._plan_of(record.name, 0.0, stopped_at)
        return Loss(record.incarnation, record.name, reshared=True, is_gone=False, owned=owned)

    def _plan_of(
        self, agent: str, until: float, stopped_at: float | None
    ) -> tuple[dict[str, int], dict[str, int]]:
        """By scenario: how many of the agent's were due by `until`, and how many it had in all."""
        due: dict[str, int] = {}
        owned: dict[str, int] = {}
        for name, scenario in self._test.scenarios.items():
            share = plan_scenario(name, scenario, self.division, agent, self._seed)
            if share.planned is None:
                continue
            start = float(share.start_time)
            whole = share.planned if stopped_at is None else share.due_before(stopped_at - start)
            owned[name] = whole
            due[name] = min(whole, share.due_before(until - start))
        return due, owned
