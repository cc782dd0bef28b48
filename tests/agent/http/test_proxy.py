"""Through a real proxy: what it is asked, what the target sees, and what its refusals come to."""

from __future__ import annotations

import asyncio
import ssl
from typing import TYPE_CHECKING

import pytest
import trustme

from groundswell_agent.http.client import Client
from groundswell_agent.http.connector import Connector
from groundswell_agent.http.proxy import Proxy
from groundswell_agent.http.request import Origin, prepare
from groundswell_agent.http.tls import client_context
from tests.agent.http.proxy_server import proxying, pump
from tests.agent.http.raw_server import OK, Visit, answering, free_ports, serving

if TYPE_CHECKING:
    from collections.abc import Iterator


@pytest.fixture(scope="module")
def authority() -> trustme.CA:
    return trustme.CA()


def client_by(proxy: Proxy, authority: trustme.CA | None = None) -> Client:
    tls = None if authority is None else client_context(ca=authority.cert_pem.bytes())
    return Client(Connector(proxy=proxy, tls=tls))


def serving_context(authority: trustme.CA, name: str) -> ssl.SSLContext:
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    authority.issue_cert(name).configure_cert(context)  # pyright: ignore[reportUnknownMemberType]  # pyOpenSSL has no types
    return context


async def test_http_goes_with_its_whole_url_on_one_connection() -> None:
    hosts = {"shop.test": "127.0.0.1"}
    async with serving(answering(OK)) as server, proxying(hosts=hosts) as proxy:
        client = client_by(Proxy("127.0.0.1", proxy.port))
        origin = Origin.at("http", "shop.test", server.port)
        for number in range(3):
            request = prepare("POST", origin, f"/a?n={number}", body=b"body")
            exchange = await client.exchange(request)
            assert (exchange.status, exchange.error) == (200, None)
        client.close()
    url = f"http://shop.test:{server.port}/a?n="
    assert proxy.asked == [("POST", f"{url}{number}") for number in range(3)]
    assert proxy.connections == 1
    assert server.heard.count(b"POST /a?n=") == 3
    assert server.heard.count(b"body") == 3
    assert f"Host: shop.test:{server.port}\r\n".encode() in server.heard


async def test_what_is_counted_as_sent_is_what_went_out() -> None:
    async def script(visit: Visit) -> None:
        while await visit.request():
            await visit.say(OK)

    async with serving(script) as server:
        # A server in the place of the proxy, to see the very bytes.
        client = client_by(Proxy("127.0.0.1", server.port, user="Ann", password="pass:word"))
        origin = Origin.at("http", "shop.test")
        exchange = await client.exchange(prepare("GET", origin, "/x"))
        assert exchange.bytes_sent == len(server.heard)
        client.close()
    lines = server.heard.split(b"\r\n")
    assert lines[0] == b"GET http://shop.test/x HTTP/1.1"
    assert b"Proxy-Authorization: Basic QW5uOnBhc3M6d29yZA==" in lines
    assert b"Host: shop.test" in lines


async def test_a_body_in_parts_goes_through_as_it_is() -> None:
    class Body:
        length = 300_000

        def parts(self) -> Iterator[bytes]:
            return iter([b"x" * 100_000] * 3)

    async with serving(answering(OK)) as server, proxying() as proxy:
        client = client_by(Proxy("127.0.0.1", proxy.port))
        exchange = await client.exchange(prepare("PUT", server.origin, "/up", source=Body()))
        assert (exchange.status, exchange.error) == (200, None)
        client.close()
    assert server.heard.endswith(b"\r\n\r\n" + b"x" * 300_000)


async def test_https_is_tunnelled_and_spoken_with_the_target(authority: trustme.CA) -> None:
    names: list[str | None] = []
    context = serving_context(authority, "shop.test")
    context.sni_callback = lambda _, name, __: names.append(name)
    hosts = {"shop.test": "127.0.0.1"}
    async with (
        serving(answering(OK), tls=context) as server,
        proxying(user="Ann:secret", hosts=hosts) as proxy,
    ):
        spoken = Proxy("127.0.0.1", proxy.port, user="Ann", password="secret")
        client = client_by(spoken, authority)
        origin = Origin.at("https", "shop.test", server.port)
        for _ in range(3):
            exchange = await client.exchange(prepare("GET", origin, "/x"))
            assert (exchange.status, exchange.error) == (200, None)
        client.close()
    assert proxy.asked == [("CONNECT", f"shop.test:{server.port}")]
    assert names == ["shop.test"]
    assert b"Proxy-Authorization" not in server.heard
    assert server.heard.startswith(b"GET /x HTTP/1.1\r\n")


async def test_a_certificate_of_another_host_is_no_good_through_a_proxy(
    authority: trustme.CA,
) -> None:
    context = serving_context(authority, "other.test")
    async with serving(answering(OK), tls=context) as server, proxying() as proxy:
        client = client_by(Proxy("127.0.0.1", proxy.port), authority)
        exchange = await client.exchange(prepare("GET", server.origin))
        assert exchange.error == "tls"


