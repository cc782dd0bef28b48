"""Getting a connection, or the right word for why there is none."""

from __future__ import annotations

import asyncio
import errno
import os
import resource
import socket
import ssl
from typing import TYPE_CHECKING

import pytest

from groundswell_agent.http.client import Client
from groundswell_agent.http.connector import Connector, error_of
from groundswell_agent.http.request import Origin, prepare
from groundswell_agent.http.resolver import Resolver
from tests.agent.http.raw_server import OK, answering, free_ports, serving
from tests.nginx_server import machine_has_ipv6

if TYPE_CHECKING:
    from groundswell_agent.http.exchange import Error


class _Names(Resolver):
    """A name server that knows one name, with these addresses."""

    __slots__ = ("_known",)

    def __init__(self, *addresses: str) -> None:
        super().__init__(asyncio.get_running_loop())
        self._known = addresses

    async def addresses(self, host: str) -> tuple[str, ...]:
        self._known = (*self._known[1:], self._known[0])
        return self._known


async def test_nobody_listens(client: Client) -> None:
    origin = Origin.at("http", "127.0.0.1", free_ports(1)[0])
    exchange = await client.exchange(prepare("GET", origin))

    assert (exchange.status, exchange.error, exchange.wrote) == (0, "refused", False)
    assert exchange.bytes_sent == exchange.bytes_received == 0
    assert exchange.asked < exchange.end
    assert exchange.connecting > 0
    assert exchange.send_start == exchange.first_byte == 0


async def test_no_such_name(client: Client) -> None:
    exchange = await client.exchange(prepare("GET", Origin.at("http", "no-such-host.invalid")))

    assert (exchange.error, exchange.wrote) == ("dns", False)
    assert exchange.resolving > 0
    assert exchange.connecting == 0


async def test_errors_leave_nothing_in_the_next_exchange(client: Client) -> None:
    async with serving(answering(OK)) as server:
        await client.exchange(prepare("GET", Origin.at("http", "127.0.0.1", free_ports(1)[0])))
        for _ in range(2):
            exchange = await client.exchange(prepare("GET", server.origin))
            assert (exchange.status, exchange.error, exchange.wrote) == (200, None, True)


@pytest.mark.parametrize("host", ["::1", "localhost"])
async def test_ipv6_and_names(client: Client, host: str) -> None:
    if ":" in host and not machine_has_ipv6():
        pytest.skip("this machine has no [::1]")
    async with serving(answering(OK), host="::1" if host == "::1" else "127.0.0.1") as server:
        origin = Origin.at("http", host, server.port)
        for _ in range(3):
            assert (await client.exchange(prepare("GET", origin))).status == 200

    assert len(server.visits) == 1
    assert f"Host: {origin.authority}\r\n".encode() in server.heard


async def test_a_name_is_looked_up_once_for_all(connector: Connector) -> None:
    async with serving(answering(OK)) as server:
        origin = Origin.at("http", "localhost", server.port)
        clients = [Client(connector) for _ in range(20)]
        done = await asyncio.gather(*(one.exchange(prepare("GET", origin)) for one in clients))
        assert [exchange.status for exchange in done] == [200] * 20
        for one in clients:
            one.close()

    assert connector.resolver.lookups == 1


async def test_new_connections_go_round_the_addresses() -> None:
    async with (
        serving(answering(OK), host="127.0.0.2") as two,
        serving(answering(OK), host="127.0.0.3", port=two.port) as three,
    ):
        names = _Names("127.0.0.2", "127.0.0.3")
        connector = Connector(resolver=names)
        origin = Origin.at("http", "shop.test", two.port)
        for _ in range(6):
            client = Client(connector)
            assert (await client.exchange(prepare("GET", origin))).status == 200
            client.close()
        assert (len(two.visits), len(three.visits)) == (3, 3)


async def test_addresses_that_refuse_are_passed_over() -> None:
    async with serving(answering(OK), host="127.0.0.3") as server:
        client = Client(Connector(resolver=_Names("127.0.0.1", "127.0.0.2", "127.0.0.3")))
        origin = Origin.at("http", "shop.test", server.port)
        exchange = await client.exchange(prepare("GET", origin))
        assert (exchange.status, exchange.error) == (200, None)

        client.close()
        client = Client(Connector(resolver=_Names("127.0.0.1", "127.0.0.2")))
        assert (await client.exchange(prepare("GET", origin))).error == "refused"


async def test_our_own_lack_of_descriptors_has_its_own_word(client: Client) -> None:
    async with serving(answering(OK)) as server:
        soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
        highest = max(int(name) for name in os.listdir("/proc/self/fd"))
        holes = _fill_descriptors_up_to(highest)
        resource.setrlimit(resource.RLIMIT_NOFILE, (highest + 1, hard))
        try:
            exchange = await client.exchange(prepare("GET", server.origin))
        finally:
            resource.setrlimit(resource.RLIMIT_NOFILE, (soft, hard))
            for hole in holes:
                os.close(hole)
        assert (exchange.error, exchange.wrote) == ("local", False)
        assert (await client.exchange(prepare("GET", server.origin))).status == 200


def _fill_descriptors_up_to(highest: int) -> list[int]:
    holes: list[int] = []
    while True:
        one = os.open(os.devnull, os.O_RDONLY)
        if one > highest:
            os.close(one)
            return holes
        holes.append(one)


@pytest.mark.parametrize(
    ("error", "word"),
    [
        (OSError(errno.EADDRNOTAVAIL, ""), "local"),
        (OSError(errno.EMFILE, ""), "local"),
        (OSError(errno.ENOBUFS, ""), "local"),
        (ConnectionRefusedError(errno.ECONNREFUSED, ""), "refused"),
        (OSError(errno.EHOSTUNREACH, ""), "refused"),
        (OSError(errno.ENETUNREACH, ""), "refused"),
        (OSError(errno.ETIMEDOUT, ""), "timeout"),
        (ConnectionResetError(), "reset"),
        (ConnectionAbortedError(), "reset"),
        (socket.gaierror(socket.EAI_AGAIN, ""), "dns"),
        (ssl.SSLCertVerificationError(1, ""), "tls"),
    ],
)
def test_errors_have_their_words(error: OSError, word: Error) -> None:
    assert error_of(error) == word


async def test_nagle_is_off(client: Client) -> None:
    async with serving(answering(OK)) as server:
        await client.exchange(prepare("GET", server.origin))
        connection = client._connection  # pyright: ignore[reportPrivateUsage]  # nobody else has it
        assert connection is not None
        own = connection.tcp.get_extra_info("socket")
        assert own.getsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY) == 1
