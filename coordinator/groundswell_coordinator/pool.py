"""Who is attached: every agent with a live stream, what it may be sent, and which run has it."""

from __future__ import annotations

import asyncio
import time
from typing import TYPE_CHECKING, Protocol

from groundswell.v1 import agent_pb2
from groundswell_coordinator.clock import ClockEstimator, ClockOffset

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

_CLOCK_ROUNDS = 8


class RunInbox(Protocol):
    """Where the messages of an agent that serves a run go."""

    run_id: str

    def deliver(self, agent: Attachment, message: agent_pb2.AgentMessage) -> None: ...

    def lost(self, agent: Attachment) -> None: ...


class Attachment:
    """One agent's stream. `outbox` is what the service writes to it; None in it ends the stream."""

    def __init__(self, hello: agent_pb2.Hello, name: str) -> None:
        self.name = name
        self.incarnation = hello.incarnation
        self.weight = max(1, hello.weight)
        self.labels: Mapping[str, str] = dict(hello.labels)
        self.pid = hello.pid
        self.run: RunInbox | None = None
        # When its last message came, in monotonic seconds.
        self.last_heard = time.monotonic()
        self.outbox: asyncio.Queue[agent_pb2.CoordinatorMessage | None] = asyncio.Queue()
        self._estimator = ClockEstimator()
        self._measured: asyncio.Future[ClockOffset] | None = None

    def send(self, **body: object) -> None:
        """Queue one message: `send(start=agent_pb2.Start(…))`."""
        self.outbox.put_nowait(agent_pb2.CoordinatorMessage(**body))  # type: ignore[arg-type]  # one-of by name

    async def measure_clock(self) -> ClockOffset:
        """Estimate the agent's offset now, over a few round trips; the stream should be idle."""
        self._estimator = ClockEstimator()
        self._measured = asyncio.get_running_loop().create_future()
        self._probe()
        return await self._measured

    def clock_reply(self, reply: agent_pb2.ClockReply) -> None:
        """Take the answer to a probe and send the next one, or end the measurement."""
        if self._measured is None or self._measured.done():
            return
        self._estimator.add(reply.t0_ns, reply.t1_ns, reply.t2_ns, time.monotonic_ns())
        offset = self._estimator.offset
        if self._estimator.samples >= _CLOCK_ROUNDS and offset is not None:
            self._measured.set_result(offset)
        else:
            self._probe()

    def _probe(self) -> None:
        number = self._estimator.samples
        self.send(clock_probe=agent_pb2.ClockProbe(number=number, t0_ns=time.monotonic_ns()))


class Pool:
    """All attachments of a coordinator, by name."""

    def __init__(self) -> None:
        self._agents: dict[str, Attachment] = {}
        self._changed = asyncio.Event()

    def attach(self, hello: agent_pb2.Hello) -> Attachment:
        """Take an agent in; a name that is taken gets a number, as names tell agents apart in reports."""
        base = hello.name or "agent"
        name, number = base, 1
        while name in self._agents:
            number += 1
            name = f"{base}-{number}"
        agent = Attachment(hello, name)
        self._agents[name] = agent
        self._wake()
        return agent

    def detach(self, agent: Attachment) -> None:
        """Forget an agent whose stream has ended, and tell the run that had it."""
        if self._agents.get(agent.name) is agent:
            del self._agents[agent.name]
        if agent.run is not None:
            run, agent.run = agent.run, None
            run.lost(agent)

    def agents(self) -> list[Attachment]:
        return list(self._agents.values())

    async def reserve(self, count: int, run: RunInbox) -> tuple[Attachment, ...]:
        """Wait until `count` agents are free, and give them to `run`. Cancel to give up waiting."""
        while len(free := self._free()) < count:
            self._changed.clear()
            await self._changed.wait()
        chosen = tuple(free[:count])
        for agent in chosen:
            agent.run = run
        return chosen

    def release(self, agents: Iterable[Attachment]) -> None:
        """Take agents back from a run that is closed."""
        for agent in agents:
            agent.run = None
        self._wake()

    def _free(self) -> list[Attachment]:
        # By name, so that the same pool always divides a test the same way.
        return sorted(
            (agent for agent in self._agents.values() if agent.run is None),
            key=lambda agent: agent.name,
        )

    def _wake(self) -> None:
        self._changed.set()
