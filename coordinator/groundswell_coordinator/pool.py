"""Who is attached, and which run has whom."""

from __future__ import annotations

import asyncio
import re
from dataclasses import dataclass, field
from itertools import takewhile
from typing import TYPE_CHECKING

from groundswell.errors import CoordinatorRefuses
from groundswell.schedule.share_loads import guard_from_wire
from groundswell_coordinator.attachment import Attachment
from groundswell_coordinator.counted import counted
from groundswell_coordinator.lease import LEASE_S

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from groundswell.errors import ProtocolViolation
    from groundswell.files.stamp import FileStamp
    from groundswell.v1 import agent_pb2
    from groundswell_coordinator.attachment import RunInbox, Stream


# Attached at once: ten times what a coordinator was measured with.
MOST_AGENTS = 10_000


@dataclass(frozen=True, slots=True)
class Demand:
    """What a run asks of the pool: so many agents that have all of these labels."""

    count: int
    selector: Mapping[str, str] = field(default_factory=dict[str, str])

    def fits(self, agent: Attachment) -> bool:
        return has_labels(agent.labels, self.selector)

    def __str__(self) -> str:
        agents = counted(self.count, "agent")
        labels = ", ".join(f"{key}={value}" for key, value in sorted(self.selector.items()))
        return f"{agents} with {labels}" if labels else agents


def has_labels(labels: Mapping[str, str], selector: Mapping[str, str]) -> bool:
    """All that the selector names, each with its value."""
    return all(labels.get(key) == value for key, value in selector.items())


