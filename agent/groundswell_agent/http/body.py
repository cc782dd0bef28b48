"""The body of a response that was collected: found when somebody asks for it."""

from __future__ import annotations

from typing import TYPE_CHECKING

from groundswell_agent.http.content import decoded
from groundswell_agent.http.head import header_values

if TYPE_CHECKING:
    from groundswell_agent.http.exchange import Exchange

# In a response that starts with its final head, the tenth byte is that of a status from 2xx on.
_H, _ONE = b"H1"


def starts_final(raw: bytes) -> bool:
    """Whether neither an interim response nor an empty line comes first."""
    return raw[9] != _ONE and raw[0] == _H


def body_of(exchange: Exchange, limit: int) -> bytes:
    """The body without its Content-Encoding, cut at `limit`. UndecodableBody where a coding cannot
    be taken off.
    """
    raw, body = exchange.raw, exchange.collected
    end = raw.find(b"\r\n\r\n")
    # Nearly all have none; what is found may be a Transfer-Encoding, which is off already.
    if (
        raw.find(b"ncoding:", 0, end) >= 0
        or raw.find(b"NCODING:", 0, end) >= 0
        or not starts_final(raw)
    ) and (encodings := header_values(raw, b"content-encoding")):
        return decoded(body, encodings, limit)[0]
    return body if len(body) <= limit else body[:limit]
