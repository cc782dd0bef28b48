"""Clients that do not keep a connection for their VU alone: they borrow one, or take a new one each time.

What they do with it is the client's: here is only whose it is.
"""

from __future__ import annotations

import socket
import struct
from time import monotonic
from typing import TYPE_CHECKING

from groundswell_agent.http.client import Client

if TYPE_CHECKING:
    from collections.abc import Awaitable

    from groundswell_agent.http.connection import Connection
    from groundswell_agent.http.connector import Connector
    from groundswell_agent.http.pool import Pool
    from groundswell_agent.http.request import PreparedRequest

_RESET_ON_CLOSE = struct.pack("ii", 1, 0)


class SharedClient(Client):
    """Each exchange on a connection of the pool's; waiting for one is part of `blocked`."""

    __slots__ = ("_pool",)

    def __init__(self, connector: Connector, pool: Pool) -> None:
        super().__init__(connector)
        self._pool = pool

    def begin(self, request: PreparedRequest) -> Awaitable[None]:
        """As the client's own. The timeout covers the waiting for a connection, too."""
        return self._borrow(request)

    async def _borrow(self, request: PreparedRequest) -> None:
        exchange = self.last
        asked = monotonic()
        exchange.reset(asked)
        exchange.deadline = asked + request.handling.timeout
        places = self._pool.places(request.origin)
        # What it waits is to be recorded.
        exchange.dirty = places.are_taken
        try:
            lent = await places.take(exchange.deadline)
        except TimeoutError:
            exchange.stop("timeout", monotonic())
            return
        except BaseException:
            exchange.stop(None, monotonic())
            raise
        try:
            await self._exchange_on(lent, request)
        except BaseException:
            self.abandon()
            raise
        finally:
            places.give_back(self._connection)
            self._connections.clear()
            self._connection = None

    async def _exchange_on(self, lent: Connection | None, request: PreparedRequest) -> None:
        if not self._lease.holds():
            self._out_of_lease()
        if lent is None or not lent.usable:
            await self._open(request)
            return
        self._connections[request.origin] = self._connection = lent
        waiter = lent.start(request, self.last, monotonic())
        await (waiter or self._retry(request, self.last.asked))


class FreshClient(Client):
    """A connection for each exchange, ended after it.

    It is ended by a reset: whoever closes first keeps the local port busy for a minute, and a machine
    has 28,000 of them.
    """

    __slots__ = ()

    def begin(self, request: PreparedRequest) -> Awaitable[None]:
        """As the client's own."""
        return self._once(request)

    async def _once(self, request: PreparedRequest) -> None:
        exchange = self.last
        asked = monotonic()
        if not self._lease.holds():
            self._out_of_lease()
        exchange.reset(asked)
        exchange.deadline = asked + request.handling.timeout
        try:
            await self._open(request)
        except BaseException:
            self.abandon()
            raise
        finally:
            if self._connection is not None:
                self._connection.drop()
            self._connections.clear()
            self._connection = None

    def _keep(self, connection: Connection) -> None:
        super()._keep(connection)
        own = connection.tcp.get_extra_info("socket")
        own.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, _RESET_ON_CLOSE)