class Pool:
    """All attachments of a coordinator, by name."""

    def __init__(self, lease_s: float = LEASE_S) -> None:
        self.lease_s = lease_s
        self._agents: dict[str, Attachment] = {}
        self._changed = asyncio.Event()
        # In the order of their coming.
        self._demands: list[Demand] = []

    # --- streams -------------------------------------------------------------------------------

    def attach(self, hello: agent_pb2.Hello, identity: str | None = None) -> Attachment:
        """Take an agent in, or back. A taken name gets a number: names tell agents apart in reports.

        Raises CoordinatorRefuses for who shows another identity than this incarnation did before, and
        for one too many.
        """
        agent = self._known(hello.incarnation)
        if agent is not None and agent.identity not in (None, identity):
            raise CoordinatorRefuses(
                f"{agent.name} is attached by another certificate or token",
                hint="an agent keeps the name in its certificate for as long as its process lives",
            )
        if agent is None:
            self._check_room()
            agent = Attachment(
                hello.incarnation,
                self._free_name(hello.name or "agent"),
                weight=hello.weight,
                labels=hello.labels,
                version=hello.version,
                lease_s=self.lease_s,
            )
            self._agents[agent.name] = agent
        else:
            # Of a run that was taken up again, the store knew no labels.
            agent.labels, agent.version = dict(hello.labels), hello.version
        agent.guard = guard_from_wire(hello.guard)
        agent.identity = identity
        return agent

    def _check_room(self) -> None:
        if len(self._agents) >= MOST_AGENTS:
            raise CoordinatorRefuses(
                f"{len(self._agents)} agents are attached, and no more are taken in",
                hint="let another coordinator have a pool of its own",
            )

    def may_fetch(self, stamp: FileStamp, identity: str) -> bool:
        """Whether an agent of this identity serves a run that has such a file."""
        return any(
            agent.identity == identity and agent.run is not None and agent.run.needs(stamp)
            for agent in self._agents.values()
        )

    def welcomed(self, agent: Attachment, holding: agent_pb2.Holding) -> None:
        """It has been greeted: what it holds is its run's business, or nobody's any more."""
        run = agent.run
        if run is not None and run.run_id == holding.run_id:
            run.returned(agent, holding)
        else:
            if run is not None:
                # It has forgotten the run, so it will not carry its share out.
                agent.leave_run()
                run.lost(agent)
            if holding.run_id:
                agent.release(holding.run_id)
        self._wake()

    def detach(self, agent: Attachment, stream: Stream) -> None:
        """A stream has ended. Unless its run may yet see it again, the agent is forgotten."""
        if agent.stream is not stream:
            return
        agent.stream = None
        if agent.run is not None and agent.run.keeps(agent):
            return
        self._forget(agent)
        if agent.run is not None:
            run, agent.run = agent.run, None
            run.lost(agent)

    def expel(self, agent: Attachment, violation: ProtocolViolation) -> None:
        """Send an agent away whose run cannot believe it any more; that run knows already."""
        agent.leave_run()
        agent.refuse(violation)
        self._forget(agent)

    def expect(self, agent: Attachment, run: RunInbox) -> None:
        """An agent of a run that is taken up again: it has no stream yet."""
        agent.run = run
        self._agents[agent.name] = agent

    @property
    def waiting(self) -> int:
        """How many runs wait for agents."""
        return len(self._demands)

    def agents(self) -> list[Attachment]:
        return sorted(self._agents.values(), key=_natural)

    # --- runs ----------------------------------------------------------------------------------

    async def reserve(
        self, demand: Demand, run: RunInbox, tell: Callable[[str], None]
    ) -> tuple[Attachment, ...]:
        """Wait until enough agents are free, and give them to `run`. Cancel to give up waiting.

        First come, first served: who waits already has the first claim on every agent that fits it.
        `tell` hears what is being waited for, whenever that changes.
        """
        self._demands.append(demand)
        try:
            told = None
            while len(free := self._free(demand)) < demand.count:
                if (line := self._where(demand, len(free))) != told:
                    told = line
                    tell(line)
                self._changed.clear()
                await self._changed.wait()
        finally:
            self._demands = [other for other in self._demands if other is not demand]
            self._wake()
        # In the order of names, so that the same pool always divides a test the same way.
        chosen = tuple(sorted(free, key=_natural)[: demand.count])
        for agent in chosen:
            agent.run = run
        return chosen

    def release(self, run: RunInbox) -> None:
        """Take all agents back that a run, which is over, still has; forget those that are gone."""
        for agent in self.agents():
            if agent.run is run:
                agent.leave_run()
                if agent.stream is None:
                    self._forget(agent)
        self._wake()

    def _free(self, demand: Demand) -> list[Attachment]:
        earlier = self._ahead_of(demand)
        return [
            agent
            for agent in self._agents.values()
            if agent.run is None
            and agent.stream is not None
            and demand.fits(agent)
            and not any(other.fits(agent) for other in earlier)
        ]

    def _ahead_of(self, demand: Demand) -> list[Demand]:
        return list(takewhile(lambda other: other is not demand, self._demands))

    def _where(self, demand: Demand, free: int) -> str:
        fitting = [agent for agent in self._agents.values() if demand.fits(agent)]
        busy = sum(agent.run is not None for agent in fitting)
        ahead = len(self._ahead_of(demand))
        queue = "" if not ahead else f", {counted(ahead, 'run')} ahead"
        return f"waiting for {demand}: {free} free, {busy} busy{queue}"

    def _known(self, incarnation: str) -> Attachment | None:
        return next((a for a in self._agents.values() if a.incarnation == incarnation), None)

    def _free_name(self, base: str) -> str:
        name, number = base, 1
        while name in self._agents:
            number += 1
            name = f"{base}-{number}"
        return name

    def _forget(self, agent: Attachment) -> None:
        if self._agents.get(agent.name) is agent:
            del self._agents[agent.name]
        self._wake()

    def _wake(self) -> None:
        self._changed.set()


def _natural(agent: Attachment) -> tuple[object, ...]:
    """agent-2 before agent-10."""
    words = re.split(r"(\d+)", agent.name)
    return tuple((int(word), "") if word.isdecimal() else (-1, word) for word in words)
