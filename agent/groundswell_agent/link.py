"""The way to the coordinator: one stream after the other, the lease, and the reports it still owes.

    hello ─> welcome ─> what the agent repeats ─> unacknowledged reports ─> everything else

A stream that is silent for two renewals under load is given up for a new one: TCP would find a short
partition's end only after a pause that doubles, and the lease would be over by then. What was sent
on a broken stream is lost but for the reports, which are kept until they are acknowledged.
"""

from __future__ import annotations

import asyncio
import logging
import random
import time
from collections import deque
from typing import TYPE_CHECKING

import grpc

from groundswell.errors import CoordinatorUnreachable, InvalidConfiguration
from groundswell.tls_reason import tls_reason
from groundswell.v1 import agent_pb2, agent_pb2_grpc
from groundswell.wire import CLIENT_OPTIONS
from groundswell_agent.lease import boot_ns
from groundswell_agent.redial import Redial

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Callable

    from groundswell.credentials import Remote
    from groundswell.errors import CoordinatorRefuses
    from groundswell.v1.metrics_pb2 import Report, SeriesDeclaration
    from groundswell_agent.lease import Lease

_Call = grpc.aio.StreamStreamCall[agent_pb2.AgentMessage, agent_pb2.CoordinatorMessage]

_RENEW_EVERY_S = 1.0
# Until the welcome says how long the lease is.
_LOOK_EVERY_S = 0.1
_MOST_UNANSWERED = 2
# Of an agent that loads nothing, and of one that waits for its welcome.
_IDLE_PATIENCE_S = 10.0
# Ten minutes of a store that does not answer, or a quarter of a machine with little memory.
_MOST_OWED = 600
_MOST_OWED_BYTES = 64 * 1024 * 1024

# Trying again would be answered the same way.
_FINAL = frozenset(
    {
        grpc.StatusCode.FAILED_PRECONDITION,
        grpc.StatusCode.INVALID_ARGUMENT,
        grpc.StatusCode.UNIMPLEMENTED,
        grpc.StatusCode.UNAUTHENTICATED,
        grpc.StatusCode.PERMISSION_DENIED,
    }
)

_log = logging.getLogger(__name__)


