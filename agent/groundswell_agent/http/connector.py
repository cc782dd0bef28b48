"""Opening connections: the name, TCP to one of its addresses, TLS; all of it perhaps by a proxy.

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
from groundswell_agent.http.guard import TargetRefused
from groundswell_agent.http.proxy import ForwardedConnection, ProxyRefused, TunnelledConnection
from groundswell_agent.http.resolver import Resolver
from groundswell_agent.http.secure import SecureConnection
from groundswell_agent.http.sweeper import Sweeper
from groundswell_agent.http.tls import ALPN, client_context
from groundswell_agent.lease import Lease

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from groundswell_agent.http.exchange import Error, Exchange
    from groundswell_agent.http.fixed_hosts import Endpoints, FixedHosts
    from groundswell_agent.http.guard import Guard
    from groundswell_agent.http.proxy import Proxy
    from groundswell_agent.http.request import Origin
    from groundswell_agent.http.sources import Sources

CONNECT_TIMEOUT = 10.0

# What this machine has run out of, or does not allow; the target has no part in it.
_OUR_OWN = frozenset(
    {
        errno.EACCES,
        errno.EADDRNOTAVAIL,
        # A source address that has no way to the target.
        errno.EINVAL,
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
_UNREACHED = frozenset({"dns", "refused"})
_RESETS = (BrokenPipeError, ConnectionAbortedError, ConnectionResetError)


class Connector:
    """What VUs of an agent share that connect in the same way. Make it on the running loop.

    `connect_timeout` in seconds; `server_names` are what hosts are called in TLS, where it is not by
    their names.
    """

    __slots__ = (
        *(
            "_alpn",
            "_fixed",
            "_gate",
            "_guard",
            "_loop",
            "_server_names",
            "connect_timeout",
            "lease",
            "proxy",
        ),
        *("resolver", "sources", "sweeper", "tls"),
    )

    def __init__(
        self,
        *,
        tls: ssl.SSLContext | None = None,
        alpn: Sequence[str] = ALPN,
        connect_timeout: float = CONNECT_TIMEOUT,
        resolver: Resolver | None = None,
        lease: Lease | None = None,
        fixed: FixedHosts | None = None,
        sources: Sources | None = None,
        proxy: Proxy | None = None,
        server_names: Mapping[str, str] | None = None,
        guard: Guard | None = None,
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
        self._alpn = alpn
        self.proxy = proxy
        self._fixed = fixed
        self.sources = sources
        self._server_names = server_names or {}
        # None: whatever is asked for.
        self._guard = guard

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
        connection = self.new_connection(origin, session)
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
        if exchange.error in _UNREACHED and self.proxy_of(origin) is not None:
            # Only the proxy was asked for: how it fares with the target, it says itself.
            exchange.error = "proxy"
        return None

    async def _open(self, connection: Connection, exchange: Exchange) -> Error | None:
        started = monotonic()
        try:
            endpoints = await self.look_up(connection.origin)
        finally:
            resolved = monotonic()
            exchange.resolving = resolved - started
        try:
            error = await self._connect(connection, endpoints)
            if error is None and isinstance(connection, TunnelledConnection):
                await connection.dig()
        finally:
            connected = monotonic()
            exchange.connecting = connected - resolved
        if error is None and isinstance(connection, SecureConnection):
            try:
                await connection.shake_hands()
            finally:
                exchange.handshaking = monotonic() - connected
        return error

    def proxy_of(self, origin: Origin) -> Proxy | None:
        """The proxy, if it is one's way to that origin."""
        return self.proxy if self.proxy is not None and self.proxy.serves(origin) else None

    async def look_up(self, origin: Origin) -> Endpoints:
        """Where to connect for an origin, best first: its addresses, or those of the proxy."""
        proxy = self.proxy_of(origin)
        host, port = (origin.host, origin.port) if proxy is None else (proxy.host, proxy.port)
        if self._fixed is not None and (fixed := self._fixed.endpoints(host, port)) is not None:
            return fixed
        return tuple((address, port) for address in await self.resolver.addresses(host))

    async def _connect(self, connection: Connection, endpoints: Endpoints) -> Error | None:
        """Try the addresses in turn. What a target says counts more than a lack of our own."""
        found: Error | None = None
        for address, port in endpoints:
            try:
                await self.connect(connection, address, port)
            except OSError as error:
                if found is None or found == "local":
                    found = error_of(error)
            else:
                return None
        return found

    async def connect(self, connection: Connection, address: str, port: int) -> None:
        """TCP to one address. OSError where that fails, TargetRefused where it is not allowed."""
        if self._guard is not None:
            self._admit(self._guard, connection.origin, address, port)
        if self.sources is None:
            await self._loop.create_connection(lambda: connection, address, port)
            return
        own = self.sources.new_socket(address)
        try:
            await self._loop.sock_connect(own, (address, port))
            await self._loop.create_connection(lambda: connection, sock=own)
        except BaseException:
            own.close()
            raise

    def _admit(self, guard: Guard, origin: Origin, address: str, port: int) -> None:
        """Here, and not where the name is looked up: this is the address that gets the bytes."""
        proxy = self.proxy_of(origin)
        host, own_port = (origin.host, origin.port) if proxy is None else (proxy.host, proxy.port)
        is_fixed = self._fixed is not None and self._fixed.fixes(host, own_port)
        guard.admit(address if is_fixed else host, address, port)
        if proxy is not None:
            guard.admit_unseen(origin.host, origin.port)

    def new_connection(self, origin: Origin, session: ssl.SSLSession | None = None) -> Connection:
        """Not connected yet."""
        proxy = self.proxy_of(origin)
        if origin.scheme == "http":
            if proxy is None:
                return Connection(origin, self.sweeper, self._loop)
            return ForwardedConnection(origin, self.sweeper, self._loop, proxy)
        if self.tls is None:
            self.tls = client_context(alpn=self._alpn)
        name = self._server_names.get(origin.host)
        known = origin, self.sweeper, self._loop, self.tls, session, name
        return SecureConnection(*known) if proxy is None else TunnelledConnection(*known, proxy)


def error_of(error: OSError) -> Error:
    """The tag of a failure to look up, connect or shake hands."""
    if isinstance(error, TargetRefused):
        return "guard"
    if isinstance(error, ProxyRefused):
        return "proxy"
    if isinstance(error, ssl.SSLError):
        return "tls"
    if isinstance(error, socket.gaierror):
        return "dns"
    if isinstance(error, TimeoutError):
        return "timeout"
    if error.errno in _OUR_OWN:
        return "local"
    return "reset" if isinstance(error, _RESETS) else "refused"
