"""A small web site on aiohttp's server, which keeps a record of what it was asked.

/echo               what came, as JSON
/item/{id}          a thing with an id, as JSON
/page               HTML with a form
/set?name=value…    sets cookies; /set/{folder} with that path
/to/{status}?at=…   a redirect
/again/{n}          a redirect to /again/{n-1}, until 0
/text?body=…        that text; status=…, header X-Kind=…
/big?kib=…          JSON with so much text in it
"""

from __future__ import annotations

import asyncio
import gzip
import json
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from aiohttp import web

if TYPE_CHECKING:
    from collections.abc import AsyncGenerator

    from aiohttp.typedefs import Handler

PAGE = """<!doctype html>
<!-- <input name="csrf" value="not this"> -->
<form action="/login" method="post">
  <input type="hidden" name="csrf" value="to&amp;ken">
  <textarea name="note">
hello</textarea>
  <select name="size"><option value="s">Small<option value="m" selected>Medium</select>
</form>
"""


@dataclass(frozen=True)
class Asked:
    """One request as it came; its path decoded, its query not."""

    method: str
    path: str
    query: str
    headers: dict[str, str]
    body: str
    peer: object


@dataclass
class Site:
    """What has been asked so far, in order."""

    url: str = ""
    asked: list[Asked] = field(default_factory=list[Asked])

    def paths(self) -> list[str]:
        return [asked.path for asked in self.asked]

    def only(self) -> Asked:
        (asked,) = self.asked
        return asked


async def _echo(request: web.Request) -> web.Response:
    text = await request.text()
    body = json.loads(text) if text.startswith(("{", "[", '"')) else text
    return web.json_response({"method": request.method, "path": request.path_qs, "body": body})


async def _item(request: web.Request) -> web.Response:
    number = request.match_info["id"]
    item = {
        "id": number,
        "number": 7,
        "price": 14.5,
        "sold": False,
        "none": None,
        "tags": ["a", "b"],
        "by": {"name": "Ann", "next": ["x", {"deep": 1}]},
        "parts": [{"n": 1, "ok": False}, {"n": 2, "ok": True}, {"n": 3, "ok": True}],
    }
    return web.json_response(item, headers={"X-Request": f"r-{number}", "X-Count": "12"})


async def _page(_: web.Request) -> web.Response:
    return web.Response(text=PAGE, content_type="text/html")


async def _set(request: web.Request) -> web.Response:
    response = web.Response(text="set")
    for name, value in request.query.items():
        response.headers.add("Set-Cookie", f"{name}={value}")
    return response


async def _to(request: web.Request) -> web.Response:
    headers = {"Location": request.query["at"], "Set-Cookie": "hop=1; Path=/"}
    return web.Response(status=int(request.match_info["status"]), headers=headers)


async def _again(request: web.Request) -> web.Response:
    left = int(request.match_info["n"])
    if not left:
        return web.Response(text="there")
    return web.Response(status=302, headers={"Location": str(left - 1)})


async def _text(request: web.Request) -> web.Response:
    query = request.query
    if query.get("slow"):
        await asyncio.sleep(float(query["slow"]))
    body = query.get("body", "").encode()
    headers = {"X-Kind": query.get("kind", "plain")}
    if query.get("gzip"):
        body = gzip.compress(body)
        headers["Content-Encoding"] = "gzip"
    return web.Response(status=int(query.get("status", "200")), body=body, headers=headers)


async def _big(request: web.Request) -> web.StreamResponse:
    """In chunks, so that it comes in many reads and without a length."""
    response = web.StreamResponse()
    response.enable_chunked_encoding()
    await response.prepare(request)
    await response.write(b'{"text": "')
    for _ in range(int(request.query["kib"])):
        await response.write(b"x" * 1024)
        await asyncio.sleep(0)
    await response.write(b'", "end": 5}')
    return response


@asynccontextmanager
async def serving() -> AsyncGenerator[Site]:
    site = Site()

    @web.middleware
    async def record(request: web.Request, handler: Handler) -> web.StreamResponse:
        headers = {name.lower(): value for name, value in request.headers.items()}
        peer = request.transport.get_extra_info("peername") if request.transport else None
        body = await request.text()
        site.asked.append(
            Asked(
                request.method,
                request.path,
                request.raw_path.partition("?")[2],
                headers,
                body,
                peer,
            )
        )
        return await handler(request)

    app = web.Application(middlewares=[record])
    for path, handler in {
        "/echo": _echo, "/item/{id}": _item, "/page": _page, "/set": _set, "/set/{folder}": _set,
        "/to/{status}": _to, "/again/{n}": _again, "/text": _text, "/big": _big,
    }.items():  # fmt: skip
        app.router.add_route("*", path, handler)
    runner = web.AppRunner(app, access_log=None, shutdown_timeout=1)
    await runner.setup()
    await web.TCPSite(runner, "127.0.0.1", 0).start()
    site.url = f"http://127.0.0.1:{runner.addresses[0][1]}"
    try:
        yield site
    finally:
        await runner.cleanup()
