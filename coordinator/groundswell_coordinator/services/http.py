"""The coordinator's HTTP side, for probes and for Prometheus:

    /healthz   200 as long as the event loop turns
    /readyz    200, or 503 with what is in the way
    /metrics   what there is to be watched, see `metrics`

Nothing secret is on any of these pages, and nothing can be changed through them.
"""

from __future__ import annotations

import logging
from contextlib import asynccontextmanager
from typing import TYPE_CHECKING

from aiohttp import web
from aiohttp.http import HttpProcessingError

from groundswell_coordinator.services.door import Door
from groundswell_coordinator.services.exposition import CONTENT_TYPE, exposition

if TYPE_CHECKING:
    from collections.abc import AsyncGenerator, Callable, Iterable

    from groundswell.address import Address
    from groundswell_coordinator.services.exposition import Family
    from groundswell_coordinator.services.readiness import Readiness

_LONGEST_REASON = 100


_log = logging.getLogger(__name__)


class _Terse(logging.Filter):
    """A line for a request that cannot be read, and no stack: anybody can send as many as they like."""

    def filter(self, record: logging.LogRecord) -> bool:
        if record.exc_info and isinstance(record.exc_info[1], HttpProcessingError):
            reason = " ".join(record.exc_info[1].message.split())[:_LONGEST_REASON]
            record.msg, record.args = f"{record.getMessage()}: {reason}", ()
            record.exc_info = None
            record.levelno, record.levelname = logging.WARNING, "WARNING"
        return True


_log.addFilter(_Terse())


class HttpSide:
    """`families` is asked on every scrape."""

    def __init__(self, readiness: Readiness, families: Callable[[], Iterable[Family]]) -> None:
        self._readiness = readiness
        self._families = families

    @asynccontextmanager
    async def listening(self, address: Address) -> AsyncGenerator[int]:
        """Serve until the block ends; gives the port. Raises CoordinatorUnreachable."""
        # No body is ever of use, and so none is waited for.
        runner = web.AppRunner(
            self._app(), access_log=None, logger=_log, lingering_time=0, keepalive_timeout=1
        )
        await runner.setup()
        try:
            assert runner.server is not None
            async with Door(runner.server).open(address) as port:
                yield port
        finally:
            await runner.cleanup()

    def _app(self) -> web.Application:
        app = web.Application()
        app.router.add_get("/healthz", self._healthz)
        app.router.add_get("/readyz", self._readyz)
        app.router.add_get("/metrics", self._metrics)
        app.on_response_prepare.append(_close_after)
        return app

    async def _healthz(self, _: web.Request) -> web.Response:
        return web.Response(text="ok\n")

    async def _readyz(self, _: web.Request) -> web.Response:
        if self._readiness.is_ready:
            return web.Response(text="ready\n")
        lines = "".join(f"{line}\n" for line in self._readiness.obstacles)
        return web.Response(status=503, text=f"not ready\n{lines}")

    async def _metrics(self, _: web.Request) -> web.Response:
        text = exposition(self._families())
        return web.Response(body=text.encode(), headers={"Content-Type": CONTENT_TYPE})


async def _close_after(_: web.Request, response: web.StreamResponse) -> None:
    """One request a connection: who asks every few seconds need not hold a place meanwhile."""
    response.force_close()
