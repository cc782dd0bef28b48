"""An HTTP proxy: requests of http are sent to it with their whole URL; for https it makes a way
through (CONNECT), over which TLS is spoken with the target itself.
"""

from __future__ import annotations

import base64
import re
from typing import TYPE_CHECKING

from groundswell.scenario.hosts import matches
from groundswell_agent.http.connection import Connection
from groundswell_agent.http.limits import HEAD_LIMIT
from groundswell_agent.http.secure import SecureConnection

if TYPE_CHECKING:
    import asyncio
    import ssl

    from groundswell_agent.http.exchange import Exchange
    from groundswell_agent.http.request import Origin, PreparedRequest
    from groundswell_agent.http.sweeper import Sweeper

_END = b"\r\n\r\n"
_STATUS = re.compile(rb"HTTP/1\.[01] ([0-9]{3})(?: ([^\r\n]*))?\r\n")


class ProxyRefused(OSError):
    """The proxy made no way to the target."""


class Proxy:
    """`exceptions` are the hosts and networks that it has no part in."""

    __slots__ = ("_exceptions", "host", "line", "port")

    def __init__(
        self,
        host: str,
        port: int,
        *,
        user: str | None = None,
        password: str = "",
        exceptions: tuple[str, ...] = (),
    ) -> None:
        self.host = host
        self.port = port
        self._exceptions = exceptions
        # What every head says to it.
        self.line = b""
        if user is not None:
            both = base64.b64encode(f"{user}:{password}".encode("utf-8", "replace"))
            self.line = b"Proxy-Authorization: Basic %b\r\n" % both

    def serves(self, origin: Origin) -> bool:
        return not any(matches(one, origin.host, origin.port) for one in self._exceptions)


class ForwardedConnection(Connection):
    """To the proxy: a request has its whole URL in its first line, and the proxy's own header."""

    __slots__ = ("_added", "_line", "_prefix")

    def __init__(
        self, origin: Origin, sweeper: Sweeper, loop: asyncio.AbstractEventLoop, proxy: Proxy
    ) -> None:
        super().__init__(origin, sweeper, loop)
        self._prefix = f"{origin.scheme}://{origin.authority}".encode("latin-1")
        self._line = proxy.line
        self._added = len(self._prefix) + len(self._line)

    def start(
        self, request: PreparedRequest, exchange: Exchange, now: float
    ) -> asyncio.Future[None] | None:
        # What is written first is the head; all after it, as it is.
        self._write = self._write_head
        waiter = super().start(request, exchange, now)
        if waiter is not None:
            exchange.bytes_sent += self._added
        return waiter

    def _write_head(self, data: bytes) -> None:
        self._write = self.tcp.write
        line, end, rest = data.partition(b"\r\n")
        method, _, target = line.partition(b" ")
        self._write(b"%b %b%b%b%b%b" % (method, self._prefix, target, end, self._line, rest))


class TunnelledConnection(SecureConnection):
    """Through the proxy: to be used after `dig` and `shake_hands`."""

    __slots__ = ("_answer", "_dug", "_proxy")

    def __init__(
        self,
        origin: Origin,
        sweeper: Sweeper,
        loop: asyncio.AbstractEventLoop,
        context: ssl.SSLContext,
        session: ssl.SSLSession | None,
        server_name: str | None,
        proxy: Proxy,
    ) -> None:
        super().__init__(origin, sweeper, loop, context, session, server_name)
        self._proxy = proxy
        self._dug: asyncio.Future[None] | None = None
        self._answer = b""

    async def dig(self) -> None:
        """Ask the proxy for the way. ProxyRefused where it makes none."""
        self._dug = self._loop.create_future()
        host = self.origin.host
        to = f"[{host}]:{self.origin.port}" if ":" in host else f"{host}:{self.origin.port}"
        head = f"CONNECT {to} HTTP/1.1\r\nHost: {to}\r\n".encode("latin-1")
        self.tcp.write(head + self._proxy.line + b"\r\n")
        await self._dug

    def data_received(self, data: bytes) -> None:
        if self._dug is None:
            super().data_received(data)
            return
        self._answer += data
        head, end, rest = self._answer.partition(_END)
        if end:
            self._answered(head + end, rest)
        elif len(self._answer) > HEAD_LIMIT:
            self._refuse("what it answers to CONNECT is no HTTP")

    def _answered(self, head: bytes, rest: bytes) -> None:
        match = _STATUS.match(head)
        if match is None:
            self._refuse("what it answers to CONNECT is no HTTP")
        elif match[1].startswith(b"1"):
            # An interim answer: the one that counts follows.
            self._answer = b""
            self.data_received(rest)
        elif not match[1].startswith(b"2"):
            said = b" ".join(filter(None, match.groups())).decode("latin-1")
            self._refuse(f"it answers {said} to CONNECT")
        elif rest:
            self._refuse("it talks before TLS does")
        else:
            dug, self._dug = self._dug, None
            if dug is not None and not dug.done():
                dug.set_result(None)

    def _refuse(self, why: str) -> None:
        dug = self._dug
        if dug is not None and not dug.done():
            dug.set_exception(ProxyRefused(why))

    def connection_lost(self, exc: Exception | None) -> None:
        self._refuse("it ended the connection")
        super().connection_lost(exc)

    def eof_received(self) -> None:
        self._refuse("it ended the connection")
        super().eof_received()
