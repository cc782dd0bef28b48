"""One response as steps look at it: what they ask for is worked out when they ask, and once."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

import msgspec

from groundswell_agent.http.body import body_of
from groundswell_agent.http.content import UndecodableBody
from groundswell_agent.http.head import header_values
from groundswell_agent.http.request import DEFAULT_BODY_LIMIT

if TYPE_CHECKING:
    from groundswell_agent.http.exchange import Exchange

_decode = msgspec.json.Decoder().decode


class Missing:
    """What a capture or a path found nothing: null is something."""

    def __repr__(self) -> str:
        return "MISSING"


MISSING: Final = Missing()
_UNREAD = object()


class Response:
    """Of a complete exchange, to be read before the client's next one."""

    __slots__ = ("_body", "_document", "_text", "exchange")

    def __init__(self, exchange: Exchange) -> None:
        self.exchange = exchange
        self._body: bytes | None = None
        self._text: str | None = None
        self._document: object = _UNREAD

    @property
    def body(self) -> bytes:
        """Without its Content-Encoding; nothing where that cannot be taken off."""
        if self._body is None:
            try:
                self._body = body_of(self.exchange, DEFAULT_BODY_LIMIT)
            except UndecodableBody:
                self._body = b""
        return self._body

    @property
    def document(self) -> object:
        """The JSON of the body; MISSING where it is none."""
        if self._document is _UNREAD:
            try:
                self._document = _decode(self._body or self.body)
            except (msgspec.DecodeError, UnicodeDecodeError, RecursionError):
                self._document = MISSING
        return self._document

    @property
    def text(self) -> str:
        """The body as UTF-8; what is none of it becomes U+FFFD."""
        if self._text is None:
            self._text = self.body.decode("utf-8", "replace")
        return self._text

    def headers(self, name: str) -> list[str]:
        """All values of a header, by its name in lower case."""
        return header_values(self.exchange.raw, name.encode())
