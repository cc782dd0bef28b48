"""The agents' side of the coordinator: one stream per agent, its messages handed to its run."""

from __future__ import annotations

import asyncio
import logging
import time
from typing import TYPE_CHECKING, NoReturn

import grpc
from google.protobuf.message import DecodeError

from groundswell.errors import CoordinatorRefuses, ProtocolViolation
from groundswell.files.stamp import FileStamp
from groundswell.v1 import agent_pb2, agent_pb2_grpc
from groundswell.wire import PROTOCOL
from groundswell_coordinator.access.caller import CALLER
from groundswell_coordinator.failure import let_write
from groundswell_coordinator.peer import peer_of
from groundswell_coordinator.run_files import RunFiles
from groundswell_coordinator.services import limits
from groundswell_coordinator.services.file_transfer import give_file

if TYPE_CHECKING:
    from collections.abc import AsyncIterator

    from groundswell.errors import GroundswellError
    from groundswell_coordinator.access.caller import Caller
    from groundswell_coordinator.attachment import Attachment, Stream
    from groundswell_coordinator.pool import Pool
    from groundswell_coordinator.run.owner import RunOwner
    from groundswell_coordinator.services.file_transfer import FetchContext

_HELLO_S = 10.0
# A timer for every message of a thousand agents cost a twentieth of a core.
_PROLONG_EVERY_S = 1.0
# An agent that is so many messages behind does not read: at most two a second are sent to it.
_MOST_UNREAD = 1000

_log = logging.getLogger(__name__)

type_context = grpc.aio.ServicerContext[agent_pb2.AgentMessage, agent_pb2.CoordinatorMessage]


class AgentService(agent_pb2_grpc.AgentServiceServicer):
    """Serves `Attach`, and the files of tests."""

    def __init__(self, pool: Pool, owner: RunOwner, files: RunFiles | None = None) -> None:
        self._pool = pool
        self._owner = owner
        self._files = files or RunFiles()

    async def Attach(
        self,
        request_iterator: AsyncIterator[agent_pb2.AgentMessage],
        context: type_context,
    ) -> AsyncIterator[agent_pb2.CoordinatorMessage]:
        try:
            hello = await _hello(request_iterator)
        except ProtocolViolation as violation:
            _log.warning("%s: %s", peer_of(context), violation)
            await _refuse(context, grpc.StatusCode.FAILED_PRECONDITION, violation)
        caller = CALLER.get()
        try:
            agent = self._pool.attach(hello, None if caller is None else caller.identity)
        except CoordinatorRefuses as refusal:
            _log.warning("%s: %s", peer_of(context), refusal)
            await _refuse(context, grpc.StatusCode.PERMISSION_DENIED, refusal)
        stream = agent.begin_stream()
        agent.send(welcome=self._welcome())
        self._pool.welcomed(agent, hello.holding)
        _log.info("%s is attached from %s", agent.name, peer_of(context))
        reader = asyncio.create_task(self._read(agent, stream, request_iterator))
        try:
            while (message := await stream.outbox.get()) is not None:
                yield message
            if stream.refusal is not None:
                _log.warning("%s: %s", agent.name, stream.refusal)
                await _refuse(context, grpc.StatusCode.INVALID_ARGUMENT, stream.refusal)
        finally:
            _log.info("%s: a stream of it has ended", agent.name)
            reader.cancel()
            self._pool.detach(agent, stream)

    # The stub knows generators alone; a write has its own time limit here.
    async def FetchFile(  # type: ignore[override]
        self, request: agent_pb2.FetchFileRequest, context: FetchContext
    ) -> None:
        caller = CALLER.get()
        if caller is not None and not self._may_fetch(request, caller):
            # Whether it is here is nothing that this one is to know.
            refusal = CoordinatorRefuses("no run that this agent takes part in has such a file")
            _log.warning("%s: %s: %s", peer_of(context), caller, refusal)
            await context.abort(grpc.StatusCode.PERMISSION_DENIED, str(refusal))
        await give_file(self._files, request, context)

    def _may_fetch(self, request: agent_pb2.FetchFileRequest, caller: Caller) -> bool:
        stamp = FileStamp(request.stamp.sha256, request.stamp.size)
        return self._pool.may_fetch(stamp, caller.identity)

    def _welcome(self) -> agent_pb2.Welcome:
        return agent_pb2.Welcome(
            coordinator_id=self._owner.coordinator_id,
            generation=self._owner.generation,
            lease_ms=round(self._pool.lease_s * 1000),
        )

    async def _read(
        self, agent: Attachment, stream: Stream, messages: AsyncIterator[agent_pb2.AgentMessage]
    ) -> None:
        """Hand on what the agent sends until its stream ends; then our side of it ends, too.

        The agent has left this stream even where our side cannot end yet, because it reads nothing
        of what we write.
        """
        try:
            await self._read_under_lease(agent, stream, messages)
        except ProtocolViolation as violation:
            stream.refuse(violation)
        except grpc.aio.AbortError:
            # Our side has refused the agent and ended the stream under this reader.
            return
        except Exception:
            _log.exception("%s: its messages cannot be taken", agent.name)
            stream.refuse(ProtocolViolation("the coordinator failed: see its log"))
        finally:
            self._pool.detach(agent, stream)
            stream.end()

    async def _read_under_lease(
        self, agent: Attachment, stream: Stream, messages: AsyncIterator[agent_pb2.AgentMessage]
    ) -> None:
        loop = asyncio.get_running_loop()
        prolong_at = 0.0
        try:
            async with asyncio.timeout(agent.view_s) as silence:
                async for message in messages:
                    if agent.stream is not stream:
                        # It has another one by now, and is heard there.
                        return
                    if (now := loop.time()) >= prolong_at:
                        silence.reschedule(now + agent.view_s + _PROLONG_EVERY_S)
                        prolong_at = now + _PROLONG_EVERY_S
                    _dispatch(agent, message)
        except TimeoutError:
            # Not a word that it broke: after a partition it may come back and deliver its reports.
            _log.warning("%s: silent for %g s: its lease is over", agent.name, agent.view_s)
        except DecodeError as error:
            raise ProtocolViolation(f"not a message of {PROTOCOL}: {error}") from error


async def _refuse(
    context: type_context, code: grpc.StatusCode, violation: GroundswellError
) -> NoReturn:
    await let_write()
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
    limits.check_hello(hello)
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
        case "performed":
            agent.deliver(message.performed.run_id, message)
        case "start_acknowledged":
            agent.deliver(message.start_acknowledged.run_id, message)
        case "started":
            agent.deliver(message.started.run_id, message)
        case "report":
            agent.deliver(message.report.run_id, message)
        case "noted":
            agent.deliver(message.noted.run_id, message)
        case "leaving":
            agent.deliver(message.leaving.run_id, message)
        case "recalled":
            agent.deliver(message.recalled.run_id, message)
        case None | "hello":
            raise ProtocolViolation("an empty message or a second hello")


def _acknowledge(agent: Attachment, renewal: agent_pb2.Renewal) -> None:
    if agent.unread > _MOST_UNREAD:
        raise ProtocolViolation("it does not read what it is sent")
    acknowledged = agent_pb2.RenewalAcknowledged(sent_ns=renewal.sent_ns)
    agent.send(renewal_acknowledged=acknowledged)
