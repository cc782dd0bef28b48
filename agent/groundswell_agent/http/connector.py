"""Opening connections: the name, TCP to one of its addresses, TLS.

Like curl, the addresses are tried in turn within one connect timeout, which covers all three parts.
"""

from __future__ import annotations

import asyncio
import errno
import socket
import ssl
from time import monotonic
from typing import TYPE_CHECKING

from groundswell_agent.http.connection import Connection
from groundswell_agent.http.gate import Gate
from groundswell_agent.http.resolver import Resolver
from groundswell_agent.http.secure import SecureConnection
from groundswell_agent.http.sweeper import Sweeper
from groundswell_agent.http.tls import client_context
from groundswell_agent.lease import Lease

if TYPE_CHECKING:
    from groundswell_agent.http.exchange import Error, Exchange
    from groundswell_agent.http.request import Origin

CONNECT_TIMEOUT = 10.0

# What this machine has run out of, or does not allow; the target has no part in it.
_OUR_OWN = frozenset(
    {
        errno.EACCES,
        errno.EADDRNOTAVAIL,
        errno.EAGAIN,
        errno.EMFILE,
        errno.ENFILE,
        errno.ENOBUFS,
        errno.ENOMEM,
        errno.EPERM,
    }
)
# Opening one takes 0.1 ms of the loop, and where all VUs start at once, all want one at once.
_OPENED_AT_ONCE = 10
_RESETS = (BrokenPipeError, ConnectionAbortedError, ConnectionResetError)


class Connector:
    """What the VUs of an agent share. `connect_timeout` in seconds. Make it on the running loop."""

    __slots__ = ("_gate", "_loop", "connect_timeout", "lease", "resolver", "sweeper", "tls")

    def __init__(
        self,
        *,
        tls: ssl.SSLContext | None = None,
        connect_timeout: float = CONNECT_TIMEOUT,
        resolver: Resolver | None = None,
        lease: Lease | None = None,
    ) -> None:
        self._loop = asyncio.get_running_loop()
        self._gate = Gate(self._loop, _OPENED_AT_ONCE)
        # Without it, no request is written any more.
        self.lease = lease or Lease()
        self.connect_timeout = connect_timeout
        self.resolver = resolver or Resolver(self._loop)
        self.sweeper = Sweeper(self._loop)
        # None: the default one, loaded when it is first needed (20 ms), so never for plain http.
        self.tls = tls

    @property
    def open_connections(self) -> int:
        """Of all VUs, those in the making too once TCP has made them."""
        return len(self.sweeper)

    async def open(
        self, origin: Origin, exchange: Exchange, session: ssl.SSLSession | None = None
    ) -> Connection | None:
        """A new connection, or None with `exchange.error` set. TLS resumes `session` if it can."""
        exchange.dirty = True
        deadline = min(monotonic() + self.connect_timeout, exchange.deadline)
        connection = self._new_connection(origin, session)
        try:
            async with asyncio.timeout(deadline - monotonic()):
                await self._gate.turn()
                exchange.error = await self._open(connection, exchange)
        except TimeoutError:
            exchange.error = "timeout"
        except OSError as error:
            exchange.error = error_of(error)
        except BaseException:
            connection.give_up()
            raise
        if exchange.error is None:
            return connection
        connection.give_up()
        return None

    async def _open(self, connection: Connection, exchange: Exchange) -> Error | None:
        origin = connection.origin
        started = monotonic()
        try:
            addresses = await self.resolver.addresses(origin.host)
        finally:
            resolved = monotonic()
            exchange.resolving = resolved - started
        try:
            error = await self._connect(connection, addresses)
        finally:
            connected = monotonic()
            exchange.connecting = connected - resolved
        if error is None and isinstance(connection, SecureConnection):
            try:
                await connection.shake_hands()
            finally:
                exchange.handshaking = monotonic() - connected
        return error

    async def _connect(self, connection: Connection, addresses: tuple[str, ...]) -> Error | None:
        """Try the addresses in turn. What a target says counts more than a lack of our own."""
        found: Error | None = None
        for address in addresses:
            try:
                await self._loop.create_connection(
                    lambda: connection, address, connection.origin.port
                )
            except OSError as error:
                if found is None or found == "local":
                    found = error_of(error)
            else:
                return None
        return found

    def _new_connection(self, origin: Origin, session: ssl.SSLSession | None) -> Connection:
        if origin.scheme == "http":
            return Connection(origin, self.sweeper, self._loop)
        if self.tls is None:
            self.tls = client_context()
        return SecureConnection(origin, self.sweeper, self._loop, self.tls, session)


def error_of(error: OSError) -> Error:
    """The tag of a failure to look up, connect or shake hands."""
    if isinstance(error, ssl.SSLError):
        return "tls"
    if isinstance(error, socket.gaierror):
        return "dns"
    if isinstance(error, TimeoutError):
        return "timeout"
    if error.errno in _OUR_OWN:
        return "local"
    return "reset" if isinstance(error, _RESETS) else "refused"
