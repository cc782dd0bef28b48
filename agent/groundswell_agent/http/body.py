"""The body of a response that was collected: found when somebody asks for it."""

from __future__ import annotations

from typing import TYPE_CHECKING

from groundswell_agent.http.content import decoded
from groundswell_agent.http.head import header_values

if TYPE_CHECKING:
    from groundswell_agent.http.exchange import Exchange


def body_of(exchange: Exchange, head: bytes, limit: int) -> bytes:
    """The body without its Content-Encoding, cut at `limit`; `head` is its `lower_head`.
    UndecodableBody where a coding cannot be taken off.
    """
    body = exchange.collected
    # `in` takes twice as long: it first tries whether the bytes are a number.
    if head.find(b"\ncontent-encoding:") >= 0:
        encodings = header_values(exchange.raw, b"content-encoding")
        return decoded(body, encodings, limit)[0]
    return body if len(body) <= limit else body[:limit]
