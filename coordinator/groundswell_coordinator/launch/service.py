"""The long-lived coordinator: what comes up in which order, and goes down in the other.

    HTTP ─> store, owned ─> runs taken up again ─> gRPC ─> ready

Whoever probes us hears from the first moment on that we live, and what is still in the way. Nobody
can attach before the store is ours: there is one coordinator to a store.
"""

from __future__ import annotations

import asyncio
import gc
import logging
import os
import socket
import sys
from contextlib import AsyncExitStack
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

import uvloop

from groundswell import __version__
from groundswell.ending import when_told_to_end
from groundswell.errors import InvalidConfiguration
from groundswell_coordinator.access.access import Access
from groundswell_coordinator.coordinator import Coordinator
from groundswell_coordinator.launch.port_file import written
from groundswell_coordinator.launch.retention import keep_forgetting
from groundswell_coordinator.launch.service_store import ServiceStore
from groundswell_coordinator.run.owner import RunOwner
from groundswell_coordinator.services.health import Health
from groundswell_coordinator.services.http import HttpSide
from groundswell_coordinator.services.metrics import all_families
from groundswell_coordinator.services.readiness import Readiness
from groundswell_coordinator.telemetry import Telemetry

if TYPE_CHECKING:
    from collections.abc import Coroutine, Iterator
    from datetime import timedelta
    from pathlib import Path

    from groundswell.address import Address
    from groundswell_coordinator.access.access import AccessFiles
    from groundswell_coordinator.services.exposition import Family
    from groundswell_coordinator.store.writer import StoreWriter

_STARTING = "start"
_ENDING = "end"

_log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class ServiceSettings:
    """The command's options; `http` and `retain` are None where there is to be none."""

    listen: Address
    http: Address | None
    store: str | None
    retain: timedelta | None
    lease_s: float
    is_insecure: bool
    access: AccessFiles | None
    port_file: Path | None


def run_service(settings: ServiceSettings) -> None:
    """Serve until a signal comes. Raises GroundswellError where it cannot begin, or not go on."""
    _check_door(settings)
    # Threads that store and judge give way sooner to the loop, and to a thousand streams.
    sys.setswitchinterval(0.001)
    # What lives long here is mostly as old as the agents' streams: to look at it seldom is enough.
    gc.set_threshold(20_000, 20, 100)
    uvloop.run(_serve(settings))


def _check_door(settings: ServiceSettings) -> None:
    """Raises InvalidConfiguration for what lets anybody in."""
    if settings.listen.is_loopback or settings.is_insecure:
        return
    if settings.access is None:
        raise InvalidConfiguration(
            f"{settings.listen} can be reached from other machines, and anybody there could run tests",
            hint="--cert, --key and --ca (or --tokens) close the door, `groundswell certs` makes what "
            "they name; or listen on 127.0.0.1, or say --insecure where the network lets only friends in",
        )
    if settings.access.server.ca is None and settings.access.tokens is None:
        raise InvalidConfiguration(
            f"{settings.listen} can be reached from other machines, and TLS alone lets anybody in",
            hint="--ca asks everybody for a certificate, --tokens for a token",
        )


async def _serve(settings: ServiceSettings) -> None:
    await _Service(settings).run()


class _Service:
    def __init__(self, settings: ServiceSettings) -> None:
        self._settings = settings
        self._told_to_end = asyncio.Event()
        self._telemetry = Telemetry()
        self._readiness = Readiness()
        self._readiness.hinder(_STARTING, "it is starting")
        self._store = ServiceStore(settings.store, self._readiness, self._telemetry)
        self._health = Health(self._readiness)
        self._access = None if settings.access is None else Access(settings.access)
        self._coordinator: Coordinator | None = None

    async def run(self) -> None:
        when_told_to_end(self._told_to_end.set)
        settings = self._settings
        async with AsyncExitStack() as up:
            http = await self._serve_http(up)
            store = await up.enter_async_context(self._store.owned(_name(settings.listen)))
            port = await self._serve_grpc(up, store)
            ports = (port,) if http is None else (port, http)
            up.enter_context(written(settings.port_file, *ports))
            self._readiness.clear(_STARTING)
            self._say_how_to_attach(port)
            await self._until_told_to_end(store)
            _log.info("ending; whoever owns the store next takes its runs up")
            self._readiness.hinder(_ENDING, "it is ending")
            await self._health.say()

    async def _serve_http(self, up: AsyncExitStack) -> int | None:
        address = self._settings.http
        if address is None:
            return None
        port = await up.enter_async_context(
            HttpSide(self._readiness, self._families, self._access).listening(address)
        )
        scheme = "http" if self._access is None else "https"
        where = replace(address, port=port)
        _log.info("%s://%s serves /healthz, /readyz and /metrics", scheme, where)
        return port

    async def _serve_grpc(self, up: AsyncExitStack, store: StoreWriter) -> int:
        assert store.ownership is not None
        store_id, generation = store.ownership.store_id, store.ownership.generation
        owner = RunOwner(store_id, generation, is_local=False)
        coordinator = Coordinator(
            owner,
            lease_s=self._settings.lease_s,
            store=self._settings.store,
            telemetry=self._telemetry,
            access=self._access,
        )
        coordinator.serve_too(self._health.add_to)
        await self._health.say()
        # What is registered last ends first: in the other order, agents would be served without a store.
        up.push_async_callback(coordinator.suspend)
        await coordinator.runs.resume(store)
        port = await coordinator.start(str(self._settings.listen))
        self._coordinator = coordinator
        _log.info("groundswell %s owns store %s, generation %d", __version__, store_id, generation)
        return port

    def _say_how_to_attach(self, port: int) -> None:
        here = replace(self._settings.listen, port=port)
        if not here.is_loopback and self._access is None:
            _log.warning(
                "INSECURE: no TLS, no tokens; whoever reaches %s can attach agents and run tests",
                here,
            )
        shown = "" if self._access is None else ", with its --ca and a certificate or a token"
        _log.info("listening on %s; groundswell agent --coordinator %s%s", here, here, shown)

    def _families(self) -> Iterator[Family]:
        return all_families(self._coordinator, self._readiness, self._access)

    async def _until_told_to_end(self, store: StoreWriter) -> None:
        """Raises what one of our duties fails of."""
        duties: list[Coroutine[None, None, None]] = [
            self._store.watch(store),
            self._health.follow(),
        ]
        if self._access is not None:
            duties.append(self._access.keep_fresh())
        if self._settings.retain is not None:
            duties.append(keep_forgetting(self._settings.store, self._settings.retain))
        await _until(self._told_to_end, duties)


async def _until(event: asyncio.Event, duties: list[Coroutine[None, None, None]]) -> None:
    waiting = asyncio.create_task(event.wait())
    tasks = [asyncio.create_task(duty) for duty in duties]
    try:
        done, _ = await asyncio.wait([waiting, *tasks], return_when=asyncio.FIRST_COMPLETED)
        for task in done:
            task.result()
    finally:
        for task in (waiting, *tasks):
            task.cancel()
        await asyncio.gather(waiting, *tasks, return_exceptions=True)


def _name(listen: Address) -> str:
    """What another is told that wants the same store."""
    return f"process {os.getpid()} on {socket.gethostname()}, listening on {listen}"
