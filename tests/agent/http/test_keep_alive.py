"""Connections that the server closes while nobody looks, and requests that must not be doubled."""

from __future__ import annotations

import asyncio
import socket
import threading
import time
from typing import TYPE_CHECKING

import pytest

from groundswell_agent.http.client import ASK_KERNEL_AFTER
from groundswell_agent.http.connection import Connection
from groundswell_agent.http.request import Origin, prepare
from tests.agent.http.raw_server import OK, Visit, answering, once, serving

if TYPE_CHECKING:
    from groundswell_agent.http.client import Client
    from groundswell_agent.http.connector import Connector


async def test_a_connection_known_to_be_closed_is_replaced_silently(client: Client) -> None:
    async with serving(once(OK)) as server:
        for _ in range(3):
            exchange = await client.exchange(prepare("POST", server.origin, body=b"x"))
            assert (exchange.status, exchange.error, exchange.retried) == (200, None, 0)
            await asyncio.sleep(0.02)

    assert len(server.visits) == 3


def _answers_then_closes(listening: socket.socket, closed: threading.Event, hard: bool) -> None:
    """Runs beside the loop, so that it can act while the loop is held."""
    connection, _ = listening.accept()
    with connection:
        connection.recv(65536)
        connection.sendall(OK)
        if hard:
            # Closing with unread bytes is answered by a RST.
            connection.recv(1)
    closed.set()
    connection, _ = listening.accept()
    with connection:
        connection.recv(65536)
        connection.sendall(OK)


async def test_a_close_that_the_loop_has_not_read_yet_is_seen_after_a_pause(client: Client) -> None:
    with socket.create_server(("127.0.0.1", 0)) as listening:
        closed = threading.Event()
        thread = threading.Thread(target=_answers_then_closes, args=(listening, closed, False))
        thread.start()
        origin = Origin.at("http", "127.0.0.1", listening.getsockname()[1])
        assert (await client.exchange(prepare("GET", origin))).status == 200

        # The loop is held: it cannot have read the end.
        assert closed.wait(5)
        time.sleep(0.02)  # noqa: ASYNC251  # the loop is to be held
        exchange = await client.exchange(prepare("POST", origin, body=b"x"))
        assert (exchange.status, exchange.error, exchange.retried) == (200, None, 0)
        await asyncio.to_thread(thread.join)


async def test_a_write_that_fails_at_once_is_retried_once_and_counted(client: Client) -> None:
    with socket.create_server(("127.0.0.1", 0)) as listening:
        closed = threading.Event()
        thread = threading.Thread(target=_answers_then_closes, args=(listening, closed, True))
        thread.start()
        origin = Origin.at("http", "127.0.0.1", listening.getsockname()[1])
        first = await client.exchange(prepare("GET", origin))
        assert first.status == 200
        connection = client._connection  # pyright: ignore[reportPrivateUsage]  # to write behind its back
        assert connection is not None
        connection.tcp.write(b"one byte to be read, one more to be thrown away")
        assert closed.wait(5)
        time.sleep(0.02)  # noqa: ASYNC251  # the loop is to be held
        # As if it had come right after the last: the kernel is not asked then.
        first.given = time.monotonic()

        exchange = await client.exchange(prepare("POST", origin, body=b"x"))
        assert (exchange.status, exchange.error, exchange.retried) == (200, None, 1)
        await asyncio.to_thread(thread.join)

        exchange = await client.exchange(prepare("GET", origin, timeout=0.05))
        assert exchange.retried == 0


async def test_a_request_that_was_written_is_never_sent_again(client: Client) -> None:
    async def script(visit: Visit) -> None:
        await visit.request()
        await visit.say(OK)
        await visit.request()

    async with serving(script) as server:
        post = prepare("POST", server.origin, body=b"pay 5")
        assert (await client.exchange(post)).status == 200
        exchange = await client.exchange(post)
        assert (exchange.error, exchange.retried, exchange.wrote) == ("reset", 0, True)

    assert server.heard.count(b"pay 5") == 2
    assert len(server.visits) == 1


async def test_bytes_nobody_asked_for_end_an_idle_connection(client: Client) -> None:
    async with serving(answering(OK)) as server:
        assert (await client.exchange(prepare("GET", server.origin))).status == 200
        await server.visits[0].say(OK)
        await asyncio.sleep(0.02)
        assert (await client.exchange(prepare("GET", server.origin))).status == 200

    assert len(server.visits) == 2


async def test_a_server_that_talks_first_is_a_protocol_error(client: Client) -> None:
    async def script(visit: Visit) -> None:
        await visit.say(b"220 mail.test ESMTP\r\n")
        await visit.request()

    async with serving(script) as server:
        exchange = await client.exchange(prepare("GET", server.origin))

    assert exchange.error == "protocol"


async def test_each_origin_keeps_its_connection(client: Client) -> None:
    async with serving(answering(OK)) as one, serving(answering(OK)) as two:
        for _ in range(3):
            assert (await client.exchange(prepare("GET", one.origin))).status == 200
            same = Origin("http", two.host, two.port)
            assert (await client.exchange(prepare("GET", same))).status == 200

    assert (len(one.visits), len(two.visits)) == (1, 1)


async def test_a_client_that_wanders_closes_its_oldest_connections(
    client: Client, connector: Connector
) -> None:
    async with serving(answering(OK)) as server:
        for number in range(1, 41):
            origin = Origin.at("http", f"127.0.0.{number}", server.port)
            async with serving(answering(OK), host=origin.host, port=0) as other:
                assert (await client.exchange(prepare("GET", other.origin))).status == 200
        for _ in range(100):
            if len(connector.sweeper) <= 32:
                break
            await asyncio.sleep(0.01)
        assert len(connector.sweeper) <= 32


async def test_one_exchange_at_a_time(client: Client) -> None:
    async with serving(answering(OK[:9], OK[9:], apart=0.1)) as server:
        first = asyncio.create_task(client.exchange(prepare("GET", server.origin)))
        await asyncio.sleep(0)
        for _ in range(2):
            with pytest.raises(RuntimeError, match="one exchange at a time"):
                await client.exchange(prepare("GET", server.origin))
            await asyncio.sleep(0.02)
        assert (await first).status == 200


async def test_waiting_for_ones_turn_is_no_pause(
    client: Client, monkeypatch: pytest.MonkeyPatch
) -> None:
    asked: list[bool] = []
    ask = Connection.ended_unnoticed

    def note(connection: Connection) -> bool:
        asked.append(True)
        return ask(connection)

    monkeypatch.setattr(Connection, "ended_unnoticed", note)
    received = Connection.data_received

    def receive_among_a_thousand(connection: Connection, data: bytes) -> None:
        received(connection, data)
        # The answers to all the others are read before this VU has its turn.
        time.sleep(2 * ASK_KERNEL_AFTER)

    monkeypatch.setattr(Connection, "data_received", receive_among_a_thousand)
    async with serving(answering(OK)) as server:
        for _ in range(5):
            assert (await client.exchange(prepare("GET", server.origin))).status == 200
        assert asked == []
        await asyncio.sleep(2 * ASK_KERNEL_AFTER)
        assert (await client.exchange(prepare("GET", server.origin))).status == 200

    assert asked == [True]
    assert len(server.visits) == 1
