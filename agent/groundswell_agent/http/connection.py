"""One HTTP/1.1 connection on uvloop's Protocol and httptools' parser, never pipelined.

The hot path: every request of every VU runs through `start` and `data_received`. Its rules:

1. A call per request costs 50 ns, a clock 50 ns, a parser's callback 50 ns, a system call 3 µs.
   What can be known later, only if it is needed, is not prepared: the parser reports two events, no
   header and no body; a response in one read (nearly all) is complete before anything else is
   looked at; the rest is `_partial`.
2. The caller waits on a plain `loop.create_future()`. A hand-made awaitable that wakes its task
   straight from `data_received` was measured over the whole path: no gain beyond the noise. And it
   would make the other connections of the same poll wait for this VU's work, so that their first
   byte would be stamped too late.
3. `in_flight` is the one truth: None means nobody waits, and whatever arrives then ends the
   connection.
4. A response is whole or it is an error. What follows a whole one in the same read takes nothing
   from it, so that how the network cut the stream decides nothing; but the connection is not used
   again. (Empty lines are let pass, as the parser does.)
5. Nothing is written twice. `start` says None only if the kernel has not taken one byte: the
   transport was closing, or its first write failed at once. A request that got further and whose
   connection dies is a `reset`.
6. uvloop writes at once what the kernel takes; write limits of 0 make it report the one case that
   matters, a rest that is still to be sent, by `pause_writing`, and its end by `resume_writing`.
7. A head that is, to the byte, that of the step's last response is not parsed again: see `known_head`.
"""

from __future__ import annotations

import asyncio
import select
import socket
import ssl
from time import monotonic
from typing import TYPE_CHECKING, ClassVar, cast

from httptools import HttpParserError, HttpParserUpgrade, HttpResponseParser

from groundswell_agent.http.head import Head
from groundswell_agent.http.known_head import MOST_MISSES, NOTHING_KNOWN
from groundswell_agent.http.limits import HEAD_LIMIT, MOST_INTERIM
from groundswell_agent.http.reader import Collector, Reader
from groundswell_agent.http.upload import Upload

if TYPE_CHECKING:
    from collections.abc import Callable

    from groundswell_agent.http.exchange import Error, Exchange
    from groundswell_agent.http.request import Handling, Origin, PreparedRequest
    from groundswell_agent.http.sweeper import Sweeper
    from groundswell_agent.http.upload import BodySource


class _BadInterim(Exception):
    """A 101 that nobody asked for, or one 1xx too many."""


