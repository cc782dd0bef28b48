"""Time that runs out, callers that go away, and what must not be left behind."""

from __future__ import annotations

import asyncio
import gc
import socket
import weakref
from typing import TYPE_CHECKING

import pytest

from groundswell_agent.http.client import Client
from groundswell_agent.http.connector import Connector
from groundswell_agent.http.request import Origin, prepare
from tests.agent.http.raw_server import OK, Visit, answering, serving

if TYPE_CHECKING:
    from groundswell_agent.http.exchange import Exchange

SLOW = b"HTTP/1.1 200 OK\r\nContent-Length: 100\r\n\r\n"


async def _silent(visit: Visit) -> None:
    await visit.request()
    await visit.request()


@pytest.mark.parametrize("timeout", [0.05, 0.3])
async def test_a_request_times_out(client: Client, timeout: float) -> None:
    async with serving(_silent) as server:
        exchange = await client.exchange(prepare("GET", server.origin, timeout=timeout))

    took = exchange.end - exchange.asked
    assert (exchange.status, exchange.error, exchange.wrote) == (0, "timeout", True)
    assert timeout <= took < timeout * 1.1 + 0.05
    assert exchange.first_byte == 0


async def test_bytes_that_drip_do_not_prolong_the_timeout(client: Client) -> None:
    async def script(visit: Visit) -> None:
        await visit.request()
        await visit.say(SLOW, *[b"x"] * 100, apart=0.02)

    async with serving(script) as server:
        exchange = await client.exchange(prepare("GET", server.origin, timeout=0.2))

    assert exchange.error == "timeout"
    assert exchange.bytes_received > len(SLOW)
    assert exchange.end - exchange.asked < 0.3


async def test_what_comes_after_a_timeout_never_reaches_the_next_exchange(client: Client) -> None:
    async def script(visit: Visit) -> None:
        while await visit.request():
            await asyncio.sleep(0.15 if visit.number == 1 else 0)
            await visit.say(b"HTTP/1.1 20%d OK\r\nContent-Length: 0\r\n\r\n" % (visit.number - 1))

    async with serving(script) as server:
        assert (
            await client.exchange(prepare("GET", server.origin, timeout=0.1))
        ).error == "timeout"
        for _ in range(5):
            assert (await client.exchange(prepare("GET", server.origin))).status == 201
            await asyncio.sleep(0.03)

    assert len(server.visits) == 2


async def test_connecting_times_out() -> None:
    # A listener whose queue is full lets further connections hang, as an unreachable host does.
    with socket.socket() as listening:
        listening.bind(("127.0.0.1", 0))
        listening.listen(0)
        waiting = [socket.socket() for _ in range(4)]
        for one in waiting:
            one.setblocking(False)
            one.connect_ex(listening.getsockname())
        origin = Origin.at("http", "127.0.0.1", listening.getsockname()[1])

        # The loop's timers are whole milliseconds and may be half a one early.
        exchange = await Client(Connector(connect_timeout=0.1)).exchange(prepare("GET", origin))
        assert (exchange.error, exchange.wrote) == ("timeout", False)
        assert 0.098 <= exchange.end - exchange.asked < 0.2
        assert 0.09 < exchange.connecting < 0.2
        assert exchange.blocked >= exchange.connecting

        # The request's own timeout covers connecting.
        exchange = await Client(Connector()).exchange(prepare("GET", origin, timeout=0.1))
        assert (exchange.error, exchange.wrote) == ("timeout", False)
        assert 0.098 <= exchange.end - exchange.asked < 0.2
        for one in waiting:
            one.close()


@pytest.mark.parametrize("after", [0.0, 0.03])
async def test_a_cancelled_exchange_closes_its_connection(client: Client, after: float) -> None:
    async with serving(_silent) as server:
        warm = prepare("GET", server.origin, timeout=5)
        pending = asyncio.create_task(client.exchange(warm))
        await asyncio.sleep(after)
        pending.cancel()
        with pytest.raises(asyncio.CancelledError):
            await pending
        await asyncio.sleep(0.02)

        if after:
            last = client.last
            assert last.wrote
            assert last.bytes_sent == warm.size
            assert (last.error, last.status) == (None, 0)
            assert last.end >= last.send_end > 0
            assert await server.visits[0].request() == b""


async def test_a_cancelled_client_goes_on_with_a_new_connection(client: Client) -> None:
    async def script(visit: Visit) -> None:
        while await visit.request():
            await asyncio.sleep(0.1 if visit.number == 1 else 0)
            await visit.say(OK if visit.number > 1 else OK.replace(b"200", b"500"))

    async with serving(script) as server:
        with pytest.raises(TimeoutError):
            async with asyncio.timeout(0.05):
                await client.exchange(prepare("GET", server.origin))
        for _ in range(4):
            exchange = await client.exchange(prepare("GET", server.origin))
            assert (exchange.status, exchange.error) == (200, None)
            await asyncio.sleep(0.03)


async def test_cancelled_while_the_answer_is_already_there(client: Client) -> None:
    """Between the response's last byte and the caller's turn to run, it is cancelled."""
    async with serving(answering(OK)) as server:
        request = prepare("GET", server.origin)
        await client.exchange(request)
        pending = asyncio.create_task(client.exchange(request))
        connection = client._connection  # pyright: ignore[reportPrivateUsage]  # nobody else has it
        assert connection is not None
        await asyncio.sleep(0)
        assert connection.in_flight is not None
        connection.data_received(OK)
        pending.cancel()
        with pytest.raises(asyncio.CancelledError):
            await pending
        assert not connection.usable
        assert (await client.exchange(request)).error is None


async def test_closed_under_a_waiting_vu(client: Client) -> None:
    async with serving(_silent) as server:
        pending = asyncio.create_task(client.exchange(prepare("GET", server.origin)))
        await asyncio.sleep(0.03)
        client.close()
        exchange = await pending
        assert (exchange.status, exchange.error, exchange.wrote) == (0, "interrupted", True)


async def test_nothing_stays_of_a_client_that_is_gone(connector: Connector) -> None:
    async with serving(answering(OK)) as server:
        seen: list[weakref.ref[object]] = []
        gc.disable()
        try:
            for _ in range(3):
                client = Client(connector)
                exchange: Exchange = await client.exchange(prepare("HEAD", server.origin))
                assert exchange.error is None
                await client.exchange(prepare("GET", server.origin))
                connection = client._connection  # pyright: ignore[reportPrivateUsage]  # nobody else has it
                assert connection is not None
                seen.append(weakref.ref(connection.tcp))
                client.close()
                del client, connection, exchange
                await asyncio.sleep(0.02)
            assert [reference() for reference in seen] == [None] * 3
        finally:
            gc.enable()
