"""What a VU holds: at most one kept connection per origin, and the record of its last request.

    client = Client(connector)
    exchange = await client.exchange(request)
    record(exchange.status, exchange.first_byte - exchange.send_end, exchange.error)

`exchange` is a coroutine more than the hot path can afford: a step takes its two halves, `begin` and
`given`, and says itself when it is cancelled (`abandon`).

An exchange never raises: what went wrong is its `error`. Only a cancellation passes; the connection
is then closed and the record says how far it came (`wrote`, `bytes_sent`), the caller knows why.

A connection found dead before it took a byte is replaced: silently if that was known before the
write, as a counted retry, once, if the write itself failed at once. A request of which a byte went
out is never sent again.
"""

from __future__ import annotations

import asyncio
from time import CLOCK_BOOTTIME, clock_gettime, monotonic
from typing import TYPE_CHECKING, NoReturn

from groundswell_agent.http.exchange import Exchange

if TYPE_CHECKING:
    from collections.abc import Awaitable

    from groundswell_agent.http.connection import Connection
    from groundswell_agent.http.connector import Connector
    from groundswell_agent.http.request import Origin, PreparedRequest

# A VU idle for so many seconds asks the kernel (1 µs) whether the server has closed the connection
# meanwhile: servers do, and a VU that comes out of a pause runs before the loop reads. Counted from
# when the VU had its answer, not from when that came: with 1,000 VUs, whose answers the loop reads
# in one go, the last of them waits longer than this for its turn, and each would ask.
ASK_KERNEL_AFTER = 0.005

# A VU that follows redirects or captured links meets many hosts; the connections to the oldest go.
MOST_CONNECTIONS = 32


class Client:
    """One exchange at a time. `last` is its record, used again by the next."""

    __slots__ = ("_connection", "_connections", "_connector", "_lease", "_opening", "last")

    def __init__(self, connector: Connector) -> None:
        self.last = Exchange()
        self._connector = connector
        self._lease = connector.lease
        self._connection: Connection | None = None
        self._connections: dict[Origin, Connection] = {}
        self._opening = False

    async def exchange(self, request: PreparedRequest) -> Exchange:
        """Send the request and wait for the end of its response, an error, or its timeout."""
        try:
            await self.begin(request)
        except asyncio.CancelledError:
            self.abandon()
            raise
        self.last.given = monotonic()
        return self.last

    def begin(self, request: PreparedRequest) -> Awaitable[None]:
        """Send the request if that takes no waiting. What is returned is to be awaited at once; then
        `last` is complete, and its `given` is the caller's to set.
        """
        exchange = self.last
        asked = monotonic()
        connection = self._connection
        if (
            connection is not None
            and connection.usable
            and connection.origin is request.origin
            and not exchange.dirty
            and asked - exchange.given < ASK_KERNEL_AFTER
            and clock_gettime(CLOCK_BOOTTIME) < self._lease.until
        ):
            exchange.asked = asked
            exchange.deadline = asked + request.handling.timeout
            waiter = connection.start(request, exchange, asked)
            if waiter is not None:
                return waiter
            return self._retry(request, asked)
        return self._begin(request, asked)

    def close(self) -> None:
        """Close all connections. An exchange that waits for its response ends, `interrupted`."""
        for connection in self._connections.values():
            connection.interrupt()
        self._connections.clear()
        self._connection = None

    async def _begin(self, request: PreparedRequest, asked: float) -> None:
        """All but the plain way: a pause before, another origin, no connection, a record used."""
        if not self._lease.holds():
            self._out_of_lease()
        connection = self._connection
        if self._opening or (connection is not None and connection.in_flight is not None):
            raise RuntimeError("a client does one exchange at a time: use one client per branch")
        exchange = self.last
        idle_for = asked - exchange.given
        exchange.reset(asked)
        exchange.deadline = asked + request.handling.timeout
        connection = self._connections.get(request.origin)
        if connection is None or not connection.usable:
            await self._open(request)
            return
        if idle_for >= ASK_KERNEL_AFTER and connection.ended_unnoticed():
            connection.drop()
            await self._open(request)
            return
        # Equal, but perhaps not the same object: the plain way asks for identity.
        connection.origin = request.origin
        self._connection = connection
        await (connection.start(request, exchange, asked) or self._retry(request, asked))

    async def _retry(self, request: PreparedRequest, asked: float) -> None:
        """Not one byte was taken, so sending it on another connection cannot double it."""
        exchange = self.last
        exchange.reset(asked)
        exchange.deadline = asked + request.handling.timeout
        exchange.retried = 1
        await self._open(request)

    async def _open(self, request: PreparedRequest) -> None:
        exchange = self.last
        before = self._connections.get(request.origin)
        self._opening = True
        try:
            connection = await self._connector.open(
                request.origin, exchange, before.session if before is not None else None
            )
        except BaseException:
            exchange.stop(None, monotonic())
            raise
        finally:
            self._opening = False
        if connection is None:
            exchange.stop(exchange.error, monotonic())
            return
        self._keep(connection)
        # Opening it may have taken seconds.
        if not self._lease.holds():
            self._out_of_lease()
        await self._send_first(connection, request)

    def _out_of_lease(self) -> NoReturn:
        """Not a byte more: the iteration ends here, as all others will in a moment."""
        self.last.reset(monotonic())
        self._lease.end()
        raise asyncio.CancelledError

    def _keep(self, connection: Connection) -> None:
        self._connections.pop(connection.origin, None)
        self._connections[connection.origin] = self._connection = connection
        if len(self._connections) > MOST_CONNECTIONS:
            oldest = next(iter(self._connections))
            self._connections.pop(oldest).drop()

    async def _send_first(self, connection: Connection, request: PreparedRequest) -> None:
        exchange = self.last
        if connection.usable:
            waiter = connection.start(request, exchange, monotonic())
            if waiter is not None:
                await waiter
                return
        # The server ended it, or talked first, between accepting and our first byte.
        exchange.bytes_sent = 0
        exchange.stop(connection.fault, monotonic())

    def abandon(self) -> None:
        """The caller does not wait any more: nothing of this exchange may reach the next one."""
        if self._connection is not None:
            self._connection.abandon()
