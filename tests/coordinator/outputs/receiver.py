"""A receiver of HTTP requests that does what it is told: takes them, refuses, is slow, is not there."""

from __future__ import annotations

import asyncio
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from aiohttp import web

if TYPE_CHECKING:
    from collections.abc import AsyncGenerator


@dataclass
class Got:
    """One request."""

    path: str
    headers: dict[str, str]
    body: bytes


@dataclass
class HttpReceiver:
    """`status` is what it answers, after `delay_s`; `taken` are those that it said yes to."""

    status: int = 200
    delay_s: float = 0.0
    answer: bytes = b""
    taken: list[Got] = field(default_factory=list[Got])
    refused: int = 0
    port: int = 0

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}"

    async def _take(self, request: web.Request) -> web.Response:
        body = await request.read()
        await asyncio.sleep(self.delay_s)
        if self.status // 100 == 2:
            self.taken.append(Got(request.path, dict(request.headers), body))
        else:
            self.refused += 1
        return web.Response(status=self.status, body=self.answer)

    @asynccontextmanager
    async def listening(self, port: int = 0) -> AsyncGenerator[HttpReceiver]:
        app = web.Application()
        app.router.add_route("*", "/{path:.*}", self._take)
        runner = web.AppRunner(app, access_log=None, shutdown_timeout=0.1)
        await runner.setup()
        site = web.TCPSite(runner, "127.0.0.1", port)
        await site.start()
        self.port = runner.addresses[0][1]
        try:
            yield self
        finally:
            await runner.cleanup()
