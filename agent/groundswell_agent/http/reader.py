"""What is kept of a response for those who ask: headers, body, the keep-alive of a HEAD.

All other responses are parsed without a callback for either, and their bytes are never copied.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, cast

from httptools import HttpParserError, HttpResponseParser

from groundswell_agent.http.limits import MOST_PIECES, TRAILER_LIMIT

if TYPE_CHECKING:
    from array import array

    from groundswell_agent.http.connection import Connection
    from groundswell_agent.http.exchange import Exchange
    from groundswell_agent.http.request import Handling


class _BoundedParser(HttpResponseParser):
    """httptools puts a header together piece by piece, each time anew, and a trailer has no end that anybody else
    would mind: more than the limit of bytes that hold nothing of a body are no response.
    """

    # Since the body went on last; a head has its own limit.
    besides_body = 0

    def feed_data(self, data: bytes | bytearray | memoryview | array[int]) -> None:
        self.besides_body += len(data)
        super().feed_data(data)
        if self.besides_body > TRAILER_LIMIT:
            raise HttpParserError("too much besides the body")


class Reader:
    """The callbacks of one parser, over as many exchanges as the connection has of this kind."""

    __slots__ = (
        "_chunks",
        "_connection",
        "_handling",
        "_headers",
        "_in_body",
        "_kept",
        "_truncated",
        "on_message_begin",
        "parser",
    )

    _chunks: list[bytes | bytearray]
    _headers: list[tuple[bytes, bytes]]
    _in_body: bool
    _kept: int
    _handling: Handling
    _truncated: bool

    def __init__(self, connection: Connection) -> None:
        self._connection = connection
        self.on_message_begin = connection.on_message_begin
        self.parser = _BoundedParser(self)
        self._forget()

    def begin(self, handling: Handling) -> None:
        self._handling = handling

    def on_header(self, name: bytes, value: bytes) -> None:
        # After the body come trailers: not what a step means by a header.
        if not self._in_body:
            self._headers.append((name, value))

    def on_headers_complete(self) -> None:
        status = self.parser.get_status_code()
        if status < 200:
            self._headers = []
            return
        self._in_body = True
        if self._handling.bodiless:
            self._connection.complete_at_head(
                status, self._stays_open() and not self._handling.closes
            )

    def on_body(self, chunk: bytes) -> None:
        self.parser.besides_body = 0
        handling = self._handling
        if handling.bodiless:
            self._connection.forbid_reuse()
        elif (handling.keep_body or handling.collects) and not self._truncated:
            room = handling.body_limit - self._kept
            self._truncated = len(chunk) > room
            self._chunks.append(chunk[:room] if self._truncated else chunk)
            self._kept += len(chunk)
            if len(self._chunks) > MOST_PIECES:
                _join_early(self._chunks)

    def on_message_complete(self) -> None:
        self.parser.besides_body = 0
        self._connection.on_message_complete()
        if self._handling.closes:
            self._connection.forbid_reuse()

    def deliver(self, exchange: Exchange) -> None:
        """The response is complete: give what was asked for, and be ready for the next one."""
        handling = self._handling
        if handling.keep_headers:
            exchange.headers = self._headers
        if handling.keep_body:
            exchange.body = b"".join(self._chunks)
            exchange.body_limit = handling.body_limit
            exchange.body_truncated = self._truncated
        elif handling.collects:
            exchange.collected = b"".join(self._chunks)
        exchange.dirty = True
        self._forget()

    def release(self) -> None:
        """It is used no more; it and its parser hold each other."""
        del self.parser

    def _forget(self) -> None:
        self._headers = []
        self._chunks = []
        self._kept = 0
        self._in_body = self._truncated = False

    def _stays_open(self) -> bool:
        """By the head alone: the parser says no without a length, which a HEAD may leave out."""
        if self.parser.should_keep_alive():
            return True
        options = [
            option.strip()
            for name, value in self._headers
            if name.lower() == b"connection"
            for option in value.lower().split(b",")
        ]
        if self.parser.get_http_version() == "1.0":
            return b"keep-alive" in options
        return b"close" not in options


class Collector:
    """Collects the bodies of responses, and nothing else of them: what a step of a test reads.

    A header costs a callback and an object, and most steps ask for none; what a few ask for is in
    `Exchange.raw`. So this costs a fifth of what a Reader does.
    """

    __slots__ = ("_chunks", "_limit", "_room", "on_message_begin", "on_message_complete", "parser")

    def __init__(self, connection: Connection) -> None:
        self._chunks: list[bytes | bytearray] = []
        self._limit = self._room = 0
        self.on_message_begin = connection.on_message_begin
        self.on_message_complete = connection.on_message_complete
        self.parser = HttpResponseParser(self)

    def begin(self, handling: Handling) -> None:
        self._chunks.clear()
        self._limit = self._room = handling.body_limit

    def on_body(self, chunk: bytes) -> None:
        if self._room > 0:
            self._room -= len(chunk)
            self._chunks.append(chunk)
            if len(self._chunks) > MOST_PIECES:
                _join_early(self._chunks)

    def deliver(self, exchange: Exchange) -> None:
        """The response is complete: give its body, of which there may be one read more than asked."""
        chunks = self._chunks
        exchange.collected = cast("bytes", chunks[0]) if len(chunks) == 1 else b"".join(chunks)
        self._room = self._limit
        chunks.clear()

    def release(self) -> None:
        """It is used no more; it and its parser hold each other."""
        del self.parser


def _join_early(chunks: list[bytes | bytearray]) -> None:
    """Make one piece, the first, of all but the last."""
    early = chunks[0]
    if not isinstance(early, bytearray):
        early = chunks[0] = bytearray(early)
    early += b"".join(chunks[1:-1])
    del chunks[1:-1]
