"""Where connections go and come from: fixed hosts, local addresses, and a new one for each request."""

from __future__ import annotations

import asyncio
import socket
from pathlib import Path

import pytest

from groundswell.scenario.http_model import Endpoint
from groundswell_agent.http.client import Client
from groundswell_agent.http.connector import Connector
from groundswell_agent.http.fixed_hosts import FixedHosts
from groundswell_agent.http.policies import FreshClient
from groundswell_agent.http.request import Origin, prepare
from groundswell_agent.http.sources import NoSourceAddress, Sources
from tests.agent.http.raw_server import OK, answering, serving
from tests.nginx_server import machine_has_ipv6, running_nginx


def test_a_host_has_the_addresses_of_the_pattern_that_says_most_about_it() -> None:
    hosts = FixedHosts(
        {
            "*.test": (Endpoint("10.0.0.1"),),
            "*.shop.test": (Endpoint("10.0.0.2"),),
            "www.shop.test": (Endpoint("10.0.0.3"), Endpoint("10.0.0.4", 90)),
            "www.shop.test:8443": (Endpoint("10.0.0.5"),),
        }
    )
    assert hosts.endpoints("other.test", 80) == (("10.0.0.1", 80),)
    assert hosts.endpoints("a.shop.test", 80) == (("10.0.0.2", 80),)
    assert hosts.endpoints("www.shop.test", 8443) == (("10.0.0.5", 8443),)
    assert hosts.endpoints("test", 80) is None
    assert hosts.endpoints("shop.example", 80) is None
    # In turn, as those of a lookup.
    first = (("10.0.0.3", 80), ("10.0.0.4", 90))
    turns = [hosts.endpoints("www.shop.test", 80) for _ in range(4)]
    assert turns == [first, first[::-1], first, first[::-1]]


async def test_fixed_hosts_are_never_looked_up_and_keep_their_names() -> None:
    async with serving(answering(OK)) as one, serving(answering(OK)) as other:
        fixed = FixedHosts(
            {"shop.test": tuple(Endpoint("127.0.0.1", server.port) for server in (one, other))}
        )
        connector = Connector(fixed=fixed)
        clients = [Client(connector) for _ in range(6)]
        for client in clients:
            exchange = await client.exchange(prepare("GET", Origin.at("http", "shop.test")))
            assert (exchange.status, exchange.error) == (200, None)
        assert connector.resolver.lookups == 0
        for client in clients:
            client.close()
    assert (len(one.visits), len(other.visits)) == (3, 3)
    assert one.heard.count(b"\r\nHost: shop.test\r\n") == 3


async def test_connections_come_from_each_address_in_turn() -> None:
    peers: list[str] = []
    async with serving(answering(OK)) as server:
        sources = Sources(["127.0.0.2", "127.0.0.8/30"])
        assert sources.addresses == ("127.0.0.2", "127.0.0.9", "127.0.0.10")
        connector = Connector(sources=sources)
        clients = [Client(connector) for _ in range(7)]
        for client in clients:
            for _ in range(2):
                assert (await client.exchange(prepare("GET", server.origin))).status == 200
        peers = [visit.writer.get_extra_info("peername")[0] for visit in server.visits]
        for client in clients:
            client.close()
    assert peers == ["127.0.0.2", "127.0.0.9", "127.0.0.10"] * 2 + ["127.0.0.2"]


@pytest.mark.skipif(not machine_has_ipv6(), reason="this machine has no [::1]")
async def test_without_a_source_of_its_family_a_target_cannot_be_reached() -> None:
    async with serving(answering(OK)) as server:
        client = Client(Connector(sources=Sources(["::1"])))
        exchange = await client.exchange(prepare("GET", server.origin))
        assert (exchange.error, exchange.wrote) == ("local", False)


async def test_a_refused_connection_from_a_source_leaves_no_socket(tmp_path: Path) -> None:
    def open_files() -> int:
        return len(list(Path("/proc/self/fd").iterdir()))

    client = Client(Connector(sources=Sources(["127.0.0.2"])))
    with socket.socket() as bound:
        bound.bind(("127.0.0.1", 0))
        origin = Origin.at("http", "127.0.0.1", bound.getsockname()[1])
        await client.exchange(prepare("GET", origin))
        before = open_files()
        for _ in range(20):
            assert (await client.exchange(prepare("GET", origin))).error == "refused"
        assert open_files() == before


def test_an_address_that_is_not_here() -> None:
    with pytest.raises(NoSourceAddress, match=r"none of the source addresses 192\.0\.2\.1"):
        Sources(["192.0.2.1"])
    assert Sources(["192.0.2.1", "127.0.0.1"]).addresses == ("127.0.0.1",)


async def test_a_connection_for_each_request_leaves_no_port_busy(tmp_path: Path) -> None:
    """Whoever closes first waits for a minute, with the port: so none of ours may."""
    with running_nginx(tmp_path) as nginx:
        connector = Connector()
        client = FreshClient(connector)
        origin = Origin.at("http", "127.0.0.1", nginx.port)
        closing = prepare("GET", origin, headers={"Connection": "close"})
        before = nginx.requests()
        for request in (closing, prepare("GET", origin)):
            for _ in range(50):
                exchange = await client.exchange(request)
                assert (exchange.status, exchange.error) == (200, None)
                assert exchange.connecting > 0
        await asyncio.sleep(0.05)
        assert connector.open_connections == 0
        # Of a hundred; the questions for nginx's count may leave theirs.
        assert waiting_ports(nginx.port) < 5
        assert nginx.requests() - before == 100


def waiting_ports(port: int) -> int:
    """Sockets of ours in TIME_WAIT to a port, by the kernel's own table."""
    lines = [line.split() for line in Path("/proc/net/tcp").read_text().splitlines()[1:]]
    return sum(
        fields[3] == "06" and int(fields[2].rpartition(":")[2], 16) == port for fields in lines
    )


async def test_a_connection_for_each_request_is_closed_when_cancelled() -> None:
    async with serving(answering()) as server:
        connector = Connector()
        client = FreshClient(connector)
        pending = asyncio.create_task(client.exchange(prepare("GET", server.origin)))
        await asyncio.sleep(0.02)
        pending.cancel()
        with pytest.raises(asyncio.CancelledError):
            await pending
        await asyncio.sleep(0.02)
        assert connector.open_connections == 0
        assert client.last.wrote
