"""Who is attached: every agent with a live stream, what it may be sent, and which run has it."""

from __future__ import annotations

import asyncio
import time
from collections import deque
from typing import TYPE_CHECKING, Protocol

from groundswell.errors import ProtocolViolation
from groundswell.v1 import agent_pb2
from groundswell_coordinator.clock import ClockEstimator, ClockOffset
from groundswell_coordinator.lease import LEASE_S, MARGIN_S

if TYPE_CHECKING:
    from collections.abc import Mapping

_CLOCK_ROUNDS = 8
# Of round trips that contradict themselves, before the agent is given up.
_MOST_CLOCK_ROUNDS = 64
# Seventy years of uptime: what lies beyond would not fit into 64 bits when something is added.
_LATEST_NS = 2**61
# Of the runs that an agent served last: messages of theirs may still be under way.
_RUNS_REMEMBERED = 16


class RunInbox(Protocol):
    """Where the messages of an agent that serves a run go."""

    run_id: str

    def deliver(self, agent: Attachment, message: agent_pb2.AgentMessage) -> None: ...

    def lost(self, agent: Attachment) -> None: ...


class Attachment:
    """One agent's stream. `outbox` is what the service writes to it; None in it ends the stream."""

    def __init__(self, hello: agent_pb2.Hello, name: str, lease_s: float = LEASE_S) -> None:
        self.name = name
        self.incarnation = hello.incarnation
        self.weight = max(1, hello.weight)
        self.labels: Mapping[str, str] = dict(hello.labels)
        self.pid = hello.pid
        self.run: RunInbox | None = None
        # When its last message came, in monotonic seconds.
        self.last_heard = time.monotonic()
        # After so long a silence it is lost: by its own reckoning it has stopped before.
        self.view_s = lease_s + MARGIN_S
        self.outbox: asyncio.Queue[agent_pb2.CoordinatorMessage | None] = asyncio.Queue()
        # Why its stream is ended from our side.
        self.refusal: ProtocolViolation | None = None
        self._past_runs: deque[str] = deque(maxlen=_RUNS_REMEMBERED)
        self._estimator = ClockEstimator()
        self._probed: agent_pb2.ClockProbe | None = None
        self._measured: asyncio.Future[ClockOffset] | None = None

    @property
    def lease_until(self) -> float:
        """When its lease has ended for certain, in monotonic seconds."""
        return self.last_heard + self.view_s

    def send(self, **body: object) -> None:
        """Queue one message: `send(start=agent_pb2.Start(…))`."""
        self.outbox.put_nowait(agent_pb2.CoordinatorMessage(**body))  # type: ignore[arg-type]  # one-of by name

    def refuse(self, violation: ProtocolViolation) -> None:
        """End the stream after what is queued, and say why; the first reason stays."""
        self.refusal = self.refusal or violation
        self.outbox.put_nowait(None)

    def deliver(self, run_id: str, message: agent_pb2.AgentMessage) -> None:
        """Hand a message to its run; one of a run that is over is of no use to anybody."""
        if self.run is not None and self.run.run_id == run_id:
            self.run.deliver(self, message)
        elif run_id not in self._past_runs:
            kind = message.WhichOneof("body")
            raise ProtocolViolation(f"{kind} of run {run_id!r}, which this agent does not serve")

    def leave_run(self) -> None:
        if self.run is not None:
            self._past_runs.append(self.run.run_id)
            self.run = None

    async def measure_clock(self) -> ClockOffset:
        """Estimate the agent's offset now, over a few round trips; the stream should be idle."""
        self._estimator = ClockEstimator()
        self._measured = asyncio.get_running_loop().create_future()
        self._probe()
        return await self._measured

    def clock_reply(self, reply: agent_pb2.ClockReply) -> None:
        """Take the answer to the last probe and send the next one, or end the measurement."""
        probe = self._probed
        if probe is None or (reply.number, reply.t0_ns) != (probe.number, probe.t0_ns):
            return
        if not 0 <= reply.t1_ns <= reply.t2_ns <= _LATEST_NS:
            raise ProtocolViolation(f"a clock from {reply.t1_ns} to {reply.t2_ns} ns")
        self._probed = None
        self._estimator.add(probe.t0_ns, reply.t1_ns, reply.t2_ns, time.monotonic_ns())
        offset = self._estimator.offset
        if self._estimator.samples < _CLOCK_ROUNDS or offset is None:
            self._probe()
        elif self._measured is not None and not self._measured.done():
            self._measured.set_result(offset)

    def _probe(self) -> None:
        number = self._estimator.samples
        if number >= _MOST_CLOCK_ROUNDS:
            raise ProtocolViolation(f"a clock that contradicts itself in {number} round trips")
        self._probed = agent_pb2.ClockProbe(number=number, t0_ns=time.monotonic_ns())
        self.send(clock_probe=self._probed)


class Pool:
    """All attachments of a coordinator, by name."""

    def __init__(self) -> None:
        self._agents: dict[str, Attachment] = {}
        self._changed = asyncio.Event()

    def attach(self, hello: agent_pb2.Hello, lease_s: float = LEASE_S) -> Attachment:
        """Take an agent in. A taken name gets a number: names tell agents apart in reports."""
        if any(agent.incarnation == hello.incarnation for agent in self._agents.values()):
            raise ProtocolViolation(f"incarnation {hello.incarnation!r} is attached already")
        base = hello.name or "agent"
        name, number = base, 1
        while name in self._agents:
            number += 1
            name = f"{base}-{number}"
        agent = Attachment(hello, name, lease_s)
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

    def expel(self, agent: Attachment, violation: ProtocolViolation) -> None:
        """Send an agent away whose run cannot believe it any more; that run knows already."""
        agent.leave_run()
        agent.refuse(violation)
        self.detach(agent)

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

    def release(self, run: RunInbox) -> None:
        """Take all agents back that a run, which is over, still has."""
        for agent in self._agents.values():
            if agent.run is run:
                agent.leave_run()
        self._wake()

    def _free(self) -> list[Attachment]:
        # By name, so that the same pool always divides a test the same way.
        return sorted(
            (agent for agent in self._agents.values() if agent.run is None),
            key=lambda agent: agent.name,
        )

    def _wake(self) -> None:
        self._changed.set()
