"""A response that begins as the one before it is the same to everybody, but for the parser."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING, Any, cast

from hypothesis import given, settings
from hypothesis import strategies as st

from groundswell_agent.http.connection import Connection
from groundswell_agent.http.exchange import Exchange
from groundswell_agent.http.head import lower_head
from groundswell_agent.http.known_head import MOST_MISSES, NOTHING_KNOWN, KnownHead
from groundswell_agent.http.request import Origin, PreparedRequest, prepare
from tests.agent.http.wire import NoSweeper, Wire

if TYPE_CHECKING:
    from groundswell_agent.http.sweeper import Sweeper

ORIGIN = Origin.at("http", "shop.test")


def _response(head: str, body: bytes) -> bytes:
    return f"HTTP/1.1 {head}\r\nContent-Length: {len(body)}\r\n\r\n".encode() + body


PLAIN = _response("200 OK\r\nDate: Wed, 25 Nov 2026 01:02:11 GMT", b"hello")
RESPONSES = [
    PLAIN,
    _response("200 OK\r\nDate: Wed, 25 Nov 2026 01:02:11 GMT", b"HTTP/"),
    _response("200 OK\r\nDate: Wed, 25 Nov 2026 01:02:11 GMT", b"longer"),
    _response("404 Not Found\r\nDate: Wed, 25 Nov 2026 01:02:11 GMT", b"hello"),
    _response("200 OK\r\nset-COOKIE: a=b", b"hello"),
    _response("200 OK\r\nConnection: close", b"hello"),
    _response("100 Continue", b"") + PLAIN,
    b"\r\n" + PLAIN,
    PLAIN + PLAIN,
    PLAIN[:-1] + b"",
    b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n2\r\nab\r\n0\r\n\r\n",
    b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nab\r\n0\r\n\r\n",
    b"HTTP/1.1 304 Not Modified\r\nContent-Length: 5\r\n\r\n",
    b"HTTP/1.1 204 No Content\r\n\r\n",
    b"HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nhel",
    b"HTTP/1.1 200 OK\r\nSet-Cookie: a=b\r\n\r\nuntil the end",
    b"nonsense",
]


def _came_of(request: PreparedRequest, responses: list[bytes]) -> list[tuple[object, ...]]:
    """All exchanges of one connection, a response a read, until it may not go on."""
    loop = asyncio.new_event_loop()
    found: list[tuple[object, ...]] = []
    # One for all, as a client has it.
    exchange = Exchange()
    try:
        connection = Connection(ORIGIN, cast("Sweeper", NoSweeper()), loop)
        connection.connection_made(cast("Any", Wire()))
        for response in responses:
            waiter = connection.start(request, exchange, 0.0)
            assert waiter is not None
            connection.data_received(response)
            if not waiter.done():
                connection.eof_received()
            found.append((*_all_of(exchange), connection.usable))
            if not connection.usable:
                break
        return found
    finally:
        loop.close()


def _all_of(exchange: Exchange) -> tuple[object, ...]:
    # As a step looks at it.
    head = exchange.lower_head or lower_head(exchange.raw) if exchange.status else b""
    return (exchange.status, exchange.error, exchange.bytes_received, exchange.collected, head)


def _without_memory(request: PreparedRequest) -> PreparedRequest:
    request.known = NOTHING_KNOWN
    return request


@settings(deadline=None, max_examples=500)
@given(responses=st.lists(st.sampled_from(RESPONSES), max_size=12), collects=st.booleans())
def test_what_is_recognized_is_what_the_parser_would_have_said(
    responses: list[bytes], collects: bool
) -> None:
    request = prepare("GET", ORIGIN, collects=collects)
    unwary = _without_memory(prepare("GET", ORIGIN, collects=collects))
    assert _came_of(request, responses) == _came_of(unwary, responses)


def test_a_head_is_known_from_its_second_time_on() -> None:
    request = prepare("GET", ORIGIN, collects=True)
    _came_of(request, [PLAIN])
    assert (request.known.length, request.known.status) == (len(PLAIN), 200)
    assert request.known.misses == 1
    assert [found[3] for found in _came_of(request, [PLAIN, PLAIN])] == [b"hello", b"hello"]
    assert request.known.misses == 0


def test_where_no_head_is_like_the_one_before_it_gives_up() -> None:
    request = prepare("GET", ORIGIN)
    different = [_response(f"200 OK\r\nETag: {n}", b"x") for n in range(MOST_MISSES + 5)]
    _came_of(request, different)
    assert request.known.misses == MOST_MISSES + 1
    assert request.known.length == -1


def test_a_head_that_sets_a_cookie_is_looked_at_every_time() -> None:
    known = KnownHead()
    known.learn(PLAIN, 200)
    known.learn(_response("200 OK\r\nSet-Cookie: a=b", b"x"), 200)
    assert known.length == -1