class Connection(asyncio.Protocol):
    """Used by one client. `usable`: open, idle, and nothing has come that nobody asked for."""

    __slots__ = (
        "_done",
        "_feed",
        "_get_status",
        "_handling",
        "_head",
        "_interims",
        "_interims_to",
        "_is_closing",
        "_keep",
        "_known",
        "_loop",
        "_new_waiter",
        "_paused",
        "_reader",
        "_should_keep_alive",
        "_status",
        "_sweeper",
        "_upload",
        "_waiter",
        "_write",
        "fault",
        "in_flight",
        "origin",
        "tcp",
        "usable",
    )

    tcp: asyncio.Transport
    _waiter: asyncio.Future[None]
    _write: Callable[[bytes], None]
    _is_closing: Callable[[], bool]

    # Whether bytes that wait in the kernel are the peer's word: over TLS they may be a session
    # ticket or a change of keys.
    _bytes_are_words: ClassVar[bool] = True

    def __init__(self, origin: Origin, sweeper: Sweeper, loop: asyncio.AbstractEventLoop) -> None:
        self.origin = origin
        self.usable = False
        # Why the connection is not usable any more, for a request that was about to be its first.
        self.fault: Error = "reset"
        self.in_flight: Exchange | None = None
        self._loop = loop
        self._sweeper = sweeper
        self._new_waiter: Callable[[], asyncio.Future[None]] = loop.create_future
        self._handling: Handling | None = None
        self._reader: Reader | Collector | None = None
        self._upload: Upload | None = None
        self._head: Head | None = None
        self._feed = _NO_PARSER.feed_data
        self._known = NOTHING_KNOWN
        self._status = 0
        # How many 1xx came last, and to which request: by when it was sent.
        self._interims = 0
        self._interims_to = 0.0
        self._done = self._keep = self._paused = False

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self.tcp = cast("asyncio.Transport", transport)
        self.tcp.set_write_buffer_limits(0)
        self._write = self.tcp.write
        self._is_closing = self.tcp.is_closing
        self.usable = True
        self._sweeper.add(self)

    @property
    def session(self) -> ssl.SSLSession | None:
        """What a later connection to the same place can resume; only TLS has such a thing."""
        return None

    def give_up(self) -> None:
        """It did not come to be used; uvloop does not always tell us of such an end."""
        if self.usable:
            self.drop()
        self._sweeper.discard(self)

    def start(
        self, request: PreparedRequest, exchange: Exchange, now: float
    ) -> asyncio.Future[None] | None:
        """Write the request; the future is done when `exchange` is. None: see rule 5."""
        if request.handling is not self._handling:
            self._adopt(request)
        self.usable = False
        self.in_flight = exchange
        self._known = request.known
        exchange.send_start = now
        exchange.first_byte = 0.0
        exchange.bytes_received = 0
        self._write(request.payload)
        exchange.send_end = monotonic()
        if self._is_closing():
            self.in_flight = None
            return None
        exchange.bytes_sent = request.size
        if request.source is not None:
            self._begin_upload(request.source, exchange)
        waiter = self._waiter = self._new_waiter()
        return waiter

    def data_received(self, data: bytes) -> None:
        now = monotonic()
        exchange = self.in_flight
        if exchange is None:
            self._unsolicited()
            return
        known = self._known
        if exchange.bytes_received:
            exchange.bytes_received += len(data)
        else:
            exchange.first_byte = now
            size = exchange.bytes_received = len(data)
            if size == known.length and data.startswith(known.head):
                self._recognized(exchange, now, data)
                return
        try:
            self._feed(data)
        except (HttpParserError, HttpParserUpgrade):
            if not self._done:
                self._fail("protocol", now)
                return
            self._keep = False
        if self._done:
            if known.misses <= MOST_MISSES and self._head is None and self._keep:
                known.learn(data, self._status)
            self._complete(exchange, now, data)
        else:
            self._partial(data, now)

    def _recognized(self, exchange: Exchange, now: float, data: bytes) -> None:
        """`_complete` where the head is the same as before and the body as long: see `known_head`."""
        known = self._known
        known.misses = 0
        exchange.end = now
        exchange.status = known.status
        exchange.raw = known.head
        exchange.lower_head = known.lower
        self.in_flight = None
        if self._reader is not None:
            self._reader.on_body(data[len(known.head) :])
            self._reader.deliver(exchange)
        if self._paused:
            self._settle_upload(exchange, now)
            self.drop()
        else:
            self.usable = True
        waiter = self._waiter
        if not waiter.done():
            waiter.set_result(None)

    def on_message_begin(self) -> None:
        """The parser's: the first byte of a message."""
        if self._done:
            self._keep = False

    def on_message_complete(self) -> None:
        """The parser's: the last byte of a message, of which it knows nothing after this."""
        if self._done:
            return
        status = self._get_status()
        if status >= 200:
            self._status = status
            self._keep = self._should_keep_alive()
            self._done = True
        else:
            self._pass_over(status)

    def _pass_over(self, status: int) -> None:
        assert self.in_flight is not None
        if self.in_flight.send_start != self._interims_to:
            self._interims_to, self._interims = self.in_flight.send_start, 0
        self._interims += 1
        if status == 101 or self._interims > MOST_INTERIM:
            raise _BadInterim

    def _complete(self, exchange: Exchange, now: float, data: bytes) -> None:
        if len(data) > HEAD_LIMIT and self._head is None and not Head().feed(data):
            self._fail("protocol", now)
            return
        exchange.end = now
        exchange.status = self._status
        exchange.raw = data if self._head is None else self._head.up_to(data)
        exchange.lower_head = b""
        self.in_flight = None
        self._done = False
        self._head = None
        if self._reader is not None:
            self._reader.deliver(exchange)
        if self._keep and not self._paused:
            self.usable = True
        else:
            self._settle_upload(exchange, now)
            self.drop()
        self._wake()

    def _partial(self, data: bytes, now: float) -> None:
        """The response goes on: mind its head's limit, and keep the head for the end."""
        if self._head is None:
            self._head = Head()
        if not self._head.feed(data):
            self._fail("protocol", now)

    def _unsolicited(self) -> None:
        if self.usable:
            self.fault = "protocol"
        self.drop()

    def _adopt(self, request: PreparedRequest) -> None:
        """Another kind of request than the last: see to the parser and the sweep that it needs."""
        handling, before = request.handling, self._handling
        if handling.timeout < self._sweeper.smallest:
            self._sweeper.tighten(handling.timeout)
        if handling.reads:
            reader = Reader if handling.looks_closely else Collector
            if self._reader is None or before is None or type(self._reader) is not reader:
                self._reader = reader(self)
                self._use(self._reader.parser)
            self._reader.begin(handling)
        elif self._reader is not None or before is None:
            self._reader = None
            self._use(HttpResponseParser(self))
        self._handling = handling

    def _use(self, parser: HttpResponseParser) -> None:
        # Of the parser only what is called for each response: bound once, it is found at once.
        self._feed = parser.feed_data
        self._get_status = parser.get_status_code
        self._should_keep_alive = parser.should_keep_alive

    def complete_at_head(self, status: int, keep: bool) -> None:
        """The reader's: this response has no body whatever its head says (HEAD)."""
        self._status = status
        self._keep = keep
        self._done = True
        # The parser waits for a body that will not come: the next request gets a new one.
        self._handling = None

    def forbid_reuse(self) -> None:
        """The reader's: this response is good, what comes after it on this connection cannot be."""
        self._keep = False

    # The ends of a connection.

    def eof_received(self) -> None:
        self._ended()

    def connection_lost(self, exc: Exception | None) -> None:
        self._sweeper.discard(self)
        self.usable = False
        if exc is None:
            self._ended()
        else:
            self._fail("tls" if isinstance(exc, ssl.SSLError) else "reset", monotonic())
        # The parser holds bound methods of ours and we hold it: let reference counting free both, and with them
        # what there is of a body.
        self._use(_NO_PARSER)
        if self._reader is not None:
            self._reader.release()
            self._reader = None

    def _ended(self) -> None:
        now = monotonic()
        exchange = self.in_flight
        if exchange is not None and self._head is not None and self._head.ends_with_connection:
            self._status = self._get_status()
            self._keep = False
            if self._status < 200:
                # 000, say: none that a response may have.
                self._fail("protocol", now)
            else:
                self._complete(exchange, now, b"")
        else:
            self._fail("reset", now)
            self.drop()

    def expire(self, now: float) -> None:
        """The sweeper's: the time of the exchange in flight is up."""
        self._fail("timeout", now)

    def interrupt(self) -> None:
        """Close in any case; a caller who still waits learns of it."""
        self._fail("interrupted", monotonic())
        self.drop()

    def abandon(self) -> None:
        """The caller does not wait any more: nothing of this exchange may reach the next one."""
        exchange = self.in_flight
        if exchange is not None:
            self.in_flight = None
            now = monotonic()
            self._settle_upload(exchange, now)
            exchange.stop(None, now)
        self.drop()

    def drop(self) -> None:
        """Close now; safe at any time."""
        self.usable = False
        # Not `close`: it would go on sending a rest that nobody has use for.
        if not self.tcp.is_closing():
            self.tcp.abort()

    def _fail(self, error: Error, now: float) -> None:
        exchange = self.in_flight
        if exchange is None:
            return
        self.in_flight = None
        self._settle_upload(exchange, now)
        exchange.stop(error, now)
        self.drop()
        self._wake()

    def _wake(self) -> None:
        # Cancelled a moment ago: the caller has not run yet to say so.
        if not self._waiter.done():
            self._waiter.set_result(None)

    # Requests that the kernel does not take in one go.

    def pause_writing(self) -> None:
        self._paused = True
        if self._upload is not None:
            self._upload.pause()

    def resume_writing(self) -> None:
        if self._upload is not None:
            self._upload.resume()
        else:
            self._flushed()

    def _begin_upload(self, source: BodySource, exchange: Exchange) -> None:
        waits = self._paused
        # Until the last chunk has gone to the kernel.
        self._paused = True
        upload = self._upload = Upload(source, self, exchange)
        if waits:
            upload.pause()

    def send_part(self, exchange: Exchange, part: bytes) -> bool:
        """The upload's: one more part of the body; False when nobody waits for its exchange."""
        if self.in_flight is not exchange or self.tcp.is_closing():
            return False
        exchange.bytes_sent += len(part)
        self._write(part)
        return True

    def upload_ended(self, exchange: Exchange, *, whole: bool) -> None:
        """The upload's: all parts are sent, or the next one could not be had."""
        if self.in_flight is not exchange:
            return
        self._upload = None
        if not whole:
            self._fail("local", monotonic())
        elif not self.tcp.get_write_buffer_size():
            self._flushed()

    def _flushed(self) -> None:
        self._paused = False
        exchange = self.in_flight
        if exchange is not None:
            # A server may answer before it has read everything; then sending ended, for the
            # timings, with its answer.
            exchange.send_end = exchange.first_byte or monotonic()

    def _settle_upload(self, exchange: Exchange, now: float) -> None:
        """The exchange ends here: do not count what was never sent."""
        if self._paused:
            exchange.send_end = exchange.first_byte or now
            exchange.bytes_sent -= min(self.tcp.get_write_buffer_size(), exchange.bytes_sent)
        if self._upload is not None:
            self._upload.cancel()
            self._upload = None

    # Idle connections.

    def ended_unnoticed(self) -> bool:
        """Whether an end, or bytes nobody asked for, wait in the kernel for the loop to read."""
        own = self.tcp.get_extra_info("socket")
        waiting = select.poll()
        waiting.register(own, select.POLLIN)
        # Nearly always so, and told for a quarter of what the rest costs.
        if not waiting.poll(0):
            return False
        # Over the same descriptor, because uvloop's own socket object cannot receive.
        peeking = socket.socket(own.family, socket.SOCK_STREAM, 0, fileno=own.fileno())
        try:
            found = peeking.recv(1, socket.MSG_PEEK | socket.MSG_DONTWAIT)
        except BlockingIOError:
            return False
        except OSError:
            return True
        finally:
            peeking.detach()
        return self._bytes_are_words or not found


# Stands where a connection that was never used or is over has no parser, so that the hot path need
# not ask.
_NO_PARSER = HttpResponseParser(object())
