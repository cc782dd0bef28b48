"""A coordinator that is played by the test, for one real agent: what it says, and when it falls silent."""

from __future__ import annotations

import asyncio
from dataclasses import dataclass
from typing import TYPE_CHECKING

import grpc

from groundswell.v1 import agent_pb2, agent_pb2_grpc
from groundswell_coordinator.pool import Pool
from groundswell_coordinator.run.owner import RunOwner
from groundswell_coordinator.services.agent_service import AgentService
from tests.integration.real_agents import load_on, new_agent
from tests.integration.scripted_agent import eventually

if TYPE_CHECKING:
    from collections.abc import AsyncIterator

    from groundswell.v1.metrics_pb2 import Report
    from groundswell_agent.agent import Agent
    from tests.integration.target import Target

LEASE_S = 1.5


class Unresponsive(AgentService):
    """A coordinator that for a while answers nothing, while its connections stand."""

    def __init__(self, pool: Pool) -> None:
        super().__init__(pool, RunOwner("c"))
        self.is_silent = False

    async def Attach(
        self,
        request_iterator: AsyncIterator[agent_pb2.AgentMessage],
        context: grpc.aio.ServicerContext[agent_pb2.AgentMessage, agent_pb2.CoordinatorMessage],
    ) -> AsyncIterator[agent_pb2.CoordinatorMessage]:
        async for message in super().Attach(request_iterator, context):
            await eventually(lambda: not self.is_silent)
            yield message


class Inbox:
    """A run that keeps what its agent says."""

    run_id = "r"

    def __init__(self) -> None:
        self.messages: list[agent_pb2.AgentMessage] = []

    @property
    def reports(self) -> list[Report]:
        return [one.report for one in self.messages if one.HasField("report")]

    def deliver(self, agent: object, message: agent_pb2.AgentMessage) -> None:
        self.messages.append(message)

    def needs(self, stamp: object) -> bool:
        return False

    def keeps(self, agent: object) -> bool:
        return True

    def lost(self, agent: object) -> None:
        pass

    def returned(self, agent: object, holding: agent_pb2.Holding) -> None:
        pass


@dataclass(slots=True)
class ByHand:
    """A real agent under a coordinator that is played by the test."""

    agent: Agent
    task: asyncio.Task[None]
    pool: Pool
    service: Unresponsive
    inbox: Inbox
    server: grpc.aio.Server

    def send(self, **body: object) -> None:
        (attachment,) = self.pool.agents()
        attachment.send(**body)

    async def replied(self, kind: str) -> agent_pb2.AgentMessage:
        messages = self.inbox.messages
        await eventually(lambda: kind in [one.WhichOneof("body") for one in messages])
        return next(one for one in messages if one.WhichOneof("body") == kind)

    async def begin(self, target: Target) -> None:
        prepare = agent_pb2.Prepare(
            run_id="r",
            source=agent_pb2.TestSource(text=load_on(target, "200/s", "60s").encode()),
            shares=agent_pb2.ShareTable(
                entries=[agent_pb2.ShareEntry(agent=name, weight=1) for name in ("agent", "other")]
            ),
            agent="agent",
        )
        self.send(prepare=prepare)
        await self.replied("prepared")
        now_ns = round(asyncio.get_running_loop().time() * 1e9)
        self.send(start=agent_pb2.Start(run_id="r", start_at_ns=now_ns))
        await self.replied("started")

    async def end(self) -> None:
        self.task.cancel()
        await asyncio.gather(self.task, return_exceptions=True)
        await self.server.stop(None)


async def attach_by_hand() -> ByHand:
    pool, inbox = Pool(LEASE_S), Inbox()
    service = Unresponsive(pool)
    server = grpc.aio.server()
    agent_pb2_grpc.add_AgentServiceServicer_to_server(service, server)
    port = server.add_insecure_port("127.0.0.1:0")
    await server.start()
    agent = new_agent(f"127.0.0.1:{port}")
    task = asyncio.create_task(agent.run())
    await eventually(lambda: bool(pool.agents()))
    pool.agents()[0].run = inbox
    return ByHand(agent, task, pool, service, inbox, server)


async def load_by_hand(target: Target) -> ByHand:
    """Prepare and start it, and let it load for a moment."""
    by_hand = await attach_by_hand()
    await by_hand.begin(target)
    return by_hand