async def test_what_a_proxy_refuses_is_its_own_fault(authority: trustme.CA) -> None:
    async with serving(answering(OK)) as server, proxying(user="Ann:secret") as proxy:
        client = client_by(Proxy("127.0.0.1", proxy.port), authority)
        secure = Origin.at("https", "127.0.0.1", server.port)
        exchange = await client.exchange(prepare("GET", secure))
        assert (exchange.error, exchange.wrote) == ("proxy", False)
        # Over http, what it says is an answer like another.
        assert (await client.exchange(prepare("GET", server.origin))).status == 407
        client.close()
    assert server.visits == []


async def test_a_target_that_the_proxy_cannot_reach(authority: trustme.CA) -> None:
    (port,) = free_ports(1)
    async with proxying() as proxy:
        client = client_by(Proxy("127.0.0.1", proxy.port), authority)
        exchange = await client.exchange(prepare("GET", Origin.at("https", "127.0.0.1", port)))
        assert exchange.error == "proxy"


@pytest.mark.parametrize("scheme", ["http", "https"])
async def test_a_proxy_that_cannot_be_reached(scheme: str) -> None:
    (port,) = free_ports(1)
    client = client_by(Proxy("127.0.0.1", port))
    exchange = await client.exchange(prepare("GET", Origin.at(scheme, "shop.test")))
    assert (exchange.error, exchange.wrote) == ("proxy", False)
    client = client_by(Proxy("no-such-proxy.invalid", port))
    exchange = await client.exchange(prepare("GET", Origin.at(scheme, "shop.test")))
    assert exchange.error == "proxy"


@pytest.mark.parametrize(
    "answer",
    [
        b"nonsense\r\n\r\n",
        b"HTTP/1.1 200 OK\r\n\r\nmore than was asked for",
        b"HTTP/1.1 200 OK\r\nX-Long: " + b"x" * 70_000,
        b"",
    ],
)
async def test_a_proxy_that_speaks_no_http(answer: bytes, authority: trustme.CA) -> None:
    async def script(visit: Visit) -> None:
        await visit.request()
        await visit.say(answer)
        if answer.endswith(b"x"):
            await visit.reader.read()

    async with serving(script) as server:
        client = client_by(Proxy("127.0.0.1", server.port), authority)
        exchange = await client.exchange(prepare("GET", Origin.at("https", "shop.test")))
        assert (exchange.status, exchange.error) == (0, "proxy")


async def test_an_answer_to_connect_may_come_in_pieces(authority: trustme.CA) -> None:
    async with serving(answering(OK), tls=serving_context(authority, "127.0.0.1")) as server:

        async def script(visit: Visit) -> None:
            await visit.request()
            theirs = await asyncio.open_connection("127.0.0.1", server.port)
            hint = b"HTTP/1.1 103 Early\r\n\r\n"
            await visit.say(hint[:9], hint[9:] + b"HTTP/1.1 20", b"0 OK\r\n\r", b"\n", apart=0.01)
            try:
                await asyncio.gather(pump(visit.reader, theirs[1]), pump(theirs[0], visit.writer))
            finally:
                theirs[1].transport.abort()

        async with serving(script) as proxy:
            client = client_by(Proxy("127.0.0.1", proxy.port), authority)
            exchange = await client.exchange(prepare("GET", server.origin, timeout=5))
            client.close()
    assert (exchange.status, exchange.error) == (200, None)


async def test_a_proxy_that_never_answers(authority: trustme.CA) -> None:
    async def script(visit: Visit) -> None:
        await visit.reader.read()

    async with serving(script) as server:
        client = client_by(Proxy("127.0.0.1", server.port), authority)
        request = prepare("GET", Origin.at("https", "shop.test"), timeout=0.1)
        assert (await client.exchange(request)).error == "timeout"
        pending = asyncio.create_task(
            client.exchange(prepare("GET", Origin.at("https", "shop.test")))
        )
        await asyncio.sleep(0.05)
        pending.cancel()
        with pytest.raises(asyncio.CancelledError):
            await pending


async def test_exceptions_are_connected_to_directly() -> None:
    async with serving(answering(OK)) as server, proxying() as proxy:
        for exceptions, proxied in [(("127.0.0.0/8",), 0), (("localhost",), 1), ((), 2)]:
            client = client_by(Proxy("127.0.0.1", proxy.port, exceptions=exceptions))
            assert (await client.exchange(prepare("GET", server.origin))).status == 200
            client.close()
            assert len(proxy.asked) == proxied


async def test_the_environment_has_no_say(monkeypatch: pytest.MonkeyPatch) -> None:
    async with serving(answering(OK)) as server, proxying() as proxy:
        for name in ("http_proxy", "HTTP_PROXY", "ALL_PROXY"):
            monkeypatch.setenv(name, proxy.url)
        client = Client(Connector())
        assert (await client.exchange(prepare("GET", server.origin))).status == 200
        client.close()
        monkeypatch.setenv("NO_PROXY", "*")
        client = client_by(Proxy("127.0.0.1", proxy.port))
        assert (await client.exchange(prepare("GET", server.origin))).status == 200
        client.close()
    assert len(proxy.asked) == 1
