"""Shared connections: never more than so many, first come, first served, and no place is ever lost."""

from __future__ import annotations

import asyncio
import random
from time import monotonic
from typing import TYPE_CHECKING, cast

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from groundswell_agent.http.policies import SharedClient
from groundswell_agent.http.pool import MOST_ORIGINS, Places, Pool
from groundswell_agent.http.request import Origin, prepare
from tests.agent.http.raw_server import OK, Visit, answering, free_ports, once, serving

if TYPE_CHECKING:
    from groundswell_agent.http.connection import Connection
    from groundswell_agent.http.connector import Connector


class Borrowed:
    """All that a pool asks of a connection."""

    def __init__(self) -> None:
        self.usable = True
        self.ended = False
        self.dropped = False

    def ended_unnoticed(self) -> bool:
        return self.ended

    def drop(self) -> None:
        self.usable = False
        self.dropped = True


def soon() -> float:
    return monotonic() + 30


async def test_those_who_wait_are_served_in_the_order_of_their_coming() -> None:
    places = Places(1, asyncio.get_running_loop())
    assert await places.take(soon()) is None
    served: list[int] = []

    async def wait(number: int) -> None:
        await places.take(soon())
        served.append(number)

    waiting = [asyncio.create_task(wait(number)) for number in range(20)]
    await asyncio.sleep(0)
    for number in (3, 7, 19):
        waiting[number].cancel()
    for _ in range(17):
        places.give_back(None)
        await asyncio.sleep(0)
    assert served == [number for number in range(20) if number not in (3, 7, 19)]
    places.give_back(None)
    assert places.are_unused


async def test_one_who_is_cancelled_in_the_moment_of_being_served_passes_it_on() -> None:
    places = Places(1, asyncio.get_running_loop())
    connection = cast("Connection", Borrowed())
    await places.take(soon())
    first, second = (asyncio.create_task(places.take(soon())) for _ in range(2))
    await asyncio.sleep(0)
    places.give_back(connection)
    first.cancel()
    assert await second is connection
    assert first.cancelled()
    places.give_back(connection)
    assert places.are_unused


async def test_who_waits_too_long_holds_nothing() -> None:
    places = Places(1, asyncio.get_running_loop())
    await places.take(soon())
    with pytest.raises(TimeoutError):
        await places.take(monotonic() + 0.02)
    with pytest.raises(TimeoutError):
        await places.take(monotonic() - 1)
    places.give_back(None)
    assert places.are_unused


async def test_a_connection_that_has_ended_leaves_its_place() -> None:
    places = Places(2, asyncio.get_running_loop())
    one, other = Borrowed(), Borrowed()
    for _ in range(2):
        await places.take(soon())
    for borrowed in (one, other):
        places.give_back(cast("Connection", borrowed))
    # The last given back is lent first; what has ended unnoticed is asked for after a while only.
    other.ended = True
    assert await places.take(soon()) is cast("Connection", other)
    places.give_back(cast("Connection", other))
    await asyncio.sleep(0.01)
    assert await places.take(soon()) is None
    assert other.dropped
    one.usable = False
    assert await places.take(soon()) is None
    for _ in range(2):
        places.give_back(None)
    assert places.are_unused


@settings(deadline=None)
@given(
    size=st.integers(1, 4),
    users=st.integers(1, 12),
    seed=st.integers(0, 2**32),
)
async def test_no_place_is_lost_whatever_happens(size: int, users: int, seed: int) -> None:
    """Users come, use, break, time out and are cancelled at random."""
    chance = random.Random(seed)
    places = Places(size, asyncio.get_running_loop())
    lent = most = 0

    async def use() -> None:
        nonlocal lent, most
        for _ in range(3):
            deadline = monotonic() + (0.0 if chance.random() < 0.1 else 30)
            try:
                connection = await places.take(deadline)
            except TimeoutError:
                continue
            lent += 1
            most = max(most, lent)
            try:
                for _ in range(chance.randrange(3)):
                    await asyncio.sleep(0)
                if connection is None and chance.random() < 0.8:
                    connection = cast("Connection", Borrowed())
                if connection is not None and chance.random() < 0.3:
                    connection.usable = False
            finally:
                lent -= 1
                places.give_back(connection)

    tasks = [asyncio.create_task(use()) for _ in range(users)]
    for _ in range(6):
        await asyncio.sleep(0)
        if chance.random() < 0.5:
            chance.choice(tasks).cancel()
    await asyncio.wait(tasks)
    assert lent == 0
    assert most <= size
    assert places.are_unused
    assert not places.are_taken


async def test_vus_take_turns_on_the_connections_of_their_agent(connector: Connector) -> None:
    async with serving(answering(OK)) as server:
        pool = Pool(3, asyncio.get_running_loop())
        clients = [SharedClient(connector, pool) for _ in range(20)]
        request = prepare("GET", server.origin)

        async def load(client: SharedClient) -> None:
            for _ in range(10):
                exchange = await client.exchange(request)
                assert (exchange.status, exchange.error, exchange.retried) == (200, None, 0)

        await asyncio.gather(*map(load, clients))
        assert len(server.visits) == 3
        assert server.heard.count(b"GET ") == 200
        assert connector.open_connections == 3
        pool.close()


