"""What came of one request: the record that a client fills and its VU reads.

A client uses one for all its requests: read it before the next one. What an error means:

    timeout    the request's or the connect's time ran out
    refused    nobody listens at any of the host's addresses, or there is no way to them
    reset      the connection ended before the response was complete, nothing at all included
    tls        the TLS handshake failed, the certificate above all, or TLS broke later
    dns        the host name has no address
    protocol   what came is no HTTP/1.1 response to this request
    proxy      the proxy made no way to the target, or cannot be reached itself
    guard      this agent does not load the address that it would have connected to
    local      this machine had no descriptor, port or buffer left: not the target's fault

The engine adds `interrupted`, for a request that it cancelled itself.
"""

from __future__ import annotations

from typing import Literal

from groundswell_agent.http.content import decoded
from groundswell_agent.http.head import header_values

Error = Literal[
    "timeout",
    "refused",
    "reset",
    "tls",
    "dns",
    "protocol",
    "proxy",
    "guard",
    "local",
    "interrupted",
]


class Exchange:
    """Moments are seconds of `time.monotonic()`, 0.0 if they never came; durations are seconds."""

    __slots__ = (
        "_content",
        "asked",
        "body",
        "body_limit",
        "body_truncated",
        "bytes_received",
        "bytes_sent",
        "collected",
        "connecting",
        "deadline",
        "dirty",
        "end",
        "error",
        "first_byte",
        "given",
        "handshaking",
        "headers",
        "lower_head",
        "raw",
        "resolving",
        "retried",
        "send_end",
        "send_start",
        "status",
    )

    # When the VU asked, and when its time is up.
    asked: float
    deadline: float
    # Of a new connection: looking up the name, TCP's handshakes (all addresses tried), TLS's
    # handshake.
    resolving: float
    connecting: float
    handshaking: float
    # `send_end` is when the kernel had taken the last byte. `end` is that of the last byte
    # received, or of the failure.
    send_start: float
    send_end: float
    first_byte: float
    end: float
    # When the VU was handed this record.
    given: float
    # 0 without a complete response.
    status: int
    # Heads included. Over TLS both count the plain text, not what TLS makes of it.
    bytes_sent: int
    bytes_received: int
    error: Error | None
    # 1 if a kept connection turned out dead before it took one byte of the request, and a new one
    # was opened.
    retried: int
    # The final head of a complete response, as it came, perhaps with more before and behind it:
    # `header_values` finds in it what few responses have and few steps ask for.
    raw: bytes
    # That head in lower case where it is known already, to the byte, and sets no cookie; else empty.
    lower_head: bytes
    # The body as it came, where the request `collects` it; not forgotten by the next one.
    collected: bytes
    # Only where the request asks for them. Names as they came, the body as it came: see `content`.
    headers: list[tuple[bytes, bytes]] | None
    body: bytes | None
    body_limit: int
    body_truncated: bool
    _content: bytes | None
    # Something above that the plain way through does not overwrite is set.
    dirty: bool

    def __init__(self) -> None:
        self.end = self.first_byte = self.given = 0.0
        self.raw = self.lower_head = self.collected = b""
        self.reset(0.0)

    @property
    def wrote(self) -> bool:
        """Whether a byte of the request went out: then it is a sample, whatever came of it."""
        return self.bytes_sent > 0

    @property
    def blocked(self) -> float:
        """From the asking to the first byte sent, as k6 counts: the three above are in it."""
        return self.send_start - self.asked if self.send_start else self.end - self.asked

    def content(self) -> bytes:
        """The body without its Content-Encoding, which the first call takes off; empty if not kept.

        At most as long as the request's `body_limit`; `body_truncated` says whether that cut it.
        Raises UndecodableBody.
        """
        if self._content is None:
            encodings = header_values(self.raw, b"content-encoding")
            self._content, cut = decoded(self.body or b"", encodings, self.body_limit)
            self.body_truncated = self.body_truncated or cut
        return self._content

    def reset(self, asked: float) -> None:
        """Forget the request before; `given` stays, it tells how long the connection was idle."""
        self.asked = asked
        self.deadline = 0.0
        self.resolving = self.connecting = self.handshaking = 0.0
        self.send_start = self.send_end = self.first_byte = 0.0
        self.status = self.bytes_sent = self.bytes_received = self.retried = 0
        self.error = None
        self.headers = None
        self.body = self._content = None
        self.body_limit = 0
        self.body_truncated = False
        self.dirty = False

    def stop(self, error: Error | None, now: float) -> None:
        """It ends here without a response; None if the caller knows why."""
        self.error = error
        self.status = 0
        self.end = now
        self.dirty = True
