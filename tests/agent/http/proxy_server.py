"""A small HTTP proxy of our own on asyncio: forwards http by its whole URL, tunnels what CONNECT asks for,
and keeps a record of both.
"""

from __future__ import annotations

import asyncio
import base64
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass, field
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

if TYPE_CHECKING:
    from collections.abc import AsyncGenerator, Mapping

_DENIED = b"HTTP/1.1 407 Proxy Authentication Required\r\nContent-Length: 0\r\n\r\n"
_MADE = b"HTTP/1.1 200 Connection established\r\n\r\n"
_UNREACHED = b"HTTP/1.1 502 Bad Gateway\r\nContent-Length: 0\r\n\r\n"


@dataclass
class ProxyServer:
    """`hosts` are what the proxy knows of names: nobody else resolves them."""

    port: int = 0
    user: str | None = None
    hosts: Mapping[str, str] = field(default_factory=dict[str, str])
    asked: list[tuple[str, str]] = field(default_factory=list[tuple[str, str]])
    connections: int = 0

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}"

    def admits(self, head: bytes) -> bool:
        if self.user is None:
            return True
        wanted = b"proxy-authorization: basic " + base64.b64encode(self.user.encode()).lower()
        return wanted in head.lower().split(b"\r\n")

    def place(self, host: str | None, port: int) -> tuple[str, int]:
        assert host is not None
        return self.hosts.get(host, host), port


async def _serve(
    proxy: ProxyServer, reader: asyncio.StreamReader, writer: asyncio.StreamWriter
) -> None:
    while True:
        head = await reader.readuntil(b"\r\n\r\n")
        method, target, _ = head.split(b"\r\n")[0].decode().split(" ")
        proxy.asked.append((method, target))
        if not proxy.admits(head):
            writer.write(_DENIED)
            return
        if method == "CONNECT":
            await _tunnel(proxy, target, reader, writer)
            return
        await _forward(proxy, head, target, reader, writer)


async def _tunnel(
    proxy: ProxyServer, target: str, reader: asyncio.StreamReader, writer: asyncio.StreamWriter
) -> None:
    host, _, port = target.rpartition(":")
    try:
        theirs = await asyncio.open_connection(*proxy.place(host.strip("[]"), int(port)))
    except OSError:
        writer.write(_UNREACHED)
        return
    writer.write(_MADE)
    try:
        await asyncio.gather(pump(reader, theirs[1]), pump(theirs[0], writer))
    finally:
        theirs[1].transport.abort()


async def pump(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    with suppress(OSError):
        while data := await reader.read(65536):
            writer.write(data)
            await writer.drain()
        if writer.can_write_eof():
            writer.write_eof()


async def _forward(
    proxy: ProxyServer,
    head: bytes,
    target: str,
    reader: asyncio.StreamReader,
    writer: asyncio.StreamWriter,
) -> None:
    url = urlsplit(target)
    assert url.scheme == "http", target
    try:
        theirs = await asyncio.open_connection(*proxy.place(url.hostname, url.port or 80))
    except OSError:
        writer.write(_UNREACHED)
        return
    lines = head.split(b"\r\n")
    path = (url.path or "/") + (f"?{url.query}" if url.query else "")
    lines[0] = lines[0].replace(target.encode(), path.encode())
    kept = [line for line in lines if not line.lower().startswith((b"proxy-", b"connection:"))]
    kept[1:1] = [b"Connection: close"]
    theirs[1].write(b"\r\n".join(kept) + await reader.readexactly(_length(head)))
    try:
        answer = await theirs[0].readuntil(b"\r\n\r\n")
        answer += await theirs[0].readexactly(_length(answer))
    finally:
        theirs[1].transport.abort()
    writer.write(answer.replace(b"Connection: close\r\n", b"", 1))
    await writer.drain()


def _length(head: bytes) -> int:
    lines = head.lower().split(b"\r\n")
    return next((int(one[15:]) for one in lines if one.startswith(b"content-length:")), 0)


@asynccontextmanager
async def proxying(
    *, user: str | None = None, hosts: Mapping[str, str] | None = None
) -> AsyncGenerator[ProxyServer]:
    """`user` is `name:password`."""
    proxy = ProxyServer(user=user, hosts=hosts or {})
    tasks: set[asyncio.Task[None]] = set()

    async def visited(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        task = asyncio.current_task()
        assert task is not None
        tasks.add(task)
        proxy.connections += 1
        try:
            await _serve(proxy, reader, writer)
        except (OSError, asyncio.IncompleteReadError, asyncio.CancelledError):
            pass  # the client went first, or the test is over
        finally:
            tasks.discard(task)
            writer.close()

    listening = await asyncio.start_server(visited, "127.0.0.1", 0)
    proxy.port = listening.sockets[0].getsockname()[1]
    try:
        yield proxy
    finally:
        listening.close()
        for task in list(tasks):
            task.cancel()
        if tasks:
            await asyncio.wait(tasks)
        await asyncio.sleep(0.01)
