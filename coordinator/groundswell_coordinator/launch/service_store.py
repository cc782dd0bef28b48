"""The store of a long-lived coordinator: owned, timed, and watched over.

A store that fails stands in the way for a while after its last failure. Nothing is written to find
out whether it works again: the next run does that. One that has another owner ends us.
"""

from __future__ import annotations

import asyncio
import logging
import time
from contextlib import asynccontextmanager
from typing import TYPE_CHECKING, NoReturn, TypeVar

from groundswell.errors import StoreFailed
from groundswell_coordinator.store.writer import StoreWriter

if TYPE_CHECKING:
    from collections.abc import AsyncGenerator, Callable

    from groundswell_coordinator.services.readiness import Readiness
    from groundswell_coordinator.store.run_store import RunStore
    from groundswell_coordinator.telemetry import Telemetry

T = TypeVar("T")

LOOK_EVERY_S = 5.0
FAILED_FOR_S = 30.0

_FAILING = "store"
_OPENING = "the store is not open yet"

_log = logging.getLogger(__name__)


class TimedWriter(StoreWriter):
    """Says how long each operation took in its thread."""

    telemetry: Telemetry | None = None

    def submit(self, operation: Callable[[RunStore], T]) -> asyncio.Future[T]:
        seconds = 0.0

        def timed(store: RunStore) -> T:
            nonlocal seconds
            begin = time.perf_counter()
            try:
                return operation(store)
            finally:
                seconds = time.perf_counter() - begin

        def note(_: asyncio.Future[T]) -> None:
            if self.telemetry is not None:
                self.telemetry.store_seconds.add(seconds)

        waiter = super().submit(timed)
        waiter.add_done_callback(note)
        return waiter


class ServiceStore:
    """Opens the store and tells `readiness` how it is."""

    def __init__(self, url: str | None, readiness: Readiness, telemetry: Telemetry) -> None:
        self._url = url
        self._readiness = readiness
        self._telemetry = telemetry
        self._failed_at = 0.0
        self._look = asyncio.Event()
        readiness.hinder(_FAILING, _OPENING)

    @asynccontextmanager
    async def owned(self, holder: str) -> AsyncGenerator[StoreWriter]:
        """Ours until the block ends. Raises StoreFailed where it cannot be."""
        store = await TimedWriter.open(self._url, own=holder, on_failure=self._failed)
        store.telemetry = self._telemetry
        self._readiness.clear(_FAILING)
        try:
            yield store
        finally:
            await store.close()

    async def watch(self, store: StoreWriter) -> NoReturn:
        """For ever; raises StoreFailed when the store is another coordinator's."""
        while True:
            try:
                is_ours = await store.submit(lambda store: store.still_owned())
            except StoreFailed:
                # `_failed` has heard of it.
                is_ours = True
            if not is_ours:
                self._readiness.hinder(_FAILING, "the store belongs to another coordinator")
                raise StoreFailed(
                    "the store belongs to another coordinator by now",
                    hint="agents go on under that one; start this one with a store of its own",
                )
            if time.monotonic() - self._failed_at > FAILED_FOR_S:
                self._readiness.clear(_FAILING)
            self._look.clear()
            try:
                await asyncio.wait_for(self._look.wait(), LOOK_EVERY_S)
            except TimeoutError:
                continue

    def _failed(self, error: StoreFailed) -> None:
        if not _is_of_the_database(error):
            # It was asked for something wrong, or is not ours any more: soon we know which.
            self._look.set()
            return
        _log.error("%s", error)
        self._telemetry.store_failures += 1
        self._failed_at = time.monotonic()
        self._readiness.hinder(_FAILING, f"the store fails: {error.message}")


def _is_of_the_database(error: StoreFailed) -> bool:
    # Imported late, as the store itself is: it is there by the time anything can fail.
    from sqlalchemy.exc import IntegrityError, SQLAlchemyError

    cause = error.__cause__
    return isinstance(cause, SQLAlchemyError) and not isinstance(cause, IntegrityError)