class Link:
    """`receive` gets every message but those the link answers itself; `attached` is called on every
    new stream, before the reports that are owed are sent again, and `detached` at its end.
    """

    def __init__(
        self,
        coordinator: Remote,
        hello: agent_pb2.Hello,
        lease: Lease,
        *,
        receive: Callable[[agent_pb2.CoordinatorMessage], None],
        attached: Callable[[], None],
        detached: Callable[[], None],
        holding: Callable[[], agent_pb2.Holding | None],
    ) -> None:
        """`holding` is what a new stream says of the run that is still served."""
        self._coordinator = coordinator
        self._has_been_welcome = False
        # Why it does not come about, said last.
        self._said = ""
        self._hello = hello
        self._lease = lease
        self._receive = receive
        self._attached = attached
        self._detached = detached
        self._holding = holding
        self._outbox: asyncio.Queue[agent_pb2.AgentMessage | None] = asyncio.Queue()
        self._owed: deque[Report] = deque()
        self._owed_bytes = 0
        self._declared: list[SeriesDeclaration] = []
        # Whether this stream has heard them.
        self._has_declared = False
        self._call: _Call | None = None
        self._is_welcome = False
        self._closing = asyncio.Event()
        self._dialling: asyncio.Timeout | None = None
        self._lease_ns = 0
        self._hello_sent_ns = 0
        # Renewals since anything was heard. Not seconds: an agent whose own loop was held for long has
        # nobody but itself to blame.
        self._unanswered = 0
        # The newest coordinator of each store that was seen.
        self._generations: dict[str, int] = {}

    # --- sending -------------------------------------------------------------------------------

    def send(self, **body: object) -> None:
        """Queue one message: `send(started=agent_pb2.Started(…))`. Lost where there is no stream."""
        if self._is_welcome:
            self._outbox.put_nowait(agent_pb2.AgentMessage(**body))  # type: ignore[arg-type]  # one-of by name

    def report(self, report: Report) -> None:
        """Send a report and keep it until it is acknowledged."""
        self._owed.append(report)
        self._owed_bytes += report.ByteSize()
        self._declared.extend(report.declarations)
        self._send_report(report)

    def forget_reports(self) -> None:
        """The run they belong to is closed."""
        self._owed.clear()
        self._owed_bytes = 0
        self._declared.clear()

    @property
    def owes_reports(self) -> bool:
        """Whether a report has not been acknowledged yet."""
        return bool(self._owed)

    @property
    def is_full(self) -> bool:
        """Whether no more reports than these may be kept: the coordinator lives, but stores nothing."""
        return len(self._owed) > _MOST_OWED or self._owed_bytes > _MOST_OWED_BYTES

    def close(self) -> None:
        """End the stream after what is queued, for good; at once where none is up."""
        self._closing.set()
        self._outbox.put_nowait(None)
        if self._dialling is not None:
            self._dialling.reschedule(asyncio.get_running_loop().time())
        if not self._is_welcome and self._call is not None:
            self._call.cancel()

    # --- streams -------------------------------------------------------------------------------

    async def serve(self) -> None:
        """Stay attached until `close`. Raises CoordinatorUnreachable where that is refused."""
        redial = Redial()
        while not self._closing.is_set():
            try:
                await self._serve_stream(redial.patience(loads=self._loads))
            except (grpc.aio.AioRpcError, TimeoutError) as error:
                await self._broken(error)
            except InvalidConfiguration as error:
                self._unreadable(error)
            if self._is_welcome:
                self._detached()
            if self._closing.is_set():
                return
            if self._is_welcome:
                _log.warning("the stream to %s has ended; reconnecting", self._coordinator)
                redial = Redial()
            self._is_welcome = False
            await self._pause(redial.pause(random.random(), loads=self._loads))

    async def _pause(self, seconds: float) -> None:
        try:
            async with asyncio.timeout(seconds):
                await self._closing.wait()
        except TimeoutError:
            return

    @property
    def _loads(self) -> bool:
        """Whether something depends on a coordinator that is heard within the lease."""
        return self._holding() is not None

    async def _broken(self, error: grpc.aio.AioRpcError | TimeoutError) -> None:
        said = "it does not answer"
        if isinstance(error, grpc.aio.AioRpcError):
            said = error.details() or error.code().name
            if self._is_final(error.code()):
                raise CoordinatorUnreachable(
                    f"{self._coordinator} refuses this agent: {said}"
                ) from error
        elif not self._loads and (reason := await self._tls_reason()) is not None:
            # A certificate may be renewed while this agent waits.
            self._warn(str(reason))
            return
        _log.info("no stream to %s: %s", self._coordinator, said)

    def _is_final(self, code: grpc.StatusCode) -> bool:
        if code is grpc.StatusCode.UNAUTHENTICATED and self._has_been_welcome:
            # A token is being replaced, and one of two files is late.
            return False
        return code in _FINAL

    async def _tls_reason(self) -> CoordinatorRefuses | None:
        return await asyncio.to_thread(tls_reason, self._coordinator)

    def _unreadable(self, error: InvalidConfiguration) -> None:
        """A certificate or a token that was there once may be there again."""
        if not self._has_been_welcome:
            raise error
        self._warn(str(error))

    def _warn(self, said: str) -> None:
        """Once, however often it is tried again."""
        if said != self._said:
            self._said = said
            _log.warning("no stream to %s: %s", self._coordinator, said)

    async def _serve_stream(self, patience_s: float) -> None:
        # A channel of its own for each attempt: one that is kept would redial at its own pace.
        credentials = self._coordinator.credentials
        async with credentials.channel(str(self._coordinator), CLIENT_OPTIONS) as channel:
            try:
                async with asyncio.timeout(patience_s) as self._dialling:
                    await channel.channel_ready()
            finally:
                self._dialling = None
            self._outbox = asyncio.Queue()
            self._unanswered = 0
            stub = agent_pb2_grpc.AgentServiceStub(channel)
            call = self._call = stub.Attach(self._messages(self._outbox))
            renewals = asyncio.create_task(self._renew(call))
            try:
                async for message in call:
                    self._unanswered = 0
                    self._take(message)
            except asyncio.CancelledError:
                # A call that we cancelled ourselves and a task that is cancelled look alike.
                if _is_cancelled_from_outside():
                    raise
            finally:
                renewals.cancel()
                self._call = None

    async def _messages(
        self, outbox: asyncio.Queue[agent_pb2.AgentMessage | None]
    ) -> AsyncIterator[agent_pb2.AgentMessage]:
        hello = agent_pb2.Hello()
        hello.CopyFrom(self._hello)
        if (holding := self._holding()) is not None:
            hello.holding.CopyFrom(holding)
        self._hello_sent_ns = boot_ns()
        yield agent_pb2.AgentMessage(hello=hello)
        while (message := await outbox.get()) is not None:
            yield message

    async def _renew(self, call: _Call) -> None:
        # Several are to fit into a lease, so that one that is late costs nothing.
        while True:
            if self._unanswered * self._period >= self._patience:
                _log.warning("%s is silent: trying a new stream", self._coordinator)
                call.cancel()
                return
            self._unanswered += 1
            self.send(renewal=agent_pb2.Renewal(sent_ns=boot_ns()))
            await asyncio.sleep(self._period)

    @property
    def _patience(self) -> float:
        """Seconds without an answer until another stream is tried.

        Only from the order to start on is a new stream better than a slow one: before it, the
        coordinator takes the end of a stream for a loss.
        """
        holding = self._holding()
        if holding is None or holding.start_at_ns == 0:
            return _IDLE_PATIENCE_S
        return _MOST_UNANSWERED * self._period

    @property
    def _period(self) -> float:
        return min(_RENEW_EVERY_S, self._lease_ns / 1e9 / 5) if self._lease_ns else _LOOK_EVERY_S

    # --- receiving -----------------------------------------------------------------------------

    def _take(self, message: agent_pb2.CoordinatorMessage) -> None:
        match message.WhichOneof("body"):
            case "welcome":
                self._welcomed(message.welcome)
            case "renewal_acknowledged":
                self._lease.renew(message.renewal_acknowledged.sent_ns, self._lease_ns)
            case "clock_probe":
                self._answer(message.clock_probe)
            case "report_acknowledged":
                self._acknowledged(message.report_acknowledged)
            case _:
                self._receive(message)

    def _welcomed(self, welcome: agent_pb2.Welcome) -> None:
        newest = self._generations.get(welcome.coordinator_id, 0)
        if welcome.generation < newest:
            # One that was replaced and does not know it yet.
            _log.warning(
                "%s has been replaced: generation %d", self._coordinator, welcome.generation
            )
            if self._call is not None:
                self._call.cancel()
            return
        self._generations[welcome.coordinator_id] = welcome.generation
        self._lease_ns = welcome.lease_ms * 1_000_000
        self._lease.renew(self._hello_sent_ns, self._lease_ns)
        self._is_welcome = self._has_been_welcome = True
        self._said = ""
        if self._closing.is_set():
            self._outbox.put_nowait(None)
            return
        self._attached()
        self._repeat_reports()

    def _repeat_reports(self) -> None:
        """All that is owed."""
        self._has_declared = False
        for report in self._owed:
            self._send_report(report)

    def _send_report(self, report: Report) -> None:
        """The first of a stream has all declarations, owed or not: a new stream knows no number."""
        if self._is_welcome and not self._has_declared:
            self._has_declared = True
            first = type(report)()
            first.CopyFrom(report)
            del first.declarations[:]
            first.declarations.extend(self._declared)
            report = first
        self.send(report=report)

    def _answer(self, probe: agent_pb2.ClockProbe) -> None:
        received = time.monotonic_ns()
        reply = agent_pb2.ClockReply(number=probe.number, t0_ns=probe.t0_ns, t1_ns=received)
        reply.t2_ns = time.monotonic_ns()
        self.send(clock_reply=reply)

    def _acknowledged(self, acknowledged: agent_pb2.ReportAcknowledged) -> None:
        owed = self._owed
        while owed and owed[0].interval <= acknowledged.interval:
            if owed[0].run_id != acknowledged.run_id:
                return
            self._owed_bytes -= owed.popleft().ByteSize()


def _is_cancelled_from_outside() -> bool:
    task = asyncio.current_task()
    return task is not None and task.cancelling() > 0
