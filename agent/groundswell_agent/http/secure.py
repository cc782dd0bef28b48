"""A connection over TLS: the same hot path, fed with plain text by an SSLObject between two memory BIOs.

uvloop has TLS of its own. It asks OpenSSL for a quarter of a megabyte at every read, and once more
until that raises; and what is still unsent stays hidden in the transport below it. Asking for a
record at a time, and only while something is there, is a third faster with small responses and
twice as fast with large ones, and the flow control is TCP's own.
"""

from __future__ import annotations

import ssl
from time import monotonic
from typing import TYPE_CHECKING

from groundswell_agent.http.connection import Connection

if TYPE_CHECKING:
    import asyncio

    from groundswell_agent.http.request import Origin
    from groundswell_agent.http.sweeper import Sweeper

# What one record holds at most.
_RECORD = 16 * 1024


class SecureConnection(Connection):
    """To be used only after `shake_hands`."""

    __slots__ = ("_handshake", "_incoming", "_outgoing", "_tls")

    _bytes_are_words = False

    def __init__(
        self,
        origin: Origin,
        sweeper: Sweeper,
        loop: asyncio.AbstractEventLoop,
        context: ssl.SSLContext,
        session: ssl.SSLSession | None = None,
        server_name: str | None = None,
    ) -> None:
        """`server_name` is what the host is called in the handshake, if not by its name."""
        super().__init__(origin, sweeper, loop)
        self._incoming, self._outgoing = ssl.MemoryBIO(), ssl.MemoryBIO()
        self._tls = context.wrap_bio(
            self._incoming,
            self._outgoing,
            server_hostname=server_name or origin.host,
            session=session,
        )
        self._handshake: asyncio.Future[None] | None = None

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        super().connection_made(transport)
        self._write = self._encrypt

    @property
    def session(self) -> ssl.SSLSession | None:
        """What a later connection can be resumed by; TLS 1.3 has one only after the first response."""
        return self._tls.session

    @property
    def tls(self) -> ssl.SSLObject:
        """What the handshake has come to."""
        return self._tls

    async def shake_hands(self) -> None:
        """Raises ssl.SSLError where it fails, OSError where the connection ends before."""
        self._handshake = self._loop.create_future()
        self._go_on_shaking()
        await self._handshake

    def data_received(self, data: bytes) -> None:
        self._incoming.write(data)
        if self._handshake is not None:
            self._go_on_shaking()
            return
        incoming, tls = self._incoming, self._tls
        while incoming.pending or tls.pending():
            try:
                plain = tls.read(_RECORD)
            except ssl.SSLWantReadError:
                # Half a record, or what is TLS's own: a ticket, a change of keys.
                break
            except ssl.SSLZeroReturnError:
                plain = b""
            except ssl.SSLError:
                self._break()
                return
            if not plain:
                # The peer's goodbye.
                self._ended()
                return
            super().data_received(plain)
        if self._outgoing.pending:
            self._flush()

    def _encrypt(self, data: bytes) -> None:
        try:
            self._tls.write(data)
        except ssl.SSLError:
            # Nothing of it has left; `start` finds a connection that is closing.
            self.tcp.abort()
            return
        self._flush()

    def _break(self) -> None:
        if self.usable:
            self.fault = "tls"
        self._fail("tls", monotonic())
        self.drop()

    def connection_lost(self, exc: Exception | None) -> None:
        super().connection_lost(exc)
        self._fail_handshake(exc or ConnectionResetError("the connection ended in the handshake"))

    def eof_received(self) -> None:
        self._fail_handshake(ConnectionResetError("the connection ended in the handshake"))
        super().eof_received()

    def _flush(self) -> None:
        self.tcp.write(self._outgoing.read())

    def _go_on_shaking(self) -> None:
        handshake = self._handshake
        assert handshake is not None
        try:
            self._tls.do_handshake()
        except ssl.SSLWantReadError:
            self._flush_handshake()
            return
        except (ssl.SSLError, ssl.CertificateError) as error:
            # The peer is told why.
            self._flush_handshake()
            self._fail_handshake(error)
            return
        self._flush_handshake()
        self._handshake = None
        self.usable = True
        if not handshake.done():
            handshake.set_result(None)
        if self._incoming.pending:
            self.data_received(b"")

    def _flush_handshake(self) -> None:
        if self._outgoing.pending and not self.tcp.is_closing():
            self._flush()

    def _fail_handshake(self, error: Exception) -> None:
        handshake, self._handshake = self._handshake, None
        if handshake is not None and not handshake.done():
            handshake.set_exception(error)
