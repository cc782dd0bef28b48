"""Sees to the shares of a run under load: who is lost, who leaves, who takes over, and that all of them know.

What is decided here is stored before anybody hears of it, so that the next owner of the run decides
nothing else.
"""

from __future__ import annotations

import asyncio
import time
from typing import TYPE_CHECKING

from groundswell_coordinator.run.events import StopMode
from groundswell_coordinator.run.guard_log import UNCLAIMED
from groundswell_coordinator.run.succession import LostAgent

if TYPE_CHECKING:
    from collections.abc import Collection, Sequence

    from groundswell.schedule.levels import Level
    from groundswell.v1 import agent_pb2
    from groundswell_coordinator.attachment import Attachment
    from groundswell_coordinator.run.archive import Archive
    from groundswell_coordinator.run.broadcast import Broadcast
    from groundswell_coordinator.run.crew import Crew
    from groundswell_coordinator.run.events import MoveShare
    from groundswell_coordinator.run.measurement import Measurement
    from groundswell_coordinator.run.succession import Succession

# From the decision until a share moves: to be stored, and to reach everybody.
_NOTICE_S = 0.6
# Asked twenty times a second, by a coordinator that is not held up.
_HELD_S = 1.0
_PATIENCE_S = 1.0


class Steward:
    """`start_at` is T, in seconds of our monotonic clock."""

    def __init__(
        self,
        crew: Crew,
        succession: Succession,
        measurement: Measurement,
        archive: Archive,
        broadcast: Broadcast,
        start_at: float,
    ) -> None:
        self._crew = crew
        self.succession = succession
        self.measurement = measurement
        self._archive = archive
        self._broadcast = broadcast
        self._start_at = start_at
        self._next_lease_end = 0.0
        self._looked = time.monotonic()
        self._patient_until = 0.0

    def expired(self, now: float) -> Sequence[str]:
        """Whose lease has ended for certain: from now on their shares may have other owners."""
        if now - self._looked > _HELD_S:
            # We were held up ourselves: what agents said meanwhile waits to be read, and is read first.
            self._patient_until = now + _PATIENCE_S
        self._looked = now
        if now < max(self._next_lease_end, self._patient_until):
            return ()
        agents = self._crew.agents
        # Leases are only ever prolonged: of a thousand agents not each is asked every tick.
        self._next_lease_end = min(agent.lease_until for agent in agents)
        return [agent.name for agent in agents if agent.lease_until < now]

    async def lose(self, name: str) -> bool:
        """Account for an agent that is gone; False where it had delivered all that it owed."""
        agent = self._crew[name]
        if self.measurement.record(agent.incarnation).has_ended or name in self.succession.lost:
            return False
        self.measurement.timeline.lose(agent.incarnation)
        lease_end = agent.lease_until - self._start_at
        self.succession.lose(LostAgent(name, agent.incarnation, lease_end))
        silent = f"{time.monotonic() - agent.last_heard:.1f} s"
        self._broadcast.notice("agent_lost", f"{name} is lost: not heard of for {silent}")
        detail: dict[str, float | str] = {"lease_end": lease_end}
        await self._archive.event("agent_lost", f"silent for {silent}", name, detail)
        return True

    async def leave(self, name: str, leaving: agent_pb2.Leaving) -> bool:
        """Note that an agent hands its share over; False where it only says so again."""
        if name in self.succession.settled:
            return False
        self.measurement.record(self._crew[name].incarnation).has_left = True
        why = f": {leaving.reason}" if leaving.reason else ""
        self._broadcast.notice("agent_leaving", f"{name} leaves in order{why}")
        await self._archive.event("agent_leaving", leaving.reason or "in order", name)
        return True

    async def move(self, share: MoveShare, heirs: Collection[str]) -> None:
        """Store the handover, then tell everybody. Late, it leaves a gap that is counted; never a double."""
        succession = self.succession
        able = await self._carriers(share, heirs)
        if not able:
            await self._leave_unclaimed(share.agent)
            return
        boundary_ns, decided = share.boundary_ns, share.decided
        if boundary_ns is None:
            boundary_ns = self._next_boundary()
        if decided is None:
            record = self.measurement.record(self._crew[share.agent].incarnation)
            decided = {name: account.planned for name, account in record.book.latest.items()}
        handover = succession.plan(share.agent, able, boundary_ns, decided)
        if not await self._archive.handover(handover):
            return
        succession.take(handover)
        self._crew.reshare(succession.division.handovers)
        others = "another agent" if len(able) == 1 else f"{len(able)} others"
        line = (
            f"the share of {share.agent} moves to {others} from second {boundary_ns / 1e9:.1f} on"
        )
        if left_out := len(heirs) - len(able):
            line += f"; {left_out} more would not carry it (--max-rate, --max-vus)"
        self._broadcast.notice("reshared", line)

    async def _carriers(self, share: MoveShare, heirs: Collection[str]) -> Collection[str]:
        guards = self._crew.guards
        if not guards:
            return heirs
        boundary_ns = share.boundary_ns
        if boundary_ns is None:
            boundary_ns = self._next_boundary()
        # Of a large fleet it takes a while, in which leases are to be renewed.
        return await asyncio.to_thread(
            self.succession.carriers, share.agent, heirs, boundary_ns, guards
        )

    def _next_boundary(self) -> int:
        return round((time.monotonic() - self._start_at + _NOTICE_S) * 1e9)

    async def _leave_unclaimed(self, agent: str) -> None:
        self.succession.unclaimed.add(agent)
        line = (
            f"the share of {agent} stays undone: it is more than any other agent carries beside its own "
            "(--max-rate, --max-vus)"
        )
        self._broadcast.notice(UNCLAIMED, line)
        await self._archive.event(UNCLAIMED, line, agent)

    def rise(self, level: Level) -> None:
        """Tell everybody of a search's next level, which is stored."""
        self.succession.rise(level)
        self.measurement.rise(self.succession.division.levels)
        for agent in self._crew.agents:
            self._crew.raise_one(agent, self.succession.division.levels)

    def catch_up(self, agent: Attachment, stop: StopMode | None) -> None:
        """Tell an agent what it may not have got, as it had no stream, or no coordinator."""
        if handovers := self.succession.division.handovers:
            self._crew.reshare_to(agent, handovers)
        if levels := self.succession.division.levels:
            self._crew.raise_one(agent, levels)
        if agent.name in self.succession.lost:
            # Its share has other owners. What it measured until its lease ended is welcome.
            self._crew.stop_one(agent, StopMode.ABORT)
        elif stop is not None:
            self._crew.stop_one(agent, stop)
