"""The stream to the coordinator: one attempt to attach and serve, its lease, and the reports it still owes.

The lease ends a lease's length after the *sending* of the last message that the coordinator acknowledged, on a clock that
also counts while the machine is suspended. Whoever holds a link asks `lease_ended()` and stops its load when it says so.
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

    def lease_ended(self) -> bool:
        """Whether the coordinator has been silent for a whole lease; False before its welcome."""
        return 0 < self._lease_until_ns < _boot_ns()

    def close(self) -> None:
        """End the stream after what is queued."""
        self._outbox.put_nowait(None)

    async def serve(self) -> None:
        """Attach and stay until the stream ends; raises CoordinatorUnreachable when it does not end well."""
        async with grpc.aio.insecure_channel(self._address, options=CHANNEL_OPTIONS) as channel:
            stub = agent_pb2_grpc.AgentServiceStub(channel)
            renewals = asyncio.create_task(self._renew())
            try:
                async for message in stub.Attach(self._messages(), wait_for_ready=True):
                    self._take(message)
            except grpc.aio.AioRpcError as error:
                raise CoordinatorUnreachable(
                    f"the stream to {self._address} ended: {error.details() or error.code().name}"
                ) from error
            finally:
                renewals.cancel()

    async def _messages(self) -> AsyncIterator[agent_pb2.AgentMessage]:
        yield agent_pb2.AgentMessage(hello=self._hello)
        while (message := await self._outbox.get()) is not None:
            yield message

    async def _renew(self) -> None:
        while True:
            self.send(renewal=agent_pb2.Renewal(sent_ns=_boot_ns()))
            await asyncio.sleep(_RENEW_EVERY_S)

    def _take(self, message: agent_pb2.CoordinatorMessage) -> None:
        match message.WhichOneof("body"):
            case "welcome":
                self._lease_ns = message.welcome.lease_ms * 1_000_000
                self._lease_until_ns = _boot_ns() + self._lease_ns
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
