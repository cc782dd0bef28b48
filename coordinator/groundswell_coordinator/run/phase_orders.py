"""Orders setup and teardown of one agent each, and hears what came of them."""

from __future__ import annotations

from typing import TYPE_CHECKING

from groundswell_coordinator.run.events import Phase, PhaseEnded
from groundswell_coordinator.run.phases import PhaseRecord, check_performed

if TYPE_CHECKING:
    from groundswell.v1 import agent_pb2
    from groundswell_coordinator.run.archive import Archive
    from groundswell_coordinator.run.broadcast import Broadcast
    from groundswell_coordinator.run.crew import Crew
    from groundswell_coordinator.run.phases import PhaseLog


class PhaseOrders:
    """Of one run, from the moment its agents are chosen. `log` is what is known of both."""

    def __init__(self, log: PhaseLog, crew: Crew, archive: Archive, broadcast: Broadcast) -> None:
        self.log = log
        self._crew = crew
        self._archive = archive
        self._broadcast = broadcast

    async def give(self, agent: str, phase: Phase) -> None:
        """Stored before the agent hears of it, so that no other is ever told to do it, too."""
        if not self._is_of(agent, phase):
            ordered = self.log.order(phase, agent)
            await self._archive.event(phase.value, ordered.message, agent, ordered.detail)
        self._crew.perform(agent, phase)

    def repeat(self, agent: str, phase: Phase) -> None:
        """If it is this agent's: the order, or the answer, may have been lost with its stream."""
        if self._is_of(agent, phase):
            self._crew.perform(agent, phase)

    async def take(self, agent: str, phase: Phase, said: agent_pb2.Performed) -> PhaseEnded:
        """What came of it; ProtocolViolation as by `check_performed`."""
        check_performed(said, phase, self._is_of(agent, phase))
        record = PhaseRecord.of(agent, phase, said)
        self.log.end(record)
        await self._archive.event(phase.value, record.message, agent, record.detail)
        if record.failure and phase is Phase.TEARDOWN:
            self._broadcast.notice("teardown_failed", record.message)
        elif not record.failure:
            self._broadcast.notice(phase.value, record.line)
        if phase is Phase.SETUP and not record.failure:
            self._crew.give_setup_result(said.result)
        return PhaseEnded(agent, phase, record.failure, record.why, said.hint)

    def _is_of(self, agent: str, phase: Phase) -> bool:
        return self.log.performers.get(phase) == agent
