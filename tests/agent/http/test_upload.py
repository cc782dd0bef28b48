"""Requests that the kernel does not take in one go."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING

from groundswell_agent.http.request import prepare
from tests.agent.http.raw_server import OK, Visit, answering, serving

if TYPE_CHECKING:
    from groundswell_agent.http.client import Client

BODY = b"x" * 20_000_000
TOO_LARGE = b"HTTP/1.1 413 Too Large\r\nContent-Length: 0\r\n\r\n"


async def test_sending_ends_when_the_kernel_has_the_last_byte(client: Client) -> None:
    async def script(visit: Visit) -> None:
        await asyncio.sleep(0.2)
        await visit.request()
        await visit.say(OK)
        await visit.request()
        await visit.say(OK)

    async with serving(script) as server:
        request = prepare("POST", server.origin, body=BODY)
        exchange = await client.exchange(request)
        assert (exchange.status, exchange.error) == (200, None)
        assert exchange.bytes_sent == request.size == len(server.heard)
        assert exchange.send_end - exchange.send_start > 0.15
        assert exchange.send_end <= exchange.first_byte

        exchange = await client.exchange(prepare("GET", server.origin))
        assert exchange.status == 200
        assert exchange.send_end - exchange.send_start < 0.1

    assert len(server.visits) == 1


async def test_an_answer_before_the_upload_is_through_ends_the_connection(client: Client) -> None:
    async def script(visit: Visit) -> None:
        await visit.say(TOO_LARGE if visit.number == 1 else b"")
        if visit.number == 1:
            await asyncio.sleep(0.1)
        elif await visit.request():
            await visit.say(OK)

    async def late_answer(visit: Visit) -> None:
        await visit.reader.readexactly(10)
        await script(visit)

    async with serving(late_answer) as server:
        request = prepare("POST", server.origin, body=BODY)
        exchange = await client.exchange(request)
        assert (exchange.status, exchange.error) == (413, None)
        assert 0 < exchange.bytes_sent < request.size
        assert exchange.send_end == exchange.first_byte
        await client.exchange(prepare("GET", server.origin, timeout=0.1))

    assert len(server.visits) == 2


async def test_an_upload_that_stalls_times_out_and_counts_what_went(client: Client) -> None:
    async def script(visit: Visit) -> None:
        visit.hold()
        await asyncio.sleep(5)

    async with serving(script) as server:
        request = prepare("POST", server.origin, body=BODY, timeout=0.2)
        exchange = await client.exchange(request)

    assert exchange.error == "timeout"
    assert 0 < exchange.bytes_sent < request.size
    assert exchange.send_start < exchange.send_end <= exchange.end


async def test_large_and_small_take_turns(client: Client) -> None:
    async with serving(answering(OK)) as server:
        for size in (5_000_000, 0, 100, 5_000_000):
            exchange = await client.exchange(prepare("PUT", server.origin, body=b"y" * size))
            assert (exchange.status, exchange.error) == (200, None)

    assert len(server.visits) == 1
