"""One agent as its coordinator knows it: one incarnation, over as many streams as it takes.

A stream breaks for many reasons, most of which pass. What ends an agent's part in a run is its
lease, so an attachment outlives its streams for as long as its run waits for it.
"""

from __future__ import annotations

import asyncio
import time
from collections import deque
from typing import TYPE_CHECKING, Protocol

from groundswell.errors import ProtocolViolation
from groundswell.load_guard import NO_GUARD, LoadGuard
from groundswell.v1 import agent_pb2
from groundswell_coordinator.clock import ClockEstimator, ClockOffset
from groundswell_coordinator.lease import LEASE_S, MARGIN_S

if TYPE_CHECKING:
    from collections.abc import Mapping

    from groundswell.files.stamp import FileStamp

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

    def needs(self, stamp: FileStamp) -> bool:
        """Whether its test names this content."""
        ...

    def deliver(self, agent: Attachment, message: agent_pb2.AgentMessage) -> None: ...

    def keeps(self, agent: Attachment) -> bool:
        """Whether an agent whose stream has ended may come back."""
        ...

    def lost(self, agent: Attachment) -> None:
        """One that is not kept is gone."""
        ...

    def returned(self, agent: Attachment, holding: agent_pb2.Holding) -> None:
        """One that was kept is back on a new stream."""
        ...


class Stream:
    """What is to be written to one stream; None in `outbox` ends it."""

    def __init__(self) -> None:
        self.outbox: asyncio.Queue[agent_pb2.CoordinatorMessage | None] = asyncio.Queue()
        # Why it is ended from our side.
        self.refusal: ProtocolViolation | None = None

    def end(self) -> None:
        """End it after what is queued."""
        self.outbox.put_nowait(None)

    def refuse(self, violation: ProtocolViolation) -> None:
        """End it after what is queued, and say why; the first reason stays."""
        self.refusal = self.refusal or violation
        self.end()


class Attachment:
    """One incarnation. What is sent while it has no stream is lost: its run catches it up."""

    def __init__(
        self,
        incarnation: str,
        name: str,
        *,
        weight: int = 1,
        labels: Mapping[str, str] | None = None,
        version: str = "",
        lease_s: float = LEASE_S,
        guard: LoadGuard = NO_GUARD,
    ) -> None:
        self.name = name
        self.incarnation = incarnation
        self.weight = max(1, weight)
        self.labels: Mapping[str, str] = dict(labels or {})
        self.version = version
        # The most that it says it carries.
        self.guard = guard
        # By whose certificate or token it is attached; None where nobody is asked.
        self.identity: str | None = None
        self.run: RunInbox | None = None
        self.stream: Stream | None = None
        # When its last message came, in monotonic seconds.
        self.last_heard = time.monotonic()
        # After so long a silence it is lost: by its own reckoning it has stopped before.
        self.view_s = lease_s + MARGIN_S
        self._past_runs: deque[str] = deque(maxlen=_RUNS_REMEMBERED)
        self._estimator = ClockEstimator()
        self._probed: agent_pb2.ClockProbe | None = None
        self._measured: asyncio.Future[ClockOffset] | None = None

    @property
    def lease_until(self) -> float:
        """When its lease has ended for certain, in monotonic seconds."""
        return self.last_heard + self.view_s

    @property
    def unread(self) -> int:
        """How many messages wait to be written to it."""
        return 0 if self.stream is None else self.stream.outbox.qsize()

    def begin_stream(self) -> Stream:
        """The one before, if there still is one, is ended: an agent has one at a time."""
        if self.stream is not None:
            self.stream.end()
        self.stream = Stream()
        self.last_heard = time.monotonic()
        if self._measured is not None and not self._measured.done():
            self._probe()
        return self.stream

    def send(self, **body: object) -> None:
        """Queue one message: `send(start=agent_pb2.Start(…))`."""
        if self.stream is not None:
            message = agent_pb2.CoordinatorMessage(**body)  # type: ignore[arg-type]  # one-of by name
            self.stream.outbox.put_nowait(message)

    def refuse(self, violation: ProtocolViolation) -> None:
        if self.stream is not None:
            self.stream.refuse(violation)

    def deliver(self, run_id: str, message: agent_pb2.AgentMessage) -> None:
        """Hand a message to its run; one of a run that is over is of no use to anybody."""
        if self.run is not None and self.run.run_id == run_id:
            self.run.deliver(self, message)
        elif run_id not in self._past_runs:
            kind = message.WhichOneof("body")
            raise ProtocolViolation(f"{kind} of run {run_id!r}, which this agent does not serve")

    def release(self, run_id: str) -> None:
        """Tell the agent to forget a run. What it sends of it until it hears that is ignored."""
        self._past_runs.append(run_id)
        self.send(release=agent_pb2.Release(run_id=run_id))

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
