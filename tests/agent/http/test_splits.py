"""However the network cuts a response, the exchange is the same."""

from __future__ import annotations

import asyncio
from itertools import pairwise
from typing import TYPE_CHECKING, Any, cast

from hypothesis import given, settings
from hypothesis import strategies as st

from groundswell_agent.http.body import body_of
from groundswell_agent.http.connection import Connection
from groundswell_agent.http.exchange import Exchange
from groundswell_agent.http.head import header_values, lower_head
from groundswell_agent.http.request import Origin, PreparedRequest, prepare
from tests.agent.http.wire import NoSweeper, Wire

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


def _run(request: PreparedRequest, parts: list[bytes]) -> tuple[object, ...]:
    """What came of it, and whether the connection may go on; then the stream ends."""
    exchange, reused = _exchanged(request, parts)
    return (
        exchange.status,
        exchange.error,
        exchange.body,
        exchange.body_truncated,
        exchange.headers,
        exchange.bytes_received if exchange.error is None else None,
        exchange.collected if request.handling.collects else None,
        header_values(exchange.raw, b"x") + header_values(exchange.raw, b"transfer-encoding"),
        reused,
    )


def _exchanged(request: PreparedRequest, parts: list[bytes]) -> tuple[Exchange, bool]:
    loop = asyncio.new_event_loop()
    try:
        connection = Connection(ORIGIN, cast("Sweeper", NoSweeper()), loop)
        wire = Wire()
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
        return exchange, reused
    finally:
        loop.close()


def _cut(response: bytes, places: list[int]) -> list[bytes]:
    edges = sorted({0, len(response), *(place % (len(response) + 1) for place in places)})
    return [response[a:b] for a, b in pairwise(edges)]


REQUESTS = [
    prepare("GET", ORIGIN),
    prepare("GET", ORIGIN, keep_body=True, keep_headers=True),
    prepare("GET", ORIGIN, keep_body=True, body_limit=3),
    prepare("GET", ORIGIN, collects=True),
]
READS = prepare("GET", ORIGIN, keep_body=True, keep_headers=True)
COLLECTS = prepare("GET", ORIGIN, collects=True)


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


@settings(deadline=None, max_examples=200)
@given(st.sampled_from(RESPONSES), st.lists(st.integers(0, 10_000), max_size=6))
def test_what_is_collected_is_what_a_reader_reads(response: bytes, places: list[int]) -> None:
    read, _ = _exchanged(READS, _cut(response, places))
    collected, _ = _exchanged(COLLECTS, _cut(response, places))
    assert collected.status == read.status
    if read.error is not None:
        return
    assert collected.collected == read.body
    assert read.headers is not None
    for name, _ in read.headers:
        own = [value.decode("latin-1") for each, value in read.headers if each == name]
        assert header_values(collected.raw, name.lower()) == own


def test_more_than_the_limit_is_collected_only_as_far_as_one_read() -> None:
    request = prepare("GET", ORIGIN, collects=True, body_limit=5)
    head = b"HTTP/1.1 200 OK\r\nContent-Length: 12\r\n\r\n"
    exchange, reused = _exchanged(request, [head, b"abcd", b"efgh", b"ijkl"])
    assert (exchange.status, exchange.bytes_received, reused) == (200, len(head) + 12, True)
    assert exchange.collected == b"abcdefgh"
    assert body_of(exchange, lower_head(exchange.raw), 5) == b"abcde"


def test_a_connection_collects_for_one_request_after_the_other() -> None:
    loop = asyncio.new_event_loop()
    connection = Connection(ORIGIN, cast("Sweeper", NoSweeper()), loop)
    connection.connection_made(cast("Any", Wire()))
    exchange = Exchange()
    model = prepare("GET", ORIGIN, collects=True, body_limit=6)
    for number in range(4):
        request = model.with_payload(b"GET /%d" % number)
        assert connection.start(request, exchange, 0.0) is not None
        connection.data_received(b"HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nbody%d" % number)
        assert exchange.collected == b"body%d" % number
    assert connection.start(prepare("GET", ORIGIN), exchange, 0.0) is not None
    connection.data_received(b"HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nother")
    assert (exchange.status, exchange.body) == (200, None)
    loop.close()
