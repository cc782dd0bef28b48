"""The stream to the coordinator: one attempt to attach and serve, its lease, and the reports it still owes.

The lease ends a lease's length after the *sending* of the last message that the coordinator
acknowledged, on a clock that also counts while the machine is suspended. Whoever holds a link asks
`lease_ended()` and stops its load when it says so.
"""

from __future__ import annotations

import asyncio
import time
from collections import deque
from typing import TYPE_CHECKING

import grpc

from groundswell.errors import CoordinatorUnreachable
from groundswell.v1 import agent_pb2, agent_pb2_grpc

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Callable

    from groundswell.v1.metrics_pb2 import Report

_Call = grpc.aio.StreamStreamCall[agent_pb2.AgentMessage, agent_pb2.CoordinatorMessage]

PROTOCOL = "groundswell.v1"
_RENEW_EVERY_S = 1.0
# A report is at most some hundreds of series; this leaves room for a thousand full histograms.
_MAX_MESSAGE = 64 * 1024 * 1024

CHANNEL_OPTIONS = (
    ("grpc.max_receive_message_length", _MAX_MESSAGE),
    ("grpc.max_send_message_length", _MAX_MESSAGE),
    # A proxy that the environment names is for the web, not for a coordinator.
    ("grpc.enable_http_proxy", 0),
)


def _is_cancelled_from_outside() -> bool:
    task = asyncio.current_task()
    return task is not None and task.cancelling() > 0


def _boot_ns() -> int:
    return time.clock_gettime_ns(time.CLOCK_BOOTTIME)


class Link:
    """One stream. `receive` is called with every message but those the link answers itself."""

    def __init__(
        self,
        address: str,
        hello: agent_pb2.Hello,
        receive: Callable[[agent_pb2.CoordinatorMessage], None],
    ) -> None:
        self._address = address
        self._hello = hello
        self._receive = receive
        self._outbox: asyncio.Queue[agent_pb2.AgentMessage | None] = asyncio.Queue()
        self._unacknowledged: deque[Report] = deque()
        self._lease_ns = 0
        self._lease_until_ns = 0
        self._call: _Call | None = None
        self._renewals: asyncio.Task[None] | None = None
        self._is_closing = False
        self._is_silent = False

    def send(self, **body: object) -> None:
        """Queue one message: `send(started=agent_pb2.Started(…))`."""
        self._outbox.put_nowait(agent_pb2.AgentMessage(**body))  # type: ignore[arg-type]  # one-of by name

    def report(self, report: Report) -> None:
        """Send a report and keep it until it is acknowledged."""
        self._unacknowledged.append(report)
        self.send(report=report)

    def forget_reports(self) -> None:
        """The run they belong to is closed."""
        self._unacknowledged.clear()

    @property
    def owes_reports(self) -> bool:
        """Whether a report has not been acknowledged yet."""
        return bool(self._unacknowledged)

    def lease_ended(self) -> bool:
        """Whether the coordinator has been silent for a whole lease; False before its welcome."""
        return 0 < self._lease_until_ns < _boot_ns()

    def close(self) -> None:
        """End the stream after what is queued; at once where there is no coordinator yet."""
        self._outbox.put_nowait(None)
        if self._lease_ns == 0:
            self._cut()

    def abandon(self) -> None:
        """End the stream now: a coordinator that is silent would not end it either."""
        self._is_silent = True
        self._cut()

    def _cut(self) -> None:
        self._is_closing = True
        if self._call is not None:
            self._call.cancel()

    async def serve(self) -> None:
        """Attach and stay until the stream ends.

        Raises CoordinatorUnreachable when it does not end well.
        """
        if self._is_closing:
            return
        async with grpc.aio.insecure_channel(self._address, options=CHANNEL_OPTIONS) as channel:
            stub = agent_pb2_grpc.AgentServiceStub(channel)
            self._call = stub.Attach(self._messages(), wait_for_ready=True)
            try:
                async for message in self._call:
                    self._take(message)
            except grpc.aio.AioRpcError as error:
                raise CoordinatorUnreachable(
                    f"the stream to {self._address} ended: {error.details() or error.code().name}"
                ) from error
            except asyncio.CancelledError:
                # A call that we cancelled ourselves and a task that is cancelled look alike.
                if not self._is_closing or _is_cancelled_from_outside():
                    raise
                if self._is_silent:
                    raise CoordinatorUnreachable(
                        f"{self._address} was silent for a whole lease"
                    ) from None
            finally:
                if self._renewals is not None:
                    self._renewals.cancel()

    async def _messages(self) -> AsyncIterator[agent_pb2.AgentMessage]:
        yield agent_pb2.AgentMessage(hello=self._hello)
        while (message := await self._outbox.get()) is not None:
            yield message

    async def _renew(self) -> None:
        # Several are to fit into a lease, so that one that is late costs nothing.
        period = min(_RENEW_EVERY_S, self._lease_ns / 1e9 / 5)
        while True:
            self.send(renewal=agent_pb2.Renewal(sent_ns=_boot_ns()))
            await asyncio.sleep(period)

    def _welcomed(self, welcome: agent_pb2.Welcome) -> None:
        self._lease_ns = welcome.lease_ms * 1_000_000
        self._lease_until_ns = _boot_ns() + self._lease_ns
        # Not before: nobody would acknowledge what is sent while the coordinator is not up yet.
        if self._renewals is None:
            self._renewals = asyncio.create_task(self._renew())

    def _take(self, message: agent_pb2.CoordinatorMessage) -> None:
        match message.WhichOneof("body"):
            case "welcome":
                self._welcomed(message.welcome)
            case "renewal_acknowledged":
                self._lease_until_ns = message.renewal_acknowledged.sent_ns + self._lease_ns
            case "clock_probe":
                self._answer(message.clock_probe)
            case "report_acknowledged":
                self._acknowledged(message.report_acknowledged)
            case _:
                self._receive(message)

    def _answer(self, probe: agent_pb2.ClockProbe) -> None:
        received = time.monotonic_ns()
        reply = agent_pb2.ClockReply(number=probe.number, t0_ns=probe.t0_ns, t1_ns=received)
        reply.t2_ns = time.monotonic_ns()
        self.send(clock_reply=reply)

    def _acknowledged(self, acknowledged: agent_pb2.ReportAcknowledged) -> None:
        reports = self._unacknowledged
        while reports and reports[0].interval <= acknowledged.interval:
            if reports[0].run_id != acknowledged.run_id:
                return
            reports.popleft()
