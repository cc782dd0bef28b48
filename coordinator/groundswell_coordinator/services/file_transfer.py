"""Files on the wire: taken from clients, given to agents, in parts that each have their time."""

from __future__ import annotations

import asyncio
from contextlib import aclosing
from typing import TYPE_CHECKING, TypeVar

import grpc

from groundswell.errors import FileUnavailable, ProtocolViolation
from groundswell.files.streaming import PART_S, parts_of
from groundswell.files.wire import stamp_from_wire
from groundswell.v1 import agent_pb2

if TYPE_CHECKING:
    from collections.abc import AsyncIterator

    from groundswell.v1 import control_pb2
    from groundswell_coordinator.run_files import RunFiles

    FetchContext = grpc.aio.ServicerContext[agent_pb2.FetchFileRequest, agent_pb2.FilePart]

Part = TypeVar("Part")


async def take_file(files: RunFiles, requests: AsyncIterator[control_pb2.SendFileRequest]) -> None:
    """A whole stream of SendFile."""
    messages = in_time(requests)
    first = await anext(messages, None)
    if first is None or not first.HasField("stamp"):
        raise ProtocolViolation("a file begins with its stamp")
    stamp = stamp_from_wire(first.stamp)
    await files.take(stamp, _data_of(messages))


async def give_file(
    files: RunFiles, request: agent_pb2.FetchFileRequest, context: FetchContext
) -> None:
    """A whole stream of FetchFile."""
    try:
        async with (
            files.serving(stamp_from_wire(request.stamp)) as hold,
            aclosing(parts_of(hold.path, request.offset)) as parts,
        ):
            async for data in parts:
                async with asyncio.timeout(PART_S):
                    await context.write(agent_pb2.FilePart(data=data))
    except ProtocolViolation as violation:
        await context.abort(grpc.StatusCode.INVALID_ARGUMENT, str(violation))
    except TimeoutError:
        await context.abort(grpc.StatusCode.DEADLINE_EXCEEDED, f"nothing is read for {PART_S:g} s")
    except (FileUnavailable, OSError) as error:
        await context.abort(grpc.StatusCode.NOT_FOUND, str(error))


async def in_time(parts: AsyncIterator[Part]) -> AsyncIterator[Part]:
    """The same, unless whoever sends them falls silent: then FileUnavailable."""
    while True:
        try:
            async with asyncio.timeout(PART_S):
                part = await anext(parts, None)
        except TimeoutError:
            raise FileUnavailable(f"nothing more of a file came for {PART_S:g} s") from None
        if part is None:
            return
        yield part


async def _data_of(requests: AsyncIterator[control_pb2.SendFileRequest]) -> AsyncIterator[bytes]:
    async for request in requests:
        yield request.data
