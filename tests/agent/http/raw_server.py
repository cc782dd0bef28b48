"""A server that says exactly what a test tells it to, and counts what it hears and says."""

from __future__ import annotations

import asyncio
import socket
import struct
from contextlib import asynccontextmanager
from typing import TYPE_CHECKING, cast

from groundswell_agent.http.request import Origin

if TYPE_CHECKING:
    from collections.abc import AsyncGenerator, Awaitable, Callable, Sequence
    from ssl import SSLContext

OK = b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok"
EMPTY = b"HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n"


class Visit:
    """One connection, from the server's side; `number` counts from 1."""

    def __init__(
        self, number: int, reader: asyncio.StreamReader, writer: asyncio.StreamWriter
    ) -> None:
        self.number = number
        self.reader = reader
        self.writer = writer
        self.heard = b""
        self.said = 0

    async def request(self) -> bytes:
        """The next request, head and body; b"" when the client has closed."""
        try:
            head = await self.reader.readuntil(b"\r\n\r\n")
        except asyncio.IncompleteReadError:
            return b""
        length = 0
        for line in head.lower().split(b"\r\n"):
            if line.startswith(b"content-length:"):
                length = int(line.partition(b":")[2])
        request = head + await self.reader.readexactly(length)
        self.heard += request
        return request

    async def say(self, *parts: bytes, apart: float = 0.0) -> None:
        """Send each part in a packet of its own."""
        for part in parts:
            self.writer.write(part)
            await self.writer.drain()
            self.said += len(part)
            if apart:
                await asyncio.sleep(apart)

    def hold(self) -> None:
        """Read no more, so that the client's bytes pile up."""
        cast("asyncio.Transport", self.writer.transport).pause_reading()

    def go_on(self) -> None:
        cast("asyncio.Transport", self.writer.transport).resume_reading()

    def reset(self) -> None:
        """Close with a RST."""
        own = self.writer.get_extra_info("socket")
        own.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        self.writer.transport.abort()


class RawServer:
    def __init__(self, host: str, port: int, scheme: str = "http") -> None:
        self.host = host
        self.port = port
        self.scheme = scheme
        self.visits: list[Visit] = []

    @property
    def origin(self) -> Origin:
        return Origin.at(self.scheme, self.host, self.port)

    @property
    def heard(self) -> bytes:
        return b"".join(visit.heard for visit in self.visits)

    @property
    def said(self) -> int:
        return sum(visit.said for visit in self.visits)


@asynccontextmanager
async def serving(
    script: Callable[[Visit], Awaitable[None]],
    *,
    host: str = "127.0.0.1",
    port: int = 0,
    tls: SSLContext | None = None,
) -> AsyncGenerator[RawServer]:
    """Run `script` for each connection, and close that when the script returns."""
    server = RawServer(host, 0, "https" if tls else "http")
    tasks: set[asyncio.Task[None]] = set()

    async def visited(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        task = asyncio.current_task()
        assert task is not None
        tasks.add(task)
        visit = Visit(len(server.visits) + 1, reader, writer)
        server.visits.append(visit)
        try:
            await script(visit)
        except (OSError, asyncio.IncompleteReadError, asyncio.CancelledError):
            pass  # the client went first, or the test is over
        finally:
            tasks.discard(task)
            if tls is None and not writer.transport.is_closing():
                writer.close()
            else:
                writer.transport.abort()

    listening = await asyncio.start_server(visited, host, port, ssl=tls, backlog=512)
    server.port = listening.sockets[0].getsockname()[1]
    try:
        yield server
    finally:
        listening.close()
        for task in list(tasks):
            task.cancel()
        if tasks:
            await asyncio.wait(tasks)
        await asyncio.sleep(0.01)


def answering(*parts: bytes, apart: float = 0.0) -> Callable[[Visit], Awaitable[None]]:
    """A script: the same parts to every request, for as long as the client stays."""

    async def script(visit: Visit) -> None:
        while await visit.request():
            await visit.say(*parts, apart=apart)

    return script


def once(*parts: bytes, apart: float = 0.0) -> Callable[[Visit], Awaitable[None]]:
    """A script: the parts to the first request, then the end of the connection."""

    async def script(visit: Visit) -> None:
        await visit.request()
        await visit.say(*parts, apart=apart)

    return script


def free_ports(count: int) -> Sequence[int]:
    """Ports that nobody listens at."""
    taken = [socket.create_server(("127.0.0.1", 0)) for _ in range(count)]
    ports = [int(one.getsockname()[1]) for one in taken]
    for one in taken:
        one.close()
    return ports
