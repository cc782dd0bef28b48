"""One response as the captures and checks of a step look at it: what they read is read once."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

import msgspec

from groundswell_agent.http.body import body_of
from groundswell_agent.http.content import UndecodableBody
from groundswell_agent.http.head import header_values
from groundswell_agent.http.limits import DEFAULT_BODY_LIMIT

if TYPE_CHECKING:
    from groundswell_agent.http.exchange import Exchange

_decode = msgspec.json.Decoder().decode


class Missing:
    """What a capture or a path found nothing: null is something."""

    def __repr__(self) -> str:
        return "MISSING"


MISSING: Final = Missing()
_UNREADABLE = (UndecodableBody, msgspec.DecodeError, UnicodeDecodeError, RecursionError)


class Response:
    """Of a complete exchange, to be read before the client's next one.

    `body` is without its Content-Encoding, and nothing where that cannot be taken off or nobody reads
    it; `document` the JSON of the body, MISSING where it is none or nobody reads it.
    """

    __slots__ = ("_text", "body", "document", "exchange")

    def __init__(
        self, exchange: Exchange, head: bytes, *, reads_body: bool, reads_json: bool
    ) -> None:
        """`head` is its `lower_head`, needed only where the body is read."""
        self.exchange = exchange
        self.body = b""
        # What JSON holds may be anything.
        self.document: Any = MISSING
        self._text: str | None = None
        if reads_body:
            try:
                self.body = body_of(exchange, head, DEFAULT_BODY_LIMIT)
                if reads_json:
                    self.document = _decode(self.body)
            except _UNREADABLE:
                # Then there is nothing in it: whatever is looked for is missing.
                return

    @property
    def text(self) -> str:
        """The body as UTF-8; what is none of it becomes U+FFFD."""
        if self._text is None:
            self._text = self.body.decode("utf-8", "replace")
        return self._text

    def headers(self, name: str) -> list[str]:
        """All values of a header, by its name in lower case."""
        return header_values(self.exchange.raw, name.encode())
