"""What a hostile target may answer: scripts for a raw server. Each goes on until the client has left."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable

    from tests.agent.http.raw_server import Visit

    Attack = Callable[[Visit], Awaitable[None]]

KIB = 1024
CHUNKED = b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n"
_LAST = CHUNKED + b"2\r\nab\r\n0\r\n"


def endless(beginning: bytes, part: bytes, apart: float = 0.0) -> Attack:
    """First the beginning, then the part again and again."""

    async def script(visit: Visit) -> None:
        await visit.request()
        await visit.say(beginning)
        while not visit.writer.transport.is_closing():
            await visit.say(part)
            # Writing alone would not let anybody else run while the kernel takes all.
            await asyncio.sleep(apart)

    return script


# In memory they would be as long as they are.
ENDLESS = {
    "headers": endless(b"HTTP/1.1 200 OK\r\n", b"X: y\r\n" * 10_000),
    "one header": endless(b"HTTP/1.1 200 OK\r\nX: ", b"y" * 60 * KIB),
    "a status line": endless(b"HTTP/1.1 200 ", b"O" * 60 * KIB),
    "empty lines": endless(b"", b"\r\n" * 30 * KIB),
    "1xx": endless(b"", b"HTTP/1.1 103 Early Hints\r\nLink: <a>\r\n\r\n" * 1000),
    "trailers": endless(_LAST, b"X: y\r\n" * 10_000),
    "one trailer": endless(_LAST + b"X: ", b"y" * 60 * KIB),
    "a chunk's extension": endless(CHUNKED + b"2;", b"x" * 60 * KIB),
    "zeros before a chunk's size": endless(CHUNKED, b"0" * 60 * KIB),
    "a body": endless(b"HTTP/1.1 200 OK\r\n\r\n", b"x" * 60 * KIB),
    "a body of chunks of two bytes": endless(CHUNKED, b"2\r\nab\r\n" * 8_000),
    "a body of 2**64 - 1 bytes": endless(
        b"HTTP/1.1 200 OK\r\nContent-Length: 18446744073709551615\r\n\r\n", b"x" * 60 * KIB
    ),
    "a chunk of 2**63 bytes": endless(CHUNKED + b"8000000000000000\r\n", b"x" * 60 * KIB),
}
