"""The agents' side of the coordinator: one stream per agent, its messages handed to its run."""

from __future__ import annotations

import asyncio
import logging
import time
from typing import TYPE_CHECKING, NoReturn

import grpc
from google.protobuf.message import DecodeError

from groundswell.errors import ProtocolViolation
from groundswell.v1 import agent_pb2, agent_pb2_grpc

if TYPE_CHECKING:
    from collections.abc import AsyncIterator

    from groundswell_coordinator.pool import Attachment, Pool

PROTOCOL = "groundswell.v1"

_HELLO_S = 10.0
_LAST_WRITE_S = 0.1
_LONGEST_NAME = 200
_HEAVIEST = 1000
# An agent that is so many messages behind does not read: at most two a second are sent to it.
_MOST_UNREAD = 1000

_log = logging.getLogger(__name__)

type_context = grpc.aio.ServicerContext[agent_pb2.AgentMessage, agent_pb2.CoordinatorMessage]


class AgentService(agent_pb2_grpc.AgentServiceServicer):
    """Serves `Attach`."""

    def __init__(self, pool: Pool, *, coordinator_id: str, generation: int, lease_s: float) -> None:
        self._pool = pool
        self._lease_s = lease_s
        self._welcome = agent_pb2.Welcome(
            coordinator_id=coordinator_id, generation=generation, lease_ms=int(lease_s * 1000)
        )

    async def Attach(
        self,
        request_iterator: AsyncIterator[agent_pb2.AgentMessage],
        context: type_context,
    ) -> AsyncIterator[agent_pb2.CoordinatorMessage]:
        try:
            hello = await _hello(request_iterator)
            agent = self._pool.attach(hello, self._lease_s)
        except ProtocolViolation as violation:
            _log.warning("%s: %s", context.peer(), violation)
            await _refuse(context, grpc.StatusCode.FAILED_PRECONDITION, violation)
        agent.send(welcome=self._welcome)
        reader = asyncio.create_task(self._read(agent, request_iterator))
        try:
            while (message := await agent.outbox.get()) is not None:
                yield message
            if agent.refusal is not None:
                _log.warning("%s: %s", agent.name, agent.refusal)
                await _refuse(context, grpc.StatusCode.INVALID_ARGUMENT, agent.refusal)
        finally:
            reader.cancel()
            self._pool.detach(agent)

    async def _read(
        self, agent: Attachment, messages: AsyncIterator[agent_pb2.AgentMessage]
    ) -> None:
        """Hand on what the agent sends until its stream ends; then it is gone, and our side ends.

        Gone even where our side cannot end yet, because the agent reads nothing of what we write.
        """
        try:
            await self._read_under_lease(agent, messages)
        except ProtocolViolation as violation:
            agent.refuse(violation)
        except grpc.aio.AbortError:
            # Our side has refused the agent and ended the stream under this reader.
            return
        except Exception:
            _log.exception("%s: its messages cannot be taken", agent.name)
            agent.refuse(ProtocolViolation("the coordinator failed: see its log"))
        finally:
            self._pool.detach(agent)
            agent.outbox.put_nowait(None)

    async def _read_under_lease(
        self, agent: Attachment, messages: AsyncIterator[agent_pb2.AgentMessage]
    ) -> None:
        loop = asyncio.get_running_loop()
        try:
            async with asyncio.timeout(agent.view_s) as silence:
                async for message in messages:
                    silence.reschedule(loop.time() + agent.view_s)
                    _dispatch(agent, message)
        except TimeoutError:
            raise ProtocolViolation(f"silent for {agent.view_s:g} s: its lease is over") from None
        except DecodeError as error:
            raise ProtocolViolation(f"not a message of {PROTOCOL}: {error}") from error


async def _refuse(
    context: type_context, code: grpc.StatusCode, violation: ProtocolViolation
) -> NoReturn:
    # grpc's client calls it an "Internal error from Core" when the stream ends under a write of its
    # own, and then the reason is lost: so the write that offended may come to its end first.
    await asyncio.sleep(_LAST_WRITE_S)
    await context.abort(code, str(violation))


async def _hello(messages: AsyncIterator[agent_pb2.AgentMessage]) -> agent_pb2.Hello:
    """The stream's first message, or ProtocolViolation."""
    first = agent_pb2.AgentMessage()
    try:
        async with asyncio.timeout(_HELLO_S):
            async for message in messages:
                first = message
                break
    except TimeoutError:
        raise ProtocolViolation(f"no hello within {_HELLO_S:g} s") from None
    except DecodeError as error:
        raise ProtocolViolation(f"not a message of {PROTOCOL}: {error}") from error
    hello = first.hello
    if hello.protocol != PROTOCOL or not hello.incarnation:
        raise ProtocolViolation(
            f"this coordinator speaks {PROTOCOL}; the first message must be its hello"
        )
    if max(len(hello.name), len(hello.incarnation)) > _LONGEST_NAME or hello.weight > _HEAVIEST:
        raise ProtocolViolation(
            f"a name has at most {_LONGEST_NAME} letters, a weight is at most {_HEAVIEST}"
        )
    return hello


def _dispatch(agent: Attachment, message: agent_pb2.AgentMessage) -> None:
    agent.last_heard = time.monotonic()
    match message.WhichOneof("body"):
        case "clock_reply":
            agent.clock_reply(message.clock_reply)
        case "renewal":
            _acknowledge(agent, message.renewal)
        case "prepared":
            agent.deliver(message.prepared.run_id, message)
        case "refused":
            agent.deliver(message.refused.run_id, message)
        case "start_acknowledged":
            agent.deliver(message.start_acknowledged.run_id, message)
        case "started":
            agent.deliver(message.started.run_id, message)
        case "report":
            agent.deliver(message.report.run_id, message)
        case None | "hello":
            raise ProtocolViolation("an empty message or a second hello")


def _acknowledge(agent: Attachment, renewal: agent_pb2.Renewal) -> None:
    if agent.outbox.qsize() > _MOST_UNREAD:
        raise ProtocolViolation("it does not read what it is sent")
    acknowledged = agent_pb2.RenewalAcknowledged(sent_ns=renewal.sent_ns)
    agent.send(renewal_acknowledged=acknowledged)
