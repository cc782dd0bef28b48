"""So many a turn of the event loop: what many want to do at once must not hold it.

gate = Gate(loop, 10)
await gate.turn()
"""

from __future__ import annotations

from collections import deque
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import asyncio


class Gate:
    """Lets `at_once` pass in each turn of the loop, in the order of their coming."""

    __slots__ = ("_at_once", "_left", "_loop", "_waiting")

    def __init__(self, loop: asyncio.AbstractEventLoop, at_once: int) -> None:
        self._loop = loop
        self._at_once = self._left = at_once
        self._waiting: deque[asyncio.Future[None]] = deque()

    async def turn(self) -> None:
        """Return at once, or in a later turn. Whoever is cancelled while waiting takes no place."""
        if self._left == self._at_once:
            self._loop.call_soon(self._next_turn)
        if self._left:
            self._left -= 1
            return
        waiter: asyncio.Future[None] = self._loop.create_future()
        self._waiting.append(waiter)
        await waiter

    def _next_turn(self) -> None:
        self._left = self._at_once
        while self._left and self._waiting:
            waiter = self._waiting.popleft()
            if not waiter.done():
                waiter.set_result(None)
                self._left -= 1
        if self._left < self._at_once:
            self._loop.call_soon(self._next_turn)
