"""A tiny target in the loop of a test, which counts what reaches it."""

from __future__ import annotations

import contextlib
from dataclasses import dataclass
from typing import TYPE_CHECKING

from aiohttp import web

if TYPE_CHECKING:
    from collections.abc import AsyncGenerator


@dataclass(slots=True)
class Target:
    """Answers everything at once and knows how often it was asked."""

    url: str = ""
    requests: int = 0

    async def answer(self, _: web.Request) -> web.Response:
        self.requests += 1
        return web.Response(text="ok")


@contextlib.asynccontextmanager
async def running_target() -> AsyncGenerator[Target]:
    target = Target()
    app = web.Application()
    app.router.add_get("/", target.answer)
    runner = web.AppRunner(app, shutdown_timeout=0.1)
    await runner.setup()
    site = web.TCPSite(runner, "127.0.0.1", 0)
    await site.start()
    _, port = runner.addresses[0]
    target.url = f"http://127.0.0.1:{port}"
    try:
        yield target
    finally:
        await runner.cleanup()
