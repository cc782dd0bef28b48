"""Servers that we did not write: nginx and aiohttp."""

from __future__ import annotations

import asyncio
import os
import resource
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from aiohttp import web
from aiohttp.test_utils import TestServer

from groundswell_agent.http.client import Client
from groundswell_agent.http.request import Origin, prepare, split_url
from tests.nginx_server import PAGE, NginxServer, running_nginx

if TYPE_CHECKING:
    from collections.abc import AsyncGenerator, Generator

    from groundswell_agent.http.connector import Connector

MIB = 1024 * 1024
BIG = 100 * MIB

_LOCATIONS = """
        location = /big { }
        location = /mib { }
        location = /none { return 204; }
        location = /short { keepalive_requests 2; try_files /page =404; }
"""


@pytest.fixture(scope="module")
def files(tmp_path_factory: pytest.TempPathFactory) -> Generator[NginxServer]:
    folder = tmp_path_factory.mktemp("nginx-files")
    with running_nginx(folder, locations=_LOCATIONS) as server:
        for name, size in (("big", BIG), ("mib", MIB)):
            (folder / "www" / name).touch()
            os.truncate(folder / "www" / name, size)
        yield server


async def test_nginx_counts_what_we_count(client: Client, nginx: NginxServer) -> None:
    before = await asyncio.to_thread(nginx.requests)
    origin, _ = split_url(nginx.url)
    request = prepare("GET", origin, "/page", keep_body=True)
    for _ in range(50):
        exchange = await client.exchange(request)
        assert (exchange.status, exchange.error, exchange.body) == (200, None, PAGE)

    assert await asyncio.to_thread(nginx.requests) - before == 50


async def test_nginx_over_ipv6(client: Client, nginx: NginxServer) -> None:
    if not nginx.has_ipv6:
        pytest.skip("this machine has no [::1]")
    origin, _ = split_url(nginx.url_ipv6)
    assert origin.host == "::1"

    assert (await client.exchange(prepare("GET", origin))).status == 200


async def test_many_clients_at_once(connector: Connector, nginx: NginxServer) -> None:
    before = await asyncio.to_thread(nginx.requests)
    origin, _ = split_url(nginx.url)
    request = prepare("GET", origin)

    async def visit() -> None:
        client = Client(connector)
        for _ in range(20):
            exchange = await client.exchange(request)
            assert (exchange.status, exchange.error) == (200, None)
        client.close()

    await asyncio.gather(*(visit() for _ in range(100)))

    assert await asyncio.to_thread(nginx.requests) - before == 2000


async def test_methods_take_turns_on_one_connection(
    client: Client, connector: Connector, files: NginxServer
) -> None:
    origin, _ = split_url(files.url)
    for method, path, status in [
        ("GET", "/page", 200),
        ("HEAD", "/page", 200),
        ("GET", "/none", 204),
        ("HEAD", "/mib", 200),
        ("POST", "/page", 405),
        ("GET", "/mib", 200),
        ("OPTIONS", "/page", 405),
    ]:
        exchange = await client.exchange(prepare(method, origin, path, body=b""))
        assert (exchange.status, exchange.error) == (status, None)

    assert len(connector.sweeper) == 1


async def test_a_server_that_limits_requests_per_connection(
    client: Client, files: NginxServer
) -> None:
    origin, _ = split_url(files.url)
    for _ in range(10):
        exchange = await client.exchange(prepare("GET", origin, "/short"))
        assert (exchange.status, exchange.error, exchange.retried) == (200, None, 0)


@pytest.mark.parametrize(("path", "size"), [("/mib", MIB), ("/big", BIG)])
async def test_downloads_take_constant_memory(
    client: Client, files: NginxServer, path: str, size: int
) -> None:
    origin, _ = split_url(files.url)
    before = highest = _resident()
    pending = asyncio.create_task(client.exchange(prepare("GET", origin, path)))
    while not pending.done():
        await asyncio.sleep(0.002)
        highest = max(highest, _resident())
    exchange = pending.result()

    assert (exchange.status, exchange.error) == (200, None)
    assert size < exchange.bytes_received < size + 1000
    assert highest - before < 16 * MIB


def _resident() -> int:
    pages = int(Path("/proc/self/statm").read_text().split()[1])
    return pages * resource.getpagesize()


@pytest.fixture
async def aiohttp_origin() -> AsyncGenerator[Origin]:
    async def echo(request: web.Request) -> web.Response:
        return web.Response(body=await request.read(), headers={"X-Method": request.method})

    async def drip(request: web.Request) -> web.StreamResponse:
        response = web.StreamResponse()
        response.enable_chunked_encoding()
        await response.prepare(request)
        for number in range(5):
            await response.write(b"%d" % number * 1000)
            await asyncio.sleep(0.002)
        return response

    app = web.Application(client_max_size=64 * MIB)
    app.router.add_route("*", "/echo", echo)
    app.router.add_get("/drip", drip)
    async with TestServer(app, host="127.0.0.1") as server:
        yield Origin.at("http", "127.0.0.1", server.make_url("/").port)


async def test_aiohttp_echoes(client: Client, connector: Connector, aiohttp_origin: Origin) -> None:
    for size in (0, 1, 100_000, 10 * MIB):
        body = b"x" * size
        request = prepare(
            "PUT", aiohttp_origin, "/echo", body=body, keep_body=True, keep_headers=True
        )
        exchange = await client.exchange(request)
        assert (exchange.status, exchange.error, exchange.body) == (200, None, body)
        assert (b"X-Method", b"PUT") in (exchange.headers or [])

    assert len(connector.sweeper) == 1


async def test_aiohttp_drips(client: Client, aiohttp_origin: Origin) -> None:
    for keep in (True, False):
        exchange = await client.exchange(prepare("GET", aiohttp_origin, "/drip", keep_body=keep))
        assert (exchange.status, exchange.error) == (200, None)
        assert exchange.body == (b"".join(b"%d" % n * 1000 for n in range(5)) if keep else None)
        assert exchange.end - exchange.first_byte > 0.005


async def test_a_head_to_a_chunked_resource(client: Client, aiohttp_origin: Origin) -> None:
    for method in ("HEAD", "GET", "HEAD"):
        exchange = await client.exchange(prepare(method, aiohttp_origin, "/drip"))
        assert (exchange.status, exchange.error) == (200, None)
