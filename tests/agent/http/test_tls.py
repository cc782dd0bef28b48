"""TLS: verified by a CA of our own, with every way it can go wrong."""

from __future__ import annotations

import asyncio
import datetime
import os
import socket
import ssl
from typing import TYPE_CHECKING

import pytest
import trustme

from groundswell_agent.http.client import Client
from groundswell_agent.http.connector import Connector
from groundswell_agent.http.request import Origin, prepare
from groundswell_agent.http.tls import client_context
from tests.agent.http.raw_server import OK, Visit, answering, once, serving

if TYPE_CHECKING:
    from collections.abc import AsyncGenerator, Iterator
    from pathlib import Path

UNTIL_CLOSE = b"HTTP/1.1 200 OK\r\n\r\nuntil the end"


@pytest.fixture(scope="module")
def authority() -> trustme.CA:
    return trustme.CA()


@pytest.fixture
async def client(authority: trustme.CA, tmp_path: Path) -> AsyncGenerator[Client]:
    ca_file = tmp_path / "ca.pem"
    authority.cert_pem.write_to_path(str(ca_file))
    connector = Connector(tls=client_context(ca_file))
    client = Client(connector)
    yield client
    client.close()
    await asyncio.sleep(0.05)
    assert len(connector.sweeper) == 0


def _server_context(authority: trustme.CA, *names: str, expired: bool = False) -> ssl.SSLContext:
    ends = datetime.datetime(2020, 1, 1, tzinfo=datetime.UTC) if expired else None
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    authority.issue_cert(*names, not_after=ends).configure_cert(context)  # pyright: ignore[reportUnknownMemberType]  # pyOpenSSL has no types
    context.set_alpn_protocols(["h2", "http/1.1"])
    return context


@pytest.mark.parametrize("version", [ssl.TLSVersion.TLSv1_2, ssl.TLSVersion.TLSv1_3])
async def test_a_verified_server(
    client: Client, authority: trustme.CA, version: ssl.TLSVersion
) -> None:
    context = _server_context(authority, "127.0.0.1")
    context.maximum_version = version
    async with serving(answering(OK), tls=context) as server:
        exchange = await client.exchange(prepare("GET", server.origin))
        assert (exchange.status, exchange.error) == (200, None)
        assert min(exchange.handshaking, exchange.connecting) > 0
        assert exchange.blocked >= exchange.handshaking + exchange.connecting
        assert (exchange.bytes_sent, exchange.bytes_received) == (len(server.heard), len(OK))

        for _ in range(3):
            await asyncio.sleep(0.01)
            exchange = await client.exchange(prepare("GET", server.origin))
            assert (exchange.status, exchange.handshaking) == (200, 0)

    assert len(server.visits) == 1
    ours = server.visits[0].writer.get_extra_info("ssl_object")
    assert ours is None or ours.selected_alpn_protocol() == "http/1.1"


async def test_the_server_is_told_which_name_is_meant(
    client: Client, authority: trustme.CA
) -> None:
    context = _server_context(authority, "localhost")
    told: list[str | None] = []
    protocols: list[str | None] = []
    context.sni_callback = lambda _, name, __: told.append(name)

    async def script(visit: Visit) -> None:
        protocols.append(visit.writer.get_extra_info("ssl_object").selected_alpn_protocol())
        await answering(OK)(visit)

    async with serving(script, tls=context) as server:
        origin = Origin.at("https", "localhost", server.port)
        assert (await client.exchange(prepare("GET", origin))).status == 200

    assert told == ["localhost"]
    assert protocols == ["http/1.1"]


async def test_certificates_that_do_not_hold(client: Client, authority: trustme.CA) -> None:
    stranger = _server_context(trustme.CA(), "127.0.0.1")
    other_name = _server_context(authority, "shop.test")
    expired = _server_context(authority, "127.0.0.1", expired=True)
    for context in (stranger, other_name, expired):
        async with serving(answering(OK), tls=context) as server:
            exchange = await client.exchange(prepare("GET", server.origin))
            assert (exchange.status, exchange.error, exchange.wrote) == (0, "tls", False)
            assert exchange.handshaking > 0
        assert server.heard == b""


async def test_unverified_takes_any_certificate() -> None:
    async with serving(answering(OK), tls=_server_context(trustme.CA(), "x.test")) as server:
        client = Client(Connector(tls=client_context(verify=False)))
        assert (await client.exchange(prepare("GET", server.origin))).status == 200
        client.close()


async def test_the_system_decides_by_default() -> None:
    async with serving(answering(OK), tls=_server_context(trustme.CA(), "127.0.0.1")) as server:
        exchange = await Client(Connector()).exchange(prepare("GET", server.origin))

    assert exchange.error == "tls"


async def test_a_server_without_tls(client: Client) -> None:
    async with serving(once(b"HTTP/1.1 400 Bad Request\r\n\r\n")) as server:
        origin = Origin.at("https", "127.0.0.1", server.port)
        exchange = await client.exchange(prepare("GET", origin, timeout=1))
        assert exchange.error == "timeout"  # it waits for a request head in the greeting

    async def script(visit: Visit) -> None:
        await visit.say(b"220 mail.test ESMTP\r\n")
        await visit.reader.read()

    async with serving(script) as server:
        origin = Origin.at("https", "127.0.0.1", server.port)
        assert (await client.exchange(prepare("GET", origin))).error == "tls"


