"""An agent that does what a test tells it: it speaks the real protocol over a real stream and generates nothing."""

from __future__ import annotations

import asyncio
import contextlib
import secrets
import time
from typing import TYPE_CHECKING, Self

import grpc

from groundswell.v1 import agent_pb2, agent_pb2_grpc
from tests.coordinator.reporting import Reporter

if TYPE_CHECKING:
    from collections.abc import AsyncGenerator, AsyncIterator, Callable, Iterable
    from types import TracebackType

    from groundswell.v1.metrics_pb2 import Report, ScenarioAccount
    from tests.coordinator.reporting import Values

PATIENCE_S = 10.0
_RENEW_EVERY_S = 0.2


class ScriptedAgent:
    """Answers clock probes and renews its lease by itself; everything else waits for the test.

    >>> async with ScriptedAgent(address, "a") as agent:
    ...     await agent.prepare()
    ...     await agent.start()
    ...     agent.report(0, {"http_reqs": 7}, last=True)
    """

    def __init__(
        self,
        address: str,
        name: str = "agent",
        *,
        incarnation: str | None = None,
        clock_offset_s: float = 0.0,
        weight: int = 1,
    ) -> None:
        self.hello = agent_pb2.Hello(
            protocol="groundswell.v1",
            name=name,
            incarnation=incarnation or secrets.token_hex(8),
            weight=weight,
        )
        # Its name in the run: that of the pool, once it has been told to prepare.
        self.name = name
        self.run_id = ""
        self.start_at_ns = 0
        self.received: list[agent_pb2.CoordinatorMessage] = []
        self.acknowledged: list[int] = []
        self.renews = True
        self.status: tuple[grpc.StatusCode, str] | None = None
        self._offset_ns = round(clock_offset_s * 1e9)
        self._reporter = Reporter(self.hello.incarnation)
        self._news = asyncio.Condition()
        self._taken = 0
        self._outbox: asyncio.Queue[agent_pb2.AgentMessage | None] = asyncio.Queue()
        self._channel = grpc.aio.insecure_channel(
            address,
            options=(("grpc.enable_http_proxy", 0), ("grpc.use_local_subchannel_pool", 1)),
        )
        self._tasks: list[asyncio.Task[None]] = []

    async def __aenter__(self) -> Self:
        self.dial()
        self.send(hello=self.hello)
        await self.expect("welcome")
        self._tasks.append(asyncio.create_task(self._renew()))
        return self

    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        await self.leave()

    # --- the stream ----------------------------------------------------------------------------

    def dial(self) -> None:
        """Open the stream and say nothing yet."""
        self._tasks.append(asyncio.create_task(self._serve()))

    def send(self, **body: object) -> None:
        """`send(started=agent_pb2.Started(…))`."""
        self._outbox.put_nowait(agent_pb2.AgentMessage(**body))  # type: ignore[arg-type]  # one-of by name

    def hang_up(self) -> None:
        """End our side of the stream, after what is queued."""
        self._outbox.put_nowait(None)

    async def leave(self) -> None:
        """Cut the connection, as a process that is killed does."""
        for task in self._tasks:
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)
        await self._channel.close()

    async def refusal(self) -> tuple[grpc.StatusCode, str]:
        """The status with which the coordinator ends the stream."""
        await self._until(lambda: self.status is not None)
        assert self.status is not None
        return self.status

    async def expect(self, kind: str) -> agent_pb2.CoordinatorMessage:
        """The next message of this kind; others before it are passed over."""

        def arrived() -> bool:
            return any(one.WhichOneof("body") == kind for one in self.received[self._taken :])

        await self._until(lambda: arrived() or self.status is not None)
        while self._taken < len(self.received):
            message = self.received[self._taken]
            self._taken += 1
            if message.WhichOneof("body") == kind:
                return message
        raise AssertionError(f"{self.name}: the stream ended before {kind}: {self.status}")

    def kinds(self) -> list[str | None]:
        """What it has been sent so far, without what is sent all the time."""
        kinds = (message.WhichOneof("body") for message in self.received)
        return [kind for kind in kinds if kind not in ("clock_probe", "renewal_acknowledged")]

    # --- a run ---------------------------------------------------------------------------------

    async def prepare(self) -> agent_pb2.Prepare:
        """Take the share and say that it is prepared."""
        prepare = await self.expect_share()
        self.send(prepared=agent_pb2.Prepared(run_id=self.run_id))
        return prepare

    async def expect_start(self) -> agent_pb2.Start:
        return (await self.expect("start")).start

    async def expect_share(self) -> agent_pb2.Prepare:
        prepare = (await self.expect("prepare")).prepare
        self.run_id, self.name = prepare.run_id, prepare.agent
        self._reporter = Reporter(self.hello.incarnation)
        self.acknowledged.clear()
        return prepare

    async def start(self, skew_ns: int = 0) -> None:
        """Acknowledge the start, wait for T and say that the load began `skew_ns` after it."""
        start = await self.expect_start()
        self.acknowledge_start(start)
        self.start_at_ns = start.start_at_ns
        await asyncio.sleep(max(0, start.start_at_ns - self.now_ns()) / 1e9)
        started = agent_pb2.Started(
            run_id=self.run_id,
            start_at_ns=start.start_at_ns,
            started_ns=start.start_at_ns + skew_ns,
        )
        self.send(started=started)

    def acknowledge_start(self, start: agent_pb2.Start) -> None:
        acknowledged = agent_pb2.StartAcknowledged(
            run_id=self.run_id, start_at_ns=start.start_at_ns
        )
        self.send(start_acknowledged=acknowledged)

    def report(
        self,
        interval: int,
        values: Values | None = None,
        accounts: Iterable[ScenarioAccount] = (),
        *,
        last: bool = False,
    ) -> Report:
        """Send a report of what the test says was measured."""
        report = self.make_report(interval, values, accounts, last=last)
        self.send(report=report)
        return report

    def make_report(
        self,
        interval: int,
        values: Values | None = None,
        accounts: Iterable[ScenarioAccount] = (),
        *,
        last: bool = False,
    ) -> Report:
        report = self._reporter.report(interval, values, accounts, last)
        report.run_id = self.run_id
        return report

    async def acknowledgement(self, interval: int) -> None:
        """Wait until everything up to `interval` is acknowledged."""
        await self._until(lambda: bool(self.acknowledged) and self.acknowledged[-1] >= interval)

    def now_ns(self) -> int:
        """Its own clock."""
        return time.monotonic_ns() + self._offset_ns

    # --- underneath ----------------------------------------------------------------------------

    async def _serve(self) -> None:
        stub = agent_pb2_grpc.AgentServiceStub(self._channel)
        call = stub.Attach(self._messages())
        try:
            async for message in call:
                await self._take(message)
            status = (grpc.StatusCode.OK, "")
        except grpc.aio.AioRpcError as error:
            status = (error.code(), error.details() or "")
        finally:
            call.cancel()
        async with self._news:
            self.status = status
            self._news.notify_all()

    async def _messages(self) -> AsyncIterator[agent_pb2.AgentMessage]:
        while (message := await self._outbox.get()) is not None:
            yield message

    async def _take(self, message: agent_pb2.CoordinatorMessage) -> None:
        received_ns = self.now_ns()
        async with self._news:
            self.received.append(message)
            if message.HasField("clock_probe"):
                self._answer(message.clock_probe, received_ns)
            elif message.HasField("report_acknowledged"):
                self.acknowledged.append(message.report_acknowledged.interval)
            self._news.notify_all()

    def _answer(self, probe: agent_pb2.ClockProbe, received_ns: int) -> None:
        reply = agent_pb2.ClockReply(
            number=probe.number, t0_ns=probe.t0_ns, t1_ns=received_ns, t2_ns=self.now_ns()
        )
        self.send(clock_reply=reply)

    async def _renew(self) -> None:
        while True:
            if self.renews:
                self.send(renewal=agent_pb2.Renewal(sent_ns=time.monotonic_ns()))
            await asyncio.sleep(_RENEW_EVERY_S)

    async def _until(self, holds: Callable[[], bool]) -> None:
        async with asyncio.timeout(PATIENCE_S), self._news:
            await self._news.wait_for(holds)


async def eventually(holds: Callable[[], bool]) -> None:
    """For what nobody is told of."""
    async with asyncio.timeout(PATIENCE_S):
        while not holds():  # noqa: ASYNC110 - there is nothing to wait for
            await asyncio.sleep(0.01)


@contextlib.asynccontextmanager
async def attached(
    address: str, *names: str, clock_offsets_s: Iterable[float] = ()
) -> AsyncGenerator[list[ScriptedAgent]]:
    """Several agents at once."""
    offsets = dict(zip(names, clock_offsets_s, strict=False))
    async with contextlib.AsyncExitStack() as stack:
        agents = [
            ScriptedAgent(address, name, clock_offset_s=offsets.get(name, 0.0)) for name in names
        ]
        yield [await stack.enter_async_context(agent) for agent in agents]


async def start_together(*agents: ScriptedAgent) -> None:
    """Prepare and start them; returns when T has come."""
    await asyncio.gather(*(agent.prepare() for agent in agents))
    await asyncio.gather(*(agent.start() for agent in agents))