async def test_waiting_is_time_that_the_request_was_blocked(connector: Connector) -> None:
    async def script(visit: Visit) -> None:
        while await visit.request():
            await asyncio.sleep(0.1)
            await visit.say(OK)

    async with serving(script) as server:
        pool = Pool(1, asyncio.get_running_loop())
        clients = [SharedClient(connector, pool) for _ in range(3)]
        request = prepare("GET", server.origin)
        done = await asyncio.gather(*(client.exchange(request) for client in clients))
        blocked = [exchange.blocked for exchange in done]
        assert blocked[0] < 0.09
        assert blocked[1] >= 0.09
        assert blocked[2] >= 0.18
        # To be recorded, although no connection was opened for them.
        assert all(exchange.dirty for exchange in done)
        assert [exchange.connecting > 0 for exchange in done] == [True, False, False]
        exchange = await clients[0].exchange(request)
        assert not exchange.dirty
        assert exchange.blocked < 0.09
        pool.close()


async def test_the_timeout_of_a_request_covers_the_waiting(connector: Connector) -> None:
    async def script(visit: Visit) -> None:
        await visit.request()
        await visit.reader.read()

    async with serving(script) as server:
        pool = Pool(1, asyncio.get_running_loop())
        slow, other = (SharedClient(connector, pool) for _ in range(2))
        held = asyncio.create_task(slow.exchange(prepare("GET", server.origin, timeout=0.3)))
        await asyncio.sleep(0.02)
        exchange = await other.exchange(prepare("GET", server.origin, timeout=0.05))
        assert (exchange.error, exchange.wrote) == ("timeout", False)
        assert (await held).error == "timeout"
        assert pool.places(server.origin).are_unused
    assert len(server.visits) == 1


async def test_connections_that_a_server_ends_are_replaced(connector: Connector) -> None:
    async with serving(once(OK)) as server:
        pool = Pool(2, asyncio.get_running_loop())
        clients = [SharedClient(connector, pool) for _ in range(4)]
        for _ in range(3):
            done = await asyncio.gather(
                *(client.exchange(prepare("GET", server.origin)) for client in clients)
            )
            # Handed on in the moment of its end, one may break under its request: never silently.
            assert all(one.status == 200 or one.error == "reset" for one in done)
            await asyncio.sleep(0.02)
            exchange = await clients[0].exchange(prepare("GET", server.origin))
            assert (exchange.status, exchange.error) == (200, None)
            await asyncio.sleep(0.02)
        assert pool.places(server.origin).are_unused
        pool.close()


async def test_errors_give_their_places_back(connector: Connector) -> None:
    (port,) = free_ports(1)
    pool = Pool(1, asyncio.get_running_loop())
    clients = [SharedClient(connector, pool) for _ in range(5)]
    origin = Origin.at("http", "127.0.0.1", port)
    done = await asyncio.gather(*(client.exchange(prepare("GET", origin)) for client in clients))
    assert [exchange.error for exchange in done] == ["refused"] * 5
    assert pool.places(origin).are_unused


async def test_cancelled_at_any_moment_nothing_is_left(connector: Connector) -> None:
    async with serving(answering(OK)) as server:
        pool = Pool(2, asyncio.get_running_loop())
        clients = [SharedClient(connector, pool) for _ in range(10)]
        request = prepare("GET", server.origin)
        chance = random.Random(7)
        for _ in range(30):
            tasks = [asyncio.create_task(client.exchange(request)) for client in clients]
            for _ in range(chance.randrange(6)):
                await asyncio.sleep(0)
            for task in chance.sample(tasks, 5):
                task.cancel()
            await asyncio.wait(tasks)
            assert pool.places(server.origin).are_unused
            assert connector.open_connections <= 2
        exchange = await clients[0].exchange(request)
        assert exchange.status == 200
        pool.close()


async def test_a_vu_that_is_closed_gives_its_connection_up(connector: Connector) -> None:
    async def script(visit: Visit) -> None:
        await visit.request()
        await visit.reader.read()

    async with serving(script) as server:
        pool = Pool(1, asyncio.get_running_loop())
        client = SharedClient(connector, pool)
        pending = asyncio.create_task(client.exchange(prepare("GET", server.origin)))
        await asyncio.sleep(0.02)
        client.close()
        assert (await pending).error == "interrupted"
        assert pool.places(server.origin).are_unused


async def test_origins_that_nobody_uses_are_forgotten() -> None:
    pool = Pool(1, asyncio.get_running_loop())
    busy = Origin.at("http", "busy.test")
    await pool.places(busy).take(soon())
    for number in range(2 * MOST_ORIGINS):
        places = pool.places(Origin("http", f"h{number}.test", 80))
        await places.take(soon())
        places.give_back(cast("Connection", Borrowed()))
    assert not pool.places(busy).are_unused
    assert len(pool._places) == MOST_ORIGINS  # pyright: ignore[reportPrivateUsage]  # shown nowhere else
