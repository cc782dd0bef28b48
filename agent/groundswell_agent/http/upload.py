"""A body that is sent in parts, as fast as the connection takes them: never whole in memory.

    request = prepare("PUT", origin, "/video", source=FileBody(path))

A source gives its parts anew for every request. With a length it goes out under Content-Length,
without one in chunks.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncGenerator, AsyncIterator
from contextlib import aclosing
from typing import TYPE_CHECKING, Protocol

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence
    from pathlib import Path

    from groundswell_agent.http.exchange import Exchange

# What is read ahead, and what goes to the connection at once: TLS encrypts it in one go, 0.1 ms.
_FILE_PART = 256 * 1024
_PART = 64 * 1024


class BodySource(Protocol):
    """What a body comes from."""

    @property
    def length(self) -> int | None:
        """In bytes; None where it is not known before."""
        ...

    def parts(self) -> AsyncIterator[bytes] | Iterator[bytes]:
        """The body from its beginning, in parts of any size."""
        ...


class FileBody:
    """The file as it is now; read by a thread, because a disk may take its time."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self.length: int | None = path.stat().st_size

    async def parts(self) -> AsyncGenerator[bytes]:
        # Not opened by a thread: who is cancelled meanwhile would leave it open.
        with self._path.open("rb") as file:
            while part := await asyncio.to_thread(file.read, _FILE_PART):
                yield part


class JoinedBody:
    """Pieces one after the other: bytes as they are, and what comes in parts itself."""

    def __init__(self, pieces: Sequence[bytes | FileBody]) -> None:
        self._pieces = pieces
        self.length: int | None = sum(
            len(piece) if isinstance(piece, bytes) else piece.length or 0 for piece in pieces
        )

    async def parts(self) -> AsyncGenerator[bytes]:
        for piece in self._pieces:
            if isinstance(piece, bytes):
                yield piece
                continue
            async with aclosing(piece.parts()) as parts:
                async for part in parts:
                    yield part


class Sender(Protocol):
    """The connection, as an upload sees it."""

    def send_part(self, exchange: Exchange, part: bytes) -> bool: ...

    def upload_ended(self, exchange: Exchange, *, whole: bool) -> None: ...


class Upload:
    """Runs until the last part, until `cancel`, or until its exchange is over."""

    __slots__ = ("_exchange", "_room", "_sender", "_source", "_task")

    def __init__(self, source: BodySource, sender: Sender, exchange: Exchange) -> None:
        self._source = source
        self._sender = sender
        self._exchange = exchange
        self._room = asyncio.Event()
        self._room.set()
        self._task = asyncio.create_task(self._run())

    def pause(self) -> None:
        """The kernel has not taken all of the last part."""
        self._room.clear()

    def resume(self) -> None:
        self._room.set()

    def cancel(self) -> None:
        self._task.cancel()

    async def _run(self) -> None:
        try:
            whole = await self._send_all()
        except asyncio.CancelledError:
            raise
        except Exception:
            # Whatever keeps a source from its next part is this machine's lack, or the test's.
            whole = False
        self._sender.upload_ended(self._exchange, whole=whole)

    async def _send_all(self) -> bool:
        length, sent = self._source.length, 0
        # At its length it has ended: an answer may come before the source could say so.
        if length == 0:
            return True
        async with aclosing(_small(self._source.parts())) as parts:
            async for part in parts:
                await self._room.wait()
                sent += len(part)
                if length is not None and sent > length:
                    return False
                framed = part if length is not None else b"%x\r\n%b\r\n" % (len(part), part)
                if not self._sender.send_part(self._exchange, framed):
                    return False
                if sent == length:
                    return True
                # Others must have their turn, however fast the kernel takes it.
                await asyncio.sleep(0)
        await self._room.wait()
        return length is None and self._sender.send_part(self._exchange, b"0\r\n\r\n")


async def _small(parts: AsyncIterator[bytes] | Iterator[bytes]) -> AsyncGenerator[bytes]:
    """The same bytes, none of them empty, in parts of at most 64 KiB."""
    try:
        async for part in _asynchronous(parts):
            for piece in _pieces(part):
                yield piece
    finally:
        # Where the upload ends early, a file is closed now and not by the garbage collector.
        if isinstance(parts, AsyncGenerator):
            await parts.aclose()


async def _asynchronous(parts: AsyncIterator[bytes] | Iterator[bytes]) -> AsyncGenerator[bytes]:
    if isinstance(parts, AsyncIterator):
        async for part in parts:
            yield part
    else:
        for part in parts:
            yield part


def _pieces(part: bytes) -> Iterator[bytes]:
    if len(part) <= _PART:
        if part:
            yield part
        return
    for at in range(0, len(part), _PART):
        yield part[at : at + _PART]
