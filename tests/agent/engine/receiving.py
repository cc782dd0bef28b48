"""A server that takes files and forms apart, by aiohttp's reader of multipart bodies."""

from __future__ import annotations

import hashlib
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from aiohttp import web

if TYPE_CHECKING:
    from collections.abc import AsyncGenerator


@dataclass
class Received:
    """One request; of a form, its parts: name, file name, type, content."""

    method: str
    path: str
    headers: dict[str, str]
    digest: str
    parts: list[tuple[str | None, str | None, str | None, bytes]] = field(
        default_factory=list[tuple[str | None, str | None, str | None, bytes]]
    )


@dataclass
class Uploads:
    url: str = ""
    received: list[Received] = field(default_factory=list[Received])


@asynccontextmanager
async def receiving() -> AsyncGenerator[Uploads]:
    """`/to?at=…` redirects by 307, `/seen` sets a cookie, `/echo` sends the body back."""
    uploads = Uploads()

    async def take(request: web.Request) -> web.Response:
        headers = {name.lower(): value for name, value in request.headers.items()}
        one = Received(request.method, request.path, headers, "")
        body = b""
        if request.content_type == "multipart/form-data":
            async for part in await request.multipart():
                assert not isinstance(part, type(None))
                content = bytes(await part.read())  # type: ignore[union-attr]  # no multipart within one
                kind = part.headers.get("Content-Type")
                one.parts.append((part.name, part.filename, kind, content))  # type: ignore[union-attr]  # likewise
        else:
            body = await request.read()
            one.digest = hashlib.sha256(body).hexdigest()
        uploads.received.append(one)
        if request.path == "/to":
            return web.Response(status=307, headers={"Location": request.query["at"]})
        return web.Response(body=body, headers={"Set-Cookie": "seen=1; Path=/"})

    app = web.Application(client_max_size=100 * 1024 * 1024)
    app.router.add_route("*", "/{path:.*}", take)
    runner = web.AppRunner(app, access_log=None, shutdown_timeout=1)
    await runner.setup()
    await web.TCPSite(runner, "127.0.0.1", 0).start()
    uploads.url = f"http://127.0.0.1:{runner.addresses[0][1]}"
    try:
        yield uploads
    finally:
        await runner.cleanup()
