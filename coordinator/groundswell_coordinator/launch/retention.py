"""`--retain`: runs that ended long ago are forgotten, at the start and every hour; baselines stay."""

from __future__ import annotations

import asyncio
import logging
from datetime import UTC, datetime, timedelta
from fractions import Fraction
from threading import Thread
from typing import NoReturn

from groundswell.errors import StoreFailed
from groundswell.units import format_duration

EVERY_S = 3600.0

_log = logging.getLogger(__name__)


async def keep_forgetting(url: str | None, retain: timedelta) -> NoReturn:
    """For ever. A store that fails is tried again an hour later."""
    while True:
        try:
            count = await _forgotten(url, datetime.now(UTC) - retain)
        except StoreFailed as error:
            _log.warning("old runs cannot be forgotten: %s", error)
        else:
            if count:
                runs = "1 run" if count == 1 else f"{count} runs"
                _log.info("%s forgotten that ended more than %s ago", runs, _said(retain))
        await asyncio.sleep(EVERY_S)


def _said(span: timedelta) -> str:
    return format_duration(Fraction(span / timedelta(microseconds=1)) / 1_000_000)


def _forgotten(url: str | None, before: datetime) -> asyncio.Future[int]:
    """How many there were.

    It may take minutes, so it has a connection of its own, beside the runs that go on; and a thread
    that nobody waits for at the end: what it has begun is finished another time.
    """
    loop = asyncio.get_running_loop()
    waiter = loop.create_future()

    def forget() -> None:
        try:
            count = _forget(url, before)
        except Exception as error:
            _tell(loop, waiter, error=error)
        else:
            _tell(loop, waiter, count=count)

    Thread(target=forget, name="groundswell-retention", daemon=True).start()
    return waiter


def _forget(url: str | None, before: datetime) -> int:
    from groundswell_coordinator.store.run_store import RunStore

    with RunStore.open(url) as store:
        return store.forget(before)


def _tell(
    loop: asyncio.AbstractEventLoop,
    waiter: asyncio.Future[int],
    *,
    count: int = 0,
    error: Exception | None = None,
) -> None:
    def tell() -> None:
        if waiter.cancelled():
            return
        if error is None:
            waiter.set_result(count)
        else:
            waiter.set_exception(error)

    if not loop.is_closed():
        loop.call_soon_threadsafe(tell)