async def test_a_handshake_that_ends_or_never_ends(client: Client) -> None:
    async def hangs_up(visit: Visit) -> None:
        await visit.reader.read(1)
        visit.reset()

    async with serving(hangs_up) as server:
        origin = Origin.at("https", "127.0.0.1", server.port)
        assert (await client.exchange(prepare("GET", origin))).error == "reset"

    async def says_nothing(visit: Visit) -> None:
        await visit.reader.read()

    async with serving(says_nothing) as server:
        origin = Origin.at("https", "127.0.0.1", server.port)
        exchange = await client.exchange(prepare("GET", origin, timeout=0.1))
        assert (exchange.error, exchange.wrote) == ("timeout", False)
        assert exchange.handshaking > 0.05


async def test_cancelled_in_the_handshake(client: Client) -> None:
    async def says_nothing(visit: Visit) -> None:
        assert await visit.reader.read() != b""

    async with serving(says_nothing) as server:
        origin = Origin.at("https", "127.0.0.1", server.port)
        pending = asyncio.create_task(client.exchange(prepare("GET", origin)))
        await asyncio.sleep(0.05)
        pending.cancel()
        with pytest.raises(asyncio.CancelledError):
            await pending


async def test_ends_over_tls(client: Client, authority: trustme.CA) -> None:
    context = _server_context(authority, "127.0.0.1")
    async with serving(once(OK[:-1]), tls=context) as server:
        assert (await client.exchange(prepare("GET", server.origin))).error == "reset"

    async def says_goodbye(visit: Visit) -> None:
        await visit.request()
        await visit.say(UNTIL_CLOSE)
        visit.writer.close()
        await visit.writer.wait_closed()

    async with serving(says_goodbye, tls=context) as server:
        exchange = await client.exchange(prepare("GET", server.origin, keep_body=True))
        assert (exchange.status, exchange.body) == (200, b"until the end")
        assert not exchange.error

    async def silent(visit: Visit) -> None:
        await visit.request()
        await visit.request()

    async with serving(silent, tls=context) as server:
        exchange = await client.exchange(prepare("GET", server.origin, timeout=1))
        assert (exchange.error, exchange.wrote) == ("timeout", True)


async def test_a_closed_idle_connection_is_replaced(client: Client, authority: trustme.CA) -> None:
    async with serving(once(OK), tls=_server_context(authority, "127.0.0.1")) as server:
        for _ in range(3):
            exchange = await client.exchange(prepare("GET", server.origin))
            assert (exchange.status, exchange.retried) == (200, 0)
            await asyncio.sleep(0.02)

    assert len(server.visits) == 3


async def test_a_large_upload_to_a_slow_reader(client: Client, authority: trustme.CA) -> None:
    async def script(visit: Visit) -> None:
        visit.hold()
        await asyncio.sleep(0.2)
        visit.go_on()
        await visit.request()
        await visit.say(OK)

    async with serving(script, tls=_server_context(authority, "127.0.0.1")) as server:
        request = prepare("POST", server.origin, body=b"x" * 20_000_000)
        exchange = await client.exchange(request)
        assert (exchange.status, exchange.error) == (200, None)
        assert exchange.bytes_sent == len(server.heard) == request.size
        assert exchange.send_end - exchange.send_start > 0.15
        assert exchange.send_end <= exchange.first_byte


async def test_a_large_download(client: Client, authority: trustme.CA) -> None:
    size = 5_000_000
    answer = b"HTTP/1.1 200 OK\r\nContent-Length: %d\r\n\r\n" % size + b"x" * size
    context = _server_context(authority, "127.0.0.1")
    async with serving(answering(answer), tls=context) as server:
        for _ in range(2):
            exchange = await client.exchange(prepare("GET", server.origin))
            assert (exchange.status, exchange.bytes_received) == (200, len(answer))

    assert len(server.visits) == 1


@pytest.mark.parametrize("version", [ssl.TLSVersion.TLSv1_2, ssl.TLSVersion.TLSv1_3])
async def test_a_later_connection_resumes_the_session(
    client: Client, authority: trustme.CA, version: ssl.TLSVersion
) -> None:
    context = _server_context(authority, "127.0.0.1")
    context.maximum_version = version
    resumed: list[bool] = []

    async def script(visit: Visit) -> None:
        resumed.append(visit.writer.get_extra_info("ssl_object").session_reused)
        await once(OK)(visit)

    async with serving(script, tls=context) as server:
        for _ in range(3):
            exchange = await client.exchange(prepare("GET", server.origin))
            assert (exchange.status, exchange.retried) == (200, 0)
            assert exchange.handshaking > 0
            await asyncio.sleep(0.02)

    assert resumed == [False, True, True]


async def test_what_is_no_tls_any_more_breaks_the_connection(
    client: Client, authority: trustme.CA
) -> None:
    async def script(visit: Visit) -> None:
        await visit.request()
        own = visit.writer.get_extra_info("socket")
        # Past the encryption, into the middle of a response.
        with socket.socket(own.family, own.type, 0, fileno=os.dup(own.fileno())) as bare:
            bare.setblocking(True)
            bare.sendall(b"this is no record of TLS")
        await visit.reader.read()

    async with serving(script, tls=_server_context(authority, "127.0.0.1")) as server:
        exchange = await client.exchange(prepare("GET", server.origin))

    assert (exchange.status, exchange.error) == (0, "tls")


async def test_a_body_in_parts_over_tls(client: Client, authority: trustme.CA) -> None:
    class Body:
        length = 50 * 100_000

        def parts(self) -> Iterator[bytes]:
            return iter([b"x" * 100_000] * 50)

    async with serving(answering(OK), tls=_server_context(authority, "127.0.0.1")) as server:
        request = prepare("POST", server.origin, source=Body())
        for _ in range(2):
            exchange = await client.exchange(request)
            assert (exchange.status, exchange.error) == (200, None)
            assert exchange.bytes_sent == len(server.heard) == request.size + Body.length
            server.visits[0].heard = b""

    assert len(server.visits) == 1
