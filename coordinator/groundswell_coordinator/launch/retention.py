"""`--retain`: runs that ended long ago are forgotten, at the start and every hour; baselines stay."""

from __future__ import annotations

import asyncio
import logging
from concurrent.futures import Future
from datetime import UTC, datetime, timedelta
from fractions import Fraction
from threading import Thread
from typing import NoReturn

from groundswell.errors import StoreFailed
from groundswell.units import format_duration
from groundswell_coordinator.counted import counted

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
                runs = counted(count, "run")
                _log.info("%s forgotten that ended more than %s ago", runs, _said(retain))
        await asyncio.sleep(EVERY_S)


def _said(span: timedelta) -> str:
    return format_duration(Fraction(span / timedelta(microseconds=1)) / 1_000_000)


def _forgotten(url: str | None, before: datetime) -> asyncio.Future[int]:
    """How many there were.

    It may take minutes, so it has a connection of its own, beside the runs that go on; and a thread
    that nobody waits for at the end: what it has begun is finished another time.
    """
    work: Future[int] = Future()
    # Whoever is cancelled while it waits changes nothing: the thread goes on.
    work.set_running_or_notify_cancel()

    def forget() -> None:
        try:
            work.set_result(_forget(url, before))
        except Exception as error:
            work.set_exception(error)

    Thread(target=forget, name="groundswell-retention", daemon=True).start()
    return asyncio.wrap_future(work)


def _forget(url: str | None, before: datetime) -> int:
    from groundswell_coordinator.store.run_store import RunStore

    with RunStore.open(url) as store:
        return store.forget(before)
