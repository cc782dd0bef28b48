"""Where a response ends, and what is counted of it."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING

import pytest

from groundswell_agent.http.request import prepare
from tests.agent.http.raw_server import EMPTY, OK, Visit, answering, once, serving

if TYPE_CHECKING:
    from groundswell_agent.http.client import Client

CHUNKED = (
    b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\nTrailer: X-Sum\r\n\r\n"
    b'5;ext=1;q="a"\r\nhello\r\n6\r\n world\r\n0\r\nX-Sum: 7\r\n\r\n'
)
UNTIL_CLOSE = b"HTTP/1.1 200 OK\r\nContent-Type: text/plain\r\n\r\nuntil the end"
BIG_HEAD = b"HTTP/1.1 200 OK\r\nContent-Length: 0\r\nX: " + b"x" * 70_000 + b"\r\n\r\n"


async def test_a_response_with_a_length_keeps_the_connection(client: Client) -> None:
    async with serving(answering(OK)) as server:
        for _ in range(3):
            exchange = await client.exchange(prepare("GET", server.origin))
            assert (exchange.status, exchange.error) == (200, None)
            assert exchange.bytes_received == len(OK)

    assert len(server.visits) == 1


async def test_the_moments_are_in_order(client: Client) -> None:
    async with serving(
        answering(b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n", b"\r\nok", apart=0.03)
    ) as server:
        exchange = await client.exchange(prepare("GET", server.origin))
        first = (exchange.asked, exchange.send_start, exchange.send_end, exchange.first_byte)

        assert list(first) == sorted(first)
        assert exchange.end - exchange.first_byte > 0.02
        assert exchange.connecting > 0
        assert exchange.blocked >= exchange.connecting

        exchange = await client.exchange(prepare("GET", server.origin))
        assert exchange.connecting == exchange.resolving == exchange.handshaking == 0
        assert exchange.asked == exchange.send_start < exchange.first_byte < exchange.end


async def test_chunks_with_extensions_and_trailers(client: Client) -> None:
    async with serving(answering(CHUNKED)) as server:
        request = prepare("GET", server.origin, keep_body=True, keep_headers=True)
        for _ in range(2):
            exchange = await client.exchange(request)
            assert (exchange.status, exchange.body) == (200, b"hello world")
            assert exchange.headers == [(b"Transfer-Encoding", b"chunked"), (b"Trailer", b"X-Sum")]
            assert exchange.bytes_received == len(CHUNKED)

    assert len(server.visits) == 1


@pytest.mark.parametrize(
    "head",
    [
        b"HTTP/1.0 200 OK\r\nContent-Length: 2\r\n\r\nok",
        b"HTTP/1.1 200 OK\r\nConnection: close\r\nContent-Length: 2\r\n\r\nok",
    ],
)
async def test_a_server_that_will_close_is_not_asked_again(client: Client, head: bytes) -> None:
    async with serving(answering(head)) as server:
        for _ in range(2):
            assert (await client.exchange(prepare("GET", server.origin))).status == 200

    assert len(server.visits) == 2


async def test_http_1_0_may_keep_the_connection(client: Client) -> None:
    answer = b"HTTP/1.0 200 OK\r\nConnection: keep-alive\r\nContent-Length: 2\r\n\r\nok"
    async with serving(answering(answer)) as server:
        for _ in range(2):
            assert (await client.exchange(prepare("GET", server.origin))).status == 200

    assert len(server.visits) == 1


async def test_our_own_connection_close_is_kept_whatever_the_server_says(client: Client) -> None:
    async with serving(answering(OK)) as server:
        for _ in range(2):
            request = prepare("GET", server.origin, headers={"Connection": "close"})
            assert (await client.exchange(request)).status == 200

    assert len(server.visits) == 2


@pytest.mark.parametrize("apart", [0.0, 0.02])
async def test_without_a_length_the_body_ends_with_the_connection(
    client: Client, apart: float
) -> None:
    parts = [UNTIL_CLOSE[:20], UNTIL_CLOSE[20:70], UNTIL_CLOSE[70:]]
    async with serving(once(*parts, apart=apart)) as server:
        for keep in (False, True):
            request = prepare("GET", server.origin, keep_body=keep)
            exchange = await client.exchange(request)
            assert (exchange.status, exchange.error) == (200, None)
            assert exchange.bytes_received == len(UNTIL_CLOSE)
            assert exchange.body == (b"until the end" if keep else None)


@pytest.mark.parametrize(
    "cut",
    [
        b"",
        b"HTTP/1.1 2",
        b"HTTP/1.1 200 OK\r\nContent-Length: 10\r\n",
        b"HTTP/1.1 200 OK\r\nContent-Length: 10\r\n\r\n12345",
        b"HTTP/1.1 200 OK\r\nConnection: close\r\nContent-Length: 10\r\n\r\n12345",
        b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nhel",
        b"HTTP/1.1 200 OK\r\nTransfer-Encoding: gzip, chunked\r\n\r\n5\r\nhello\r\n",
        b"HTTP/1.1 100 Continue\r\n\r\n",
    ],
)
async def test_a_connection_that_ends_too_early_is_a_reset(client: Client, cut: bytes) -> None:
    async with serving(once(cut)) as server:
        exchange = await client.exchange(prepare("POST", server.origin, body=b"x"))

    assert (exchange.status, exchange.error, exchange.retried) == (0, "reset", 0)
    assert exchange.bytes_received == len(cut)
    assert exchange.wrote
    assert len(server.visits) == 1


async def test_a_rst_is_a_reset(client: Client) -> None:
    async def script(visit: Visit) -> None:
        await visit.request()
        visit.reset()

    async with serving(script) as server:
        assert (await client.exchange(prepare("GET", server.origin))).error == "reset"


@pytest.mark.parametrize(
    "answer",
    [
        b"HTTP/1.1 200 OK\r\nContent-Length: 500\r\n\r\n",
        b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n",
        b"HTTP/1.1 200 OK\r\n\r\n",
        b"HTTP/1.0 200 OK\r\nConnection: Keep-Alive\r\n\r\n",
        b"HTTP/1.1 103 Early Hints\r\nLink: x\r\n\r\nHTTP/1.1 404 Not Found\r\n\r\n",
    ],
)
async def test_a_head_has_no_body_whatever_its_head_says(client: Client, answer: bytes) -> None:
    async def script(visit: Visit) -> None:
        while request := await visit.request():
            await visit.say(answer if request.startswith(b"HEAD") else OK)

    async with serving(script) as server:
        for method in ("HEAD", "HEAD", "GET", "HEAD", "GET", "GET"):
            exchange = await client.exchange(prepare(method, server.origin, keep_headers=True))
            assert exchange.error is None
            assert (exchange.status == 200) or method == "HEAD"
            assert exchange.bytes_received == len(answer if method == "HEAD" else OK)

    assert len(server.visits) == 1


async def test_a_body_after_a_head_ends_the_connection(client: Client) -> None:
    async with serving(answering(OK)) as server:
        for _ in range(2):
            exchange = await client.exchange(prepare("HEAD", server.origin))
            assert (exchange.status, exchange.error) == (200, None)

    assert len(server.visits) == 2


async def test_a_head_may_close(client: Client) -> None:
    answer = b"HTTP/1.1 200 OK\r\nConnection: foo, Close\r\nContent-Length: 5\r\n\r\n"
    async with serving(answering(answer)) as server:
        for _ in range(2):
            assert (await client.exchange(prepare("HEAD", server.origin))).status == 200

    assert len(server.visits) == 2


@pytest.mark.parametrize("status", [b"204 No Content", b"304 Not Modified"])
async def test_statuses_without_a_body(client: Client, status: bytes) -> None:
    async with serving(answering(b"HTTP/1.1 " + status + b"\r\nETag: x\r\n\r\n")) as server:
        for _ in range(3):
            exchange = await client.exchange(prepare("GET", server.origin))
            assert (exchange.status, exchange.error) == (int(status[:3]), None)

    assert len(server.visits) == 1


@pytest.mark.parametrize("apart", [0.0, 0.01])
async def test_interim_responses_are_passed_over(client: Client, apart: float) -> None:
    hint = b"HTTP/1.1 103 Early Hints\r\nLink: </a>\r\n\r\n"
    parts = [b"HTTP/1.1 100 Continue\r\n\r\n", hint, hint, OK]
    async with serving(answering(*parts, apart=apart)) as server:
        for keep in (False, True):
            exchange = await client.exchange(prepare("GET", server.origin, keep_headers=keep))
            assert (exchange.status, exchange.error) == (200, None)
            assert exchange.bytes_received == sum(map(len, parts))
            assert exchange.headers == ([(b"Content-Length", b"2")] if keep else None)

    assert len(server.visits) == 1


@pytest.mark.parametrize(
    "garbage",
    [
        b"SSH-2.0-OpenSSH_9.2\r\n",
        b"\x16\x03\x01\x02\x00",
        b"HTTP/1.1 99999 What\r\n\r\n",
        b"HTTP/2 200 OK\r\n\r\n",
        b"HTTP/1.1 200 OK\r\nContent-Length: ten\r\n\r\n",
        b"HTTP/1.1 200 OK\r\nContent-Length: 1\r\nContent-Length: 2\r\n\r\nxx",
        b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\nxyz\r\n",
        b"HTTP/1.1 101 Switching Protocols\r\n\r\n",
        b"HTTP/1.1 101 Switch\r\nConnection: upgrade\r\nUpgrade: websocket\r\n\r\n\x81\x01",
        BIG_HEAD,
        b"HTTP/1.1 200 OK\r\n" + b"X: y\r\n" * 20_000,
    ],
    ids=lambda garbage: repr(garbage[:24]),
)
@pytest.mark.parametrize("keep", [False, True])
async def test_what_is_no_response_is_a_protocol_error(
    client: Client, garbage: bytes, keep: bool
) -> None:
    async def script(visit: Visit) -> None:
        await visit.request()
        await visit.say(garbage)
        await visit.request()

    async with serving(script) as server:
        exchange = await client.exchange(prepare("GET", server.origin, keep_headers=keep))
        assert (exchange.status, exchange.error) == (0, "protocol")

        await client.exchange(prepare("GET", server.origin))
        assert len(server.visits) == 2


@pytest.mark.parametrize("rest", [b"garbage", OK, OK[:9], b"\x00"])
async def test_bytes_after_a_response_end_the_connection_not_the_response(
    client: Client, rest: bytes
) -> None:
    async with serving(answering(OK + rest)) as server:
        for _ in range(2):
            exchange = await client.exchange(prepare("GET", server.origin))
            assert (exchange.status, exchange.error) == (200, None)

    assert len(server.visits) == 2


async def test_bytes_that_come_later_are_not_the_next_response(client: Client) -> None:
    late = b"HTTP/1.1 500 Late\r\nContent-Length: 0\r\n\r\n"

    async def script(visit: Visit) -> None:
        await visit.request()
        await visit.say(OK, late, apart=0.02)
        await visit.request()

    async with serving(script) as server:
        assert (await client.exchange(prepare("GET", server.origin))).status == 200
        await asyncio.sleep(0.05)
        assert (await client.exchange(prepare("GET", server.origin))).status == 200

    assert len(server.visits) == 2


async def test_what_is_counted_is_what_the_server_counts(client: Client) -> None:
    sent = received = 0
    async with serving(answering(CHUNKED[:30], CHUNKED[30:])) as server:
        for size in (0, 1, 1000, 300_000):
            exchange = await client.exchange(prepare("POST", server.origin, body=b"x" * size))
            sent += exchange.bytes_sent
            received += exchange.bytes_received

    assert (sent, received) == (len(server.heard), server.said)


async def test_a_body_is_kept_up_to_its_limit(client: Client) -> None:
    answer = b"HTTP/1.1 200 OK\r\nContent-Length: 1000000\r\n\r\n" + b"abcd" * 250_000
    async with serving(answering(answer)) as server:
        request = prepare("GET", server.origin, keep_body=True, body_limit=300_002)
        exchange = await client.exchange(request)
        assert exchange.body == (b"abcd" * 75_001)[:300_002]
        assert exchange.body_truncated
        assert exchange.bytes_received == len(answer)

        exchange = await client.exchange(prepare("GET", server.origin, keep_body=True))
        assert exchange.body is not None
        assert (len(exchange.body), exchange.body_truncated) == (1_000_000, False)

        exchange = await client.exchange(prepare("GET", server.origin))
        assert (exchange.body, exchange.headers, exchange.body_truncated) == (None, None, False)

    assert len(server.visits) == 1


async def test_an_empty_kept_body_is_empty(client: Client) -> None:
    async with serving(answering(EMPTY)) as server:
        exchange = await client.exchange(prepare("GET", server.origin, keep_body=True))

        assert exchange.body == b""
