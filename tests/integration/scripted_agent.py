"""An agent that does what a test tells it: it speaks the real protocol over a real stream and generates nothing."""

from __future__ import annotations

import asyncio
import contextlib
import secrets
import time
from typing import TYPE_CHECKING, Self

import grpc

from groundswell.credentials import NONE, Credentials
from groundswell.scenario.loader import load
from groundswell.schedule.division import Division, Handover, extended, table_from_wire
from groundswell.schedule.scenario_plan import plan_scenario
from groundswell.v1 import agent_pb2, agent_pb2_grpc
from groundswell_coordinator.run.submission import source_from_wire
from tests.coordinator.reporting import Reporter, account

if TYPE_CHECKING:
    from collections.abc import AsyncGenerator, AsyncIterator, Callable, Iterable, Mapping
    from types import TracebackType

    from groundswell.scenario.model import Test
    from groundswell.schedule.scenario_plan import ScenarioShare
    from groundswell.v1.metrics_pb2 import Report, ScenarioAccount
    from tests.coordinator.reporting import Values

PATIENCE_S = 10.0
_RENEW_EVERY_S = 0.2


class ScriptedAgent:
    """Answers clock probes, renews its lease and notes handovers by itself; everything else waits.

    Unless the test says otherwise, its last report accounts for the whole of its share.

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
        labels: Mapping[str, str] | None = None,
        credentials: Credentials = NONE,
    ) -> None:
        self.hello = agent_pb2.Hello(
            protocol="groundswell.v1",
            name=name,
            incarnation=incarnation or secrets.token_hex(8),
            weight=weight,
            labels=labels or {},
        )
        # Its name in the run: that of the pool, once it has been told to prepare.
        self.name = name
        self.run_id = ""
        self.start_at_ns = 0
        self.test: Test | None = None
        self.division: Division | None = None
        self.received: list[agent_pb2.CoordinatorMessage] = []
        self.acknowledged: list[int] = []
        self.renews = True
        self.status: tuple[grpc.StatusCode, str] | None = None
        self._offset_ns = round(clock_offset_s * 1e9)
        self._reporter = Reporter(self.hello.incarnation)
        self._seed = 0
        self._news = asyncio.Condition()
        self._taken = 0
        self._address = address
        self._credentials = credentials
        self._outbox: asyncio.Queue[agent_pb2.AgentMessage | None] = asyncio.Queue()
        self._channel: grpc.aio.Channel | None = None
        self._tasks: list[asyncio.Task[None]] = []

    async def __aenter__(self) -> Self:
        await self.attach()
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
        """Open a stream and say nothing yet."""
        self._outbox = asyncio.Queue()
        self.status = None
        self._channel = self._credentials.channel(
            self._address,
            (("grpc.enable_http_proxy", 0), ("grpc.use_local_subchannel_pool", 1)),
        )
        self._tasks.append(asyncio.create_task(self._serve(self._channel)))

    async def attach(self, holding: agent_pb2.Holding | None = None) -> None:
        """Introduce itself on a new stream; returns when it is welcome."""
        self.dial()
        hello = agent_pb2.Hello()
        hello.CopyFrom(self.hello)
        if holding is not None:
            hello.holding.CopyFrom(holding)
        self.send(hello=hello)
        await self.expect("welcome")
        self._tasks.append(asyncio.create_task(self._renew()))

    async def come_back(self, address: str | None = None) -> None:
        """On a new stream, still holding its run; perhaps to another coordinator."""
        await self.leave()
        self._address = address or self._address
        await self.attach(self.holding())

    def holding(self) -> agent_pb2.Holding:
        return agent_pb2.Holding(
            run_id=self.run_id, agent=self.name, start_at_ns=self.start_at_ns, epoch=self.epoch
        )

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
        self._tasks.clear()
        if self._channel is not None:
            await self._channel.close()

    async def refusal(self) -> tuple[grpc.StatusCode, str]:
        """The status with which the coordinator ends the stream.

        It renews no more: grpc's client takes a stream that ends under one of its own writes for an
        "Internal error from Core", and forgets the status that it was sent.
        """
        self.renews = False
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
        self.run_id, self.name, self._seed = prepare.run_id, prepare.agent, prepare.seed
        self.test = load(source_from_wire(prepare.source))
        self.division = Division(table_from_wire(prepare.shares))
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
        accounts: Iterable[ScenarioAccount] | None = None,
        *,
        last: bool = False,
        epoch: int | None = None,
    ) -> Report:
        """Send a report of what the test says was measured."""
        report = self.make_report(interval, values, accounts, last=last, epoch=epoch)
        self.send(report=report)
        return report

    def make_report(
        self,
        interval: int,
        values: Values | None = None,
        accounts: Iterable[ScenarioAccount] | None = None,
        *,
        last: bool = False,
        epoch: int | None = None,
    ) -> Report:
        """`epoch` is the newest handover that it says it has taken: by default it took them all."""
        if accounts is None:
            accounts = self.all_fired() if last else ()
        epoch = self.epoch if epoch is None else epoch
        report = self._reporter.report(interval, values, accounts, last, epoch)
        report.run_id = self.run_id
        return report

    def share(self, scenario: str = "browse") -> ScenarioShare:
        """Its part of a scenario, with what it has inherited and without what it has handed over."""
        assert self.test is not None
        assert self.division is not None
        model = self.test.scenarios[scenario]
        return plan_scenario(scenario, model, self.division, self.name, self._seed)

    def all_fired(self) -> list[ScenarioAccount]:
        """As if it had carried out all that is its own."""
        if self.test is None:
            return []
        planned = {name: self.share(name).planned for name in self.test.scenarios}
        return [account(name, count, count) for name, count in planned.items() if count is not None]

    @property
    def epoch(self) -> int:
        return 0 if self.division is None else self.division.epoch

    async def expect_reshare(self, epoch: int = 1) -> Handover:
        """The newest handover, once it has heard of that epoch."""
        await self._until(lambda: self.epoch >= epoch)
        assert self.division is not None
        return self.division.handovers[-1]

    def leaving(self, boundary_s: float, **decided: int) -> None:
        """Hand its share over from this second of the run on."""
        leaving = agent_pb2.Leaving(
            run_id=self.run_id,
            boundary_ns=round(boundary_s * 1e9),
            decided=decided,
            reason="told to",
        )
        self.send(leaving=leaving)

    async def acknowledgement(self, interval: int) -> None:
        """Wait until everything up to `interval` is acknowledged."""
        await self._until(lambda: bool(self.acknowledged) and self.acknowledged[-1] >= interval)

    def now_ns(self) -> int:
        """Its own clock."""
        return time.monotonic_ns() + self._offset_ns

    # --- underneath ----------------------------------------------------------------------------

    async def _serve(self, channel: grpc.aio.Channel) -> None:
        stub = agent_pb2_grpc.AgentServiceStub(channel)
        call = stub.Attach(self._messages(self._outbox))
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

    async def _messages(
        self, outbox: asyncio.Queue[agent_pb2.AgentMessage | None]
    ) -> AsyncIterator[agent_pb2.AgentMessage]:
        while (message := await outbox.get()) is not None:
            yield message

    async def _take(self, message: agent_pb2.CoordinatorMessage) -> None:
        received_ns = self.now_ns()
        async with self._news:
            self.received.append(message)
            if message.HasField("clock_probe"):
                self._answer(message.clock_probe, received_ns)
            elif message.HasField("report_acknowledged"):
                self.acknowledged.append(message.report_acknowledged.interval)
            elif message.HasField("reshare") and self.division is not None:
                handovers = [Handover.of(one) for one in message.reshare.handovers]
                self.division = extended(self.division, handovers)
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
