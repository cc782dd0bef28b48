"""What all VUs of an agent share: opened when the first of them asks for it, closed after the load."""

from __future__ import annotations

import asyncio
import logging
from typing import TYPE_CHECKING, TypeVar, cast

if TYPE_CHECKING:
    from collections.abc import Callable
    from contextlib import AbstractAsyncContextManager

    Make = Callable[[], AbstractAsyncContextManager[object]]

T = TypeVar("T")

# A pool that waits for connections which were cut off in the middle would wait for ever.
_CLOSES_WITHIN_S = 2.0

_log = logging.getLogger(__name__)


class Resources:
    """By the function that makes each."""

    def __init__(self) -> None:
        self._held: dict[object, _Held] = {}

    async def get(self, make: Callable[[], AbstractAsyncContextManager[T]]) -> T:
        """What it gives, the same for everybody. What it raises, everybody who waits for it gets; the
        next one tries again.
        """
        held = self._held.get(make)
        if held is None:
            held = self._held[make] = _Held(make)
        try:
            return cast("T", await asyncio.shield(held.ready))
        except BaseException:
            if held.has_failed and self._held.get(make) is held:
                del self._held[make]
            raise

    async def close(self) -> None:
        """Those that do not close in time are left behind."""
        held, self._held = list(self._held.values()), {}
        for one in held:
            one.over.set()
        if held:
            _, pending = await asyncio.wait([one.task for one in held], timeout=_CLOSES_WITHIN_S)
            for task in pending:
                task.cancel()


class _Held:
    """Entered and left by one task, as some that are shared insist on."""

    def __init__(self, make: Make) -> None:
        self.ready: asyncio.Future[object] = asyncio.get_running_loop().create_future()
        self.over = asyncio.Event()
        self.task = asyncio.create_task(self._hold(make))

    @property
    def has_failed(self) -> bool:
        return self.ready.done() and (self.ready.cancelled() or self.ready.exception() is not None)

    async def _hold(self, make: Make) -> None:
        try:
            async with make() as value:
                self.ready.set_result(value)
                await self.over.wait()
        except Exception as error:
            if not self.ready.done():
                self.ready.set_exception(error)
            else:
                _log.warning("%s: %s: %s", make, type(error).__name__, error)
