"""Connections that the VUs of an agent share: so many to each origin, lent for one exchange at a time.

Who finds none waits, first come, first served. A connection that has ended leaves its place to the
next, who opens another.
"""

from __future__ import annotations

import asyncio
from collections import OrderedDict
from time import monotonic
from typing import TYPE_CHECKING

from groundswell_agent.http.client import ASK_KERNEL_AFTER

if TYPE_CHECKING:
    from groundswell_agent.http.connection import Connection
    from groundswell_agent.http.request import Origin

# Tests that follow captured links meet many hosts; the oldest that nobody uses at the moment goes.
MOST_ORIGINS = 256


class Places:
    """Of one origin: `size` places, each free, or with a connection that is idle or lent."""

    __slots__ = ("_free", "_idle", "_loop", "_size", "_waiting")

    def __init__(self, size: int, loop: asyncio.AbstractEventLoop) -> None:
        self._loop = loop
        self._size = size
        self._free = size
        # The last one given back is lent first: its server has had least time to end it.
        self._idle: list[tuple[Connection, float]] = []
        self._waiting: OrderedDict[asyncio.Future[Connection | None], None] = OrderedDict()

    @property
    def are_unused(self) -> bool:
        return self._free + len(self._idle) == self._size

    @property
    def are_taken(self) -> bool:
        """Whether the next one waits."""
        return not self._idle and not self._free

    async def take(self, deadline: float) -> Connection | None:
        """A place: with a connection, or None where one is to be opened. Give it back in any case.

        TimeoutError where none is had by `deadline`. Who is cancelled, even in the moment of being
        given one, holds none.
        """
        if self._idle:
            return _if_alive(*self._idle.pop())
        if self._free:
            self._free -= 1
            return None
        waiter: asyncio.Future[Connection | None] = self._loop.create_future()
        self._waiting[waiter] = None
        try:
            async with asyncio.timeout(deadline - monotonic()):
                return await waiter
        except BaseException:
            self._waiting.pop(waiter, None)
            if waiter.done() and not waiter.cancelled():
                self.give_back(waiter.result())
            raise

    def give_back(self, connection: Connection | None) -> None:
        """A place, with the connection if that may be used again."""
        if connection is not None and not connection.usable:
            connection = None
        while self._waiting:
            waiter, _ = self._waiting.popitem(last=False)
            if not waiter.done():
                waiter.set_result(connection)
                return
        if connection is None:
            self._free += 1
        else:
            self._idle.append((connection, monotonic()))

    def close(self) -> None:
        """End those that are idle."""
        while self._idle:
            self._idle.pop()[0].drop()
            self._free += 1


def _if_alive(connection: Connection, since: float) -> Connection | None:
    """The connection that has been idle since then, unless its server has ended it."""
    if not connection.usable:
        return None
    if monotonic() - since >= ASK_KERNEL_AFTER and connection.ended_unnoticed():
        connection.drop()
        return None
    return connection


class Pool:
    """Of one agent; `size` connections to each origin."""

    __slots__ = ("_loop", "_places", "_size")

    def __init__(self, size: int, loop: asyncio.AbstractEventLoop) -> None:
        self._loop = loop
        self._size = size
        self._places: dict[Origin, Places] = {}

    def places(self, origin: Origin) -> Places:
        places = self._places.get(origin)
        if places is None:
            if len(self._places) >= MOST_ORIGINS:
                self._forget_one()
            places = self._places[origin] = Places(self._size, self._loop)
        return places

    def close(self) -> None:
        for places in self._places.values():
            places.close()

    def _forget_one(self) -> None:
        """The oldest of those that nobody uses; where all are in use, none."""
        origin = next((one for one, places in self._places.items() if places.are_unused), None)
        if origin is not None:
            self._places.pop(origin).close()
