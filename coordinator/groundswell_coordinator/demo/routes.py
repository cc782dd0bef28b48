"""What the demo target answers: one small handler per habit of a real service."""

from __future__ import annotations

import asyncio
import json
from random import Random
from typing import TYPE_CHECKING

from aiohttp import WSMsgType, web

from groundswell_coordinator.demo.shop import Shop

if TYPE_CHECKING:
    from aiohttp.typedefs import Handler

LONGEST_SLOW_MS = 60_000
LARGEST_KIB = 64 * 1024
PRODUCTS = 20

_BLOCK = bytes(64 * 1024)
_REDIRECTS = frozenset({301, 302, 303, 307, 308})


def add_routes(app: web.Application, *, seed: int) -> None:
    router = app.router
    router.add_get("/", _fast)
    router.add_get("/fast", _fast)
    router.add_get("/slow", _slow)
    router.add_get("/flaky", _flaky(Random(seed)))
    router.add_get("/products", _products)
    router.add_get("/products/{id}", _product)
    router.add_get("/large", _large, allow_head=False)
    for method in ("POST", "PUT", "PATCH"):
        router.add_route(method, "/echo", _echo)
    router.add_route("*", "/status/{code}", _status)
    router.add_get("/ws", _socket, allow_head=False)
    Shop(_CATALOG, seed=seed).add_routes(app)


async def _socket(request: web.Request) -> web.WebSocketResponse:
    """Every message comes back, until the other side closes."""
    socket = web.WebSocketResponse()
    await socket.prepare(request)
    async for message in socket:
        if message.type is WSMsgType.TEXT:
            await socket.send_str(message.data)
        elif message.type is WSMsgType.BINARY:
            await socket.send_bytes(message.data)
    return socket


async def _fast(_: web.Request) -> web.Response:
    return web.Response(text="ok\n")


async def _slow(request: web.Request) -> web.Response:
    milliseconds = _number(request, "ms", default=200, highest=LONGEST_SLOW_MS)
    await asyncio.sleep(milliseconds / 1000)
    return web.Response(text=f"waited {milliseconds:g} ms\n")


def _flaky(random: Random) -> Handler:
    """The n-th request gets the n-th draw: the same load meets the same failures every time."""

    async def flaky(request: web.Request) -> web.Response:
        rate = _number(request, "rate", default=0.1, highest=1)
        if random.random() < rate:
            return web.Response(status=503, text="try again\n")
        return web.Response(text="ok\n")

    return flaky


def _catalog_entry(number: int) -> dict[str, object]:
    return {
        "id": number,
        "sku": f"GS-{number:03}",
        "name": f"Wave {number}",
        "price": 5 + number * 7 % 40,
        "images": [f"/images/{number}-front.webp", f"/images/{number}-back.webp"],
    }


def _encoded(value: object) -> bytes:
    return json.dumps(value).encode()


_CATALOG = {str(number): _catalog_entry(number) for number in range(1, PRODUCTS + 1)}
_ALL_PRODUCTS = _encoded({"products": list(_CATALOG.values())})
_EACH_PRODUCT = {key: _encoded(entry) for key, entry in _CATALOG.items()}


async def _products(_: web.Request) -> web.Response:
    return web.Response(body=_ALL_PRODUCTS, content_type="application/json")


async def _product(request: web.Request) -> web.Response:
    number = request.match_info["id"]
    if body := _EACH_PRODUCT.get(number):
        return web.Response(body=body, content_type="application/json")
    return web.json_response({"error": f"no product {number}"}, status=404)


async def _echo(request: web.Request) -> web.Response:
    body = await request.read()
    return web.Response(body=body, content_type=request.content_type)


async def _large(request: web.Request) -> web.StreamResponse:
    """Streamed, so that a large answer costs the target no memory."""
    left = int(_number(request, "kib", default=1024, highest=LARGEST_KIB)) * 1024
    response = web.StreamResponse()
    response.content_type = "application/octet-stream"
    response.content_length = left
    await response.prepare(request)
    while left:
        block = _BLOCK[:left]
        await response.write(block)
        left -= len(block)
    return response


async def _status(request: web.Request) -> web.Response:
    code = request.match_info["code"]
    # A 1xx is not a whole answer: the client would wait for another.
    if not code.isascii() or not code.isdecimal() or not 200 <= int(code) <= 599:
        raise web.HTTPBadRequest(text=f"{code!r} is no status from 200 to 599\n")
    headers = {"Location": "/"} if int(code) in _REDIRECTS else None
    return web.Response(status=int(code), headers=headers)


def _number(request: web.Request, key: str, *, default: float, highest: float) -> float:
    """A query parameter from 0 to `highest`; anything else is the client's mistake and says so."""
    text = request.query.get(key, str(default))
    try:
        value = float(text)
    except ValueError:
        value = -1
    if not 0 <= value <= highest:
        raise web.HTTPBadRequest(text=f"{key}={text} is no number from 0 to {highest:g}\n")
    return value
