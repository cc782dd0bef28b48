"""The agents' side of the coordinator: one stream per agent, its messages handed to the pool and to its run."""

from __future__ import annotations

import asyncio
import logging
import time
from typing import TYPE_CHECKING

import grpc

from groundswell.errors import ProtocolViolation
from groundswell.v1 import agent_pb2, agent_pb2_grpc

if TYPE_CHECKING:
    from collections.abc import AsyncIterator

    from groundswell_coordinator.pool import Attachment, Pool

PROTOCOL = "groundswell.v1"

_log = logging.getLogger(__name__)

type_context = grpc.aio.ServicerContext[agent_pb2.AgentMessage, agent_pb2.CoordinatorMessage]


class AgentService(agent_pb2_grpc.AgentServiceServicer):
    """Serves `Attach`."""

    def __init__(self, pool: Pool, *, coordinator_id: str, generation: int, lease_s: float) -> None:
        self._pool = pool
        self._welcome = agent_pb2.Welcome(
            coordinator_id=coordinator_id, generation=generation, lease_ms=int(lease_s * 1000)
        )

    async def Attach(  # noqa: N802 - the name is the wire's
        self,
        request_iterator: AsyncIterator[agent_pb2.AgentMessage],
        context: type_context,
    ) -> AsyncIterator[agent_pb2.CoordinatorMessage]:
        agent = self._pool.attach(await self._hello(request_iterator, context))
        agent.send(welcome=self._welcome)
        reader = asyncio.create_task(self._read(agent, request_iterator))
        try:
            while (message := await agent.outbox.get()) is not None:
                yield message
            await reader
        except ProtocolViolation as error:
            _log.warning("%s: %s", agent.name, error)
            await context.abort(grpc.StatusCode.INVALID_ARGUMENT, str(error))
        finally:
            reader.cancel()
            self._pool.detach(agent)

    async def _hello(
        self, messages: AsyncIterator[agent_pb2.AgentMessage], context: type_context
    ) -> agent_pb2.Hello:
        async for message in messages:
            hello = message.hello
            if hello.protocol == PROTOCOL and hello.incarnation:
                return hello
            break
        await context.abort(
            grpc.StatusCode.FAILED_PRECONDITION,
            f"this coordinator speaks {PROTOCOL}; the first message must be its hello",
        )

    async def _read(
        self, agent: Attachment, messages: AsyncIterator[agent_pb2.AgentMessage]
    ) -> None:
        """Hand on what the agent sends until its stream ends; then end ours."""
        try:
            async for message in messages:
                self._dispatch(agent, message)
        finally:
            agent.outbox.put_nowait(None)

    def _dispatch(self, agent: Attachment, message: agent_pb2.AgentMessage) -> None:
        agent.last_heard = time.monotonic()
        match message.WhichOneof("body"):
            case "clock_reply":
                agent.clock_reply(message.clock_reply)
            case "renewal":
                agent.send(
                    renewal_acknowledged=agent_pb2.RenewalAcknowledged(
                        sent_ns=message.renewal.sent_ns
                    )
                )
            case None | "hello":
                raise ProtocolViolation("an empty message or a second hello")
            case _:
                if agent.run is not None:
                    agent.run.deliver(agent, message)
