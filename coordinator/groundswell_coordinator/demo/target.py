"""A small HTTP service to try groundswell on, able to say what really reached it.

It is made to be readable, not to be fast: aiohttp's server, one core.
"""

from __future__ import annotations

import os
from contextlib import asynccontextmanager
from typing import TYPE_CHECKING

from aiohttp import web

from groundswell.errors import GroundswellError
from groundswell_coordinator.demo.routes import add_routes
from groundswell_coordinator.demo.tally import STATS_PATH, Tally

if TYPE_CHECKING:
    from collections.abc import AsyncGenerator

_LARGEST_ECHO = 16 * 1024 * 1024
# How long requests in progress may take once the target was told to end.
_GRACE_S = 1.0


class DemoTarget:
    """One target with its count; `listening` serves it.

    >>> async with DemoTarget().listening("127.0.0.1", 0) as url: ...
    """

    def __init__(self, *, seed: int = 0) -> None:
        self.tally = Tally()
        self._app = web.Application(
            middlewares=[self.tally.middleware()], client_max_size=_LARGEST_ECHO
        )
        add_routes(self._app, seed=seed)
        self._app.router.add_get(STATS_PATH, self._stats)

    async def _stats(self, _: web.Request) -> web.Response:
        return web.json_response(self.tally.stats())

    @asynccontextmanager
    async def listening(self, host: str, port: int) -> AsyncGenerator[str]:
        """Serves until the block ends; gives the URL, with the real port where 0 was asked for."""
        runner = web.AppRunner(
            self._app, access_log=None, shutdown_timeout=_GRACE_S, handler_cancellation=True
        )
        await runner.setup()
        try:
            await _bind(runner, host, port)
            yield _url(host, runner)
        finally:
            await runner.cleanup()


async def _bind(runner: web.AppRunner, host: str, port: int) -> None:
    try:
        await web.TCPSite(runner, host, port).start()
    except OSError as error:
        reason = os.strerror(error.errno) if error.errno and error.errno > 0 else str(error)
        raise GroundswellError(
            f"cannot listen on {host}:{port}: {reason}",
            hint="name another address, or let the system pick a port: --listen 127.0.0.1:0",
        ) from error


def _url(host: str, runner: web.AppRunner) -> str:
    port = runner.addresses[0][1]
    return f"http://[{host}]:{port}" if ":" in host else f"http://{host}:{port}"
