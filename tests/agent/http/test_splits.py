"""However the network cuts a response, the exchange is the same."""

from __future__ import annotations

import asyncio
from itertools import pairwise
from typing import TYPE_CHECKING, Any, cast

from hypothesis import given, settings
from hypothesis import strategies as st

from groundswell_agent.http.connection import Connection
from groundswell_agent.http.exchange import Exchange
from groundswell_agent.http.request import Origin, PreparedRequest, prepare

if TYPE_CHECKING:
    from groundswell_agent.http.sweeper import Sweeper

ORIGIN = Origin.at("http", "shop.test")

RESPONSES = [
    b"HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nhello",
    b"\r\nHTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n",
    b"HTTP/1.1 204 No Content\r\n\r\n",
    b"HTTP/1.1 200 OK\r\nConnection: close\r\nContent-Length: 5\r\n\r\nhello",
    b"HTTP/1.0 200 OK\r\n\r\nhello\r\n\r\nHTTP/1.1 200 OK\r\n\r\n",
    b"HTTP/1.1 200 OK\r\nX: y\r\n\r\n",
    b"HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 103 Hints\r\nA: b\r\n\r\n"
    b"HTTP/1.1 404 Not Found\r\nTransfer-Encoding: chunked\r\n\r\n"
    b"3;a=b\r\nabc\r\n2\r\n\r\n\r\n0\r\nX-T: 1\r\n\r\n",
    b"HTTP/1.1 103 Hints\r\nContent-Type: x\r\n\r\nHTTP/1.1 200 OK\r\n\r\nuntil the end",
    b"HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nhel",
    b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n3\r\nabc\r\n",
    b"HTTP/1.1 200 OK\r\nContent-Length: five\r\n\r\nhello",
    b"HTTP/1.1 200 OK\r\nBroken",
    b"nonsense\r\n\r\n",
    b"HTTP/1.1 101 Switching Protocols\r\nConnection: upgrade\r\nUpgrade: x\r\n\r\n",
]


class _Wire:
    """A transport that takes everything."""

    def __init__(self) -> None:
        self.closing = False

    def set_write_buffer_limits(self, high: int) -> None: ...

    def write(self, data: bytes) -> None: ...

    def is_closing(self) -> bool:
        return self.closing

    def abort(self) -> None:
        self.closing = True

    def get_write_buffer_size(self) -> int:
        return 0


class _NoSweeper:
    smallest = 0.0

    def add(self, connection: object) -> None: ...

    def discard(self, connection: object) -> None: ...


def _run(request: PreparedRequest, parts: list[bytes]) -> tuple[object, ...]:
    """What came of it, and whether the connection may go on; then the stream ends."""
    loop = asyncio.new_event_loop()
    try:
        connection = Connection(ORIGIN, cast("Sweeper", _NoSweeper()), loop)
        wire = _Wire()
        connection.connection_made(cast("Any", wire))
        exchange = Exchange()
        waiter = connection.start(request, exchange, 0.0)
        assert waiter is not None
        reused = False
        for part in parts:
            if wire.closing:
                break
            connection.data_received(part)
            if waiter.done():
                reused = connection.usable
                break
        if not waiter.done():
            connection.eof_received()
        assert waiter.done()
        return (
            exchange.status,
            exchange.error,
            exchange.body,
            exchange.body_truncated,
            exchange.headers,
            exchange.bytes_received if exchange.error is None else None,
            reused,
        )
    finally:
        loop.close()


def _cut(response: bytes, places: list[int]) -> list[bytes]:
    edges = sorted({0, len(response), *(place % (len(response) + 1) for place in places)})
    return [response[a:b] for a, b in pairwise(edges)]


REQUESTS = [
    prepare("GET", ORIGIN),
    prepare("GET", ORIGIN, keep_body=True, keep_headers=True),
    prepare("GET", ORIGIN, keep_body=True, body_limit=3),
]


@settings(deadline=None, max_examples=400)
@given(
    response=st.sampled_from(RESPONSES),
    request=st.sampled_from(REQUESTS),
    places=st.lists(st.integers(0, 10_000), max_size=12),
)
def test_any_cut_gives_the_same_exchange(
    response: bytes, request: PreparedRequest, places: list[int]
) -> None:
    assert _run(request, _cut(response, places)) == _run(request, [response])


def test_byte_by_byte_gives_the_same_exchange() -> None:
    for response in RESPONSES:
        for request in REQUESTS:
            parts = [response[at : at + 1] for at in range(len(response))]
            assert _run(request, parts) == _run(request, [response])


@settings(deadline=None, max_examples=300)
@given(st.lists(st.binary(max_size=60), min_size=1, max_size=6), st.sampled_from(REQUESTS))
def test_no_bytes_raise_out_of_the_connection(parts: list[bytes], request: PreparedRequest) -> None:
    _run(request, [part for part in [b"HTTP/1.1 ", *parts] if part])
