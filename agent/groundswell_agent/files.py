"""The files of a run on its agent: fetched from the coordinator once for the whole machine, by content,
and held until the run is over.
"""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING

import grpc

from groundswell.errors import FileUnavailable
from groundswell.files.cache import FileCache
from groundswell.files.places import Kept
from groundswell.files.streaming import PART_S, received
from groundswell.files.wire import stamp_to_wire, stamps_from_wire
from groundswell.v1 import agent_pb2, agent_pb2_grpc
from groundswell.wire import CLIENT_OPTIONS

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Awaitable, Callable
    from pathlib import Path

    from groundswell.credentials import Remote
    from groundswell.files.content import Hold
    from groundswell.files.stamp import FileStamp

# A line that breaks now and then does not spoil a gigabyte.
_ATTEMPTS = 5
_PAUSE_S = 0.5
_TRANSIENT = frozenset((grpc.StatusCode.UNAVAILABLE, grpc.StatusCode.DEADLINE_EXCEEDED))

_LEFT = "look at the agent's disk, or run the test again: its files are then sent again"


class RunFiles:
    """Holds those of one run, until it is closed."""

    def __init__(self, cache: FileCache | None = None) -> None:
        self._cache = cache or FileCache()
        self._holds: list[Hold] = []

    async def fetch(self, source: agent_pb2.TestSource, coordinator: Remote) -> Kept:
        """Get what this machine does not have yet, from the coordinator. Raises FileUnavailable, by the
        file's name.
        """

        async def get(stamp: FileStamp) -> None:
            await received(self._cache, stamp, lambda: _parts(stamp, coordinator))

        return await self._held(source, get)

    async def hold_what_is_here(self, source: agent_pb2.TestSource) -> Kept:
        """The same for whoever has no coordinator."""

        async def refuse(stamp: FileStamp) -> None:
            raise FileUnavailable(f"it is not in {self._cache.folder}")

        return await self._held(source, refuse)

    async def _held(
        self, source: agent_pb2.TestSource, get: Callable[[FileStamp], Awaitable[None]]
    ) -> Kept:
        stamps = stamps_from_wire(source.files)
        places: dict[str, Path] = {}
        for path, stamp in stamps.items():
            try:
                places[path] = await self._hold(stamp, get)
            except FileUnavailable as error:
                message = f"the file {path}: {error.message}"
                raise FileUnavailable(message, hint=error.hint or _LEFT) from error
        return Kept(stamps, places)

    async def _hold(self, stamp: FileStamp, get: Callable[[FileStamp], Awaitable[None]]) -> Path:
        while (hold := await asyncio.to_thread(self._cache.hold, stamp)) is None:
            await get(stamp)
        self._holds.append(hold)
        return hold.path

    def close(self) -> None:
        for hold in self._holds:
            hold.close()
        self._holds.clear()


async def _parts(stamp: FileStamp, coordinator: Remote) -> AsyncIterator[bytes]:
    """The content in order, over as many streams as it takes."""
    offset = attempt = 0
    while True:
        try:
            async for data in _stream(stamp, coordinator, offset):
                offset += len(data)
                attempt = 0
                yield data
            return
        except grpc.aio.AioRpcError as error:
            attempt += 1
            if error.code() not in _TRANSIENT or attempt == _ATTEMPTS:
                said = error.details() or error.code().name
                raise FileUnavailable(f"the coordinator does not give it: {said}") from error
            await asyncio.sleep(_PAUSE_S * attempt)


async def _stream(stamp: FileStamp, coordinator: Remote, offset: int) -> AsyncIterator[bytes]:
    async with coordinator.credentials.channel(str(coordinator), CLIENT_OPTIONS) as channel:
        request = agent_pb2.FetchFileRequest(stamp=stamp_to_wire(stamp), offset=offset)
        call = agent_pb2_grpc.AgentServiceStub(channel).FetchFile(request)
        while True:
            try:
                part = await asyncio.wait_for(call.read(), PART_S)
            except TimeoutError:
                raise FileUnavailable(
                    f"nothing of it came from the coordinator for {PART_S:g} s"
                ) from None
            if not isinstance(part, agent_pb2.FilePart):
                # The end of the stream.
                return
            yield part.data
