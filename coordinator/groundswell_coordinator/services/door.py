"""A listening socket for HTTP that nobody can keep shut: so many connections, each for so long.

A client that says nothing, or one byte a second, or nothing but connects, takes a place that a
probe needs. So there are few places, the oldest makes way for the newest, and none is kept.
"""

from __future__ import annotations

import asyncio
import logging
import os
import socket
from contextlib import asynccontextmanager
from typing import TYPE_CHECKING

from groundswell.errors import CoordinatorUnreachable

if TYPE_CHECKING:
    import ssl
    from collections.abc import AsyncGenerator, Callable

    from groundswell.address import Address

PLACES = 64
STAY_S = 10.0
_BACKLOG = 128
# After the system had no descriptor left for a connection.
_BREATH_S = 0.2

_log = logging.getLogger(__name__)


class Door:
    """Gives every connection to a protocol of its own."""

    def __init__(
        self,
        protocol: Callable[[], asyncio.Protocol],
        tls: Callable[[], ssl.SSLContext] | None = None,
    ) -> None:
        """`tls` is asked for every visitor: certificates may change."""
        self._protocol = protocol
        self._tls = tls
        # Those who have not shaken hands yet, in the order of their coming.
        self._greeting: dict[asyncio.Task[None], None] = {}
        # In the order of their coming; ended ones are among them until their time is up.
        self._visitors: dict[asyncio.Transport, asyncio.TimerHandle] = {}

    @asynccontextmanager
    async def open(self, address: Address) -> AsyncGenerator[int]:
        """Let visitors in until the block ends; gives the port."""
        listening = await _listen(address)
        accepting = [asyncio.create_task(self._accept(one)) for one in listening]
        try:
            yield listening[0].getsockname()[1]
        finally:
            for task in accepting:
                task.cancel()
            await asyncio.gather(*accepting, return_exceptions=True)
            for one in listening:
                one.close()
            greeting = tuple(self._greeting)
            for task in greeting:
                task.cancel()
            await asyncio.gather(*greeting, return_exceptions=True)
            for visitor in tuple(self._visitors):
                self._send_away(visitor)

    async def _accept(self, listening: socket.socket) -> None:
        loop = asyncio.get_running_loop()
        while True:
            try:
                connection, _ = await loop.sock_accept(listening)
                if self._tls is None:
                    visitor, _ = await loop.connect_accepted_socket(self._protocol, connection)
                    self._welcome(visitor)
                else:
                    self._greet(connection, self._tls())
            except OSError as error:
                _log.warning("a connection cannot be taken: %s", error)
                await asyncio.sleep(_BREATH_S)

    def _greet(self, connection: socket.socket, tls: ssl.SSLContext) -> None:
        """Shake hands, while others come in."""
        if len(self._greeting) >= PLACES:
            next(iter(self._greeting)).cancel()
        task = asyncio.create_task(self._shake_hands(connection, tls))
        self._greeting[task] = None
        task.add_done_callback(self._greeting.pop)

    async def _shake_hands(self, connection: socket.socket, tls: ssl.SSLContext) -> None:
        loop = asyncio.get_running_loop()
        try:
            visitor, _ = await loop.connect_accepted_socket(
                self._protocol, connection, ssl=tls, ssl_handshake_timeout=STAY_S
            )
        except OSError as error:
            # A port scan, or a client that does not trust us: not worth more.
            _log.debug("no handshake: %s", error)
            connection.close()
            return
        except asyncio.CancelledError:
            connection.close()
            raise
        self._welcome(visitor)

    def _welcome(self, visitor: asyncio.Transport) -> None:
        self._make_room()
        loop = asyncio.get_running_loop()
        self._visitors[visitor] = loop.call_later(STAY_S, self._send_away, visitor)

    def _make_room(self) -> None:
        if len(self._visitors) < PLACES:
            return
        ended = [visitor for visitor in self._visitors if visitor.is_closing()]
        for visitor in ended or [next(iter(self._visitors))]:
            self._send_away(visitor)

    def _send_away(self, visitor: asyncio.Transport) -> None:
        self._visitors.pop(visitor).cancel()
        visitor.abort()


async def _listen(address: Address) -> list[socket.socket]:
    """A socket for each address that the name has, all on one port."""
    found = list[socket.socket]()
    port = address.port
    try:
        for where in await _resolve(address):
            one = _bind(where, port)
            found.append(one)
            port = one.getsockname()[1]
    except OSError as error:
        for one in found:
            one.close()
        raise CoordinatorUnreachable(
            f"cannot listen on {address}: {_reason(error)}",
            hint="name another address with --http HOST:PORT, or --http off",
        ) from error
    return found


def _reason(error: OSError) -> str:
    # The resolver's numbers are negative, and its words its own.
    return os.strerror(error.errno) if error.errno and error.errno > 0 else str(error.strerror)


async def _resolve(address: Address) -> list[tuple[socket.AddressFamily, str]]:
    loop = asyncio.get_running_loop()
    found = await loop.getaddrinfo(address.host, address.port, type=socket.SOCK_STREAM)
    # A name may be there twice, once for each protocol.
    return list(dict.fromkeys((family, str(where[0])) for family, _, _, _, where in found))


def _bind(where: tuple[socket.AddressFamily, str], port: int) -> socket.socket:
    family, host = where
    listening = socket.create_server(
        (host, port),
        family=family,
        backlog=_BACKLOG,
        # As grpc does: all of IPv6 is all of IPv4, too.
        dualstack_ipv6=host == "::" and socket.has_dualstack_ipv6(),
    )
    listening.setblocking(False)
    return listening
