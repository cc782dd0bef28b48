"""The coordinator's HTTP side, for probes and for Prometheus:

    /healthz   200 as long as the event loop turns
    /readyz    200, or 503 with what is in the way
    /metrics   what there is to be watched, see `metrics`

Nothing can be changed through these pages. Behind TLS, which runs there are is a viewer's business;
a probe shows nothing, and is told nothing but whether we live.
"""

from __future__ import annotations

import logging
from contextlib import asynccontextmanager
from typing import TYPE_CHECKING

from aiohttp import web
from aiohttp.http import HttpProcessingError

from groundswell.errors import NotAuthenticated
from groundswell_coordinator.access.caller import CERTIFICATE, COMMON_NAME, URI, caller_of
from groundswell_coordinator.access.role import Role
from groundswell_coordinator.services.door import Door
from groundswell_coordinator.services.exposition import CONTENT_TYPE, exposition

if TYPE_CHECKING:
    from collections.abc import AsyncGenerator, Callable, Iterable

    from groundswell.address import Address
    from groundswell_coordinator.access.access import Access
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

    def __init__(
        self,
        readiness: Readiness,
        families: Callable[[], Iterable[Family]],
        access: Access | None = None,
    ) -> None:
        """With `access`, all of it is served over TLS, and the metrics to viewers and operators."""
        self._access = access
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
            tls = None if self._access is None else self._access.tls.http_context
            async with Door(runner.server, tls).open(address) as port:
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

    async def _metrics(self, request: web.Request) -> web.Response:
        if self._access is not None:
            refused = self._refusal(request, self._access)
            if refused is not None:
                return refused
        text = exposition(self._families())
        return web.Response(body=text.encode(), headers={"Content-Type": CONTENT_TYPE})

    def _refusal(self, request: web.Request, access: Access) -> web.Response | None:
        try:
            caller = caller_of(_peer(request), request.headers, access.tokens)
        except NotAuthenticated as error:
            return web.Response(
                status=401, text=f"{error}\n", headers={"WWW-Authenticate": "Bearer"}
            )
        if not caller.may((Role.VIEWER, Role.OPERATOR)):
            return web.Response(status=403, text=f"{caller} may not see this\n")
        return None


def _peer(request: web.Request) -> dict[str, list[bytes]]:
    """A certificate that was verified, as grpc would tell of it."""
    certificate = request.get_extra_info("peercert")
    if not certificate:
        return {}
    names = (value for part in certificate["subject"] for key, value in part if key == "commonName")
    uris = (value for kind, value in certificate.get("subjectAltName", ()) if kind == "URI")
    return {
        CERTIFICATE: [b"verified"],
        COMMON_NAME: [name.encode() for name in names],
        URI: [uri.encode() for uri in uris],
    }


async def _close_after(_: web.Request, response: web.StreamResponse) -> None:
    """One request a connection: who asks every few seconds need not hold a place meanwhile."""
    response.force_close()
