"""Requests whose body is sent in parts: the head as any other's, with the length of what follows."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from groundswell_agent.engine.outgoing import Outgoing
    from groundswell_agent.engine.uploads import Streamed
    from groundswell_agent.engine.virtual_user import VirtualUser
    from groundswell_agent.http.request import PreparedRequest
    from groundswell_agent.http.upload import BodySource

_LENGTH = re.compile(rb"\r\nContent-Length: [0-9]+(?=\r\n|\Z)")
_END = b"\r\n\r\n"


class Streaming:
    """`request` builds the same without a body."""

    __slots__ = ("_body", "_request", "constant")

    def __init__(self, request: Outgoing, body: Streamed) -> None:
        self._request = request
        self._body = body
        self.constant: PreparedRequest | None = None
        if request.constant is not None and body.constant is not None:
            self.constant = _with(request.constant, body.constant)

    def build(self, vu: VirtualUser) -> PreparedRequest:
        return _with(self._request.build(vu), self._body.make(vu))


def _with(request: PreparedRequest, source: BodySource) -> PreparedRequest:
    # Files and texts have one.
    assert source.length is not None
    head = _LENGTH.sub(b"", request.payload.removesuffix(_END))
    return request.with_source(b"%b\r\nContent-Length: %d%b" % (head, source.length, _END), source)
