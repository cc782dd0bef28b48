"""One response's head, kept only for responses that do not arrive in a single read.

The parser says when a message is complete, but not how it is delimited, and it cannot be told that
the input ended. So a response that is still open when the connection ends is looked back at: was
its end the connection's end?
"""

from __future__ import annotations

from groundswell_agent.http.limits import HEAD_LIMIT

_END = b"\r\n\r\n"
_H, _ONE = b"H1"


class Head:
    """Collects the final head out of the bytes of a response, past any interim ones (100, 103)."""

    __slots__ = ("_bytes", "_head")

    def __init__(self) -> None:
        self._bytes = b""
        self._head: bytes | None = None

    def feed(self, data: bytes) -> bool:
        """Whether the head is within its limit so far."""
        if self._head is not None:
            return True
        searched = max(0, len(self._bytes) - len(_END) + 1)
        # The parser takes empty lines before a status line, so they must not pass for the end of a
        # head here.
        collected = (self._bytes + data).lstrip(b"\r\n")
        while (end := collected.find(_END, searched)) >= 0:
            end += len(_END)
            if end > HEAD_LIMIT:
                return False
            head = collected[:end]
            if not _is_interim(head):
                self._head = head
                self._bytes = b""
                return True
            collected = collected[end:].lstrip(b"\r\n")
            searched = 0
        self._bytes = collected
        return len(collected) <= HEAD_LIMIT

    def up_to(self, data: bytes) -> bytes:
        """The final head, when `data` has come last; perhaps with what stood before and follows."""
        return self._bytes + data if self._head is None else self._head

    @property
    def ends_with_connection(self) -> bool:
        """Whether the body of this response goes on until the server closes the connection."""
        if self._head is None:
            return False
        for line in self._head.lower().split(b"\r\n")[1:]:
            name, _, value = line.partition(b":")
            if name == b"content-length":
                return False
            if name == b"transfer-encoding" and value.strip().endswith(b"chunked"):
                return False
        return True


def lower_head(raw: bytes) -> bytes:
    """The final head in lower case, for a look at what is in it at all; `raw` as in `header_values`."""
    # Nearly always it starts with an H and a status from 2xx on: no empty line and no interim
    # response comes first.
    if raw[0] == _H and raw[9] != _ONE:
        return raw[: raw.find(_END)].lower()
    return final_head(raw).lower()


def header_values(raw: bytes, name: bytes) -> list[str]:
    """All values of a header, by its name in lower case, in what a response began with (`up_to`).

    The parser has accepted these bytes, so lines are lines; what is no latin-1 is none of HTTP's.
    """
    return [
        value.strip(b" \t").decode("latin-1")
        for own, colon, value in (
            line.partition(b":") for line in final_head(raw).split(b"\r\n")[1:]
        )
        if colon and own.lower() == name
    ]


def header_names(raw: bytes) -> list[str]:
    """The names of all headers in lower case, each once, in their order."""
    lines = (line.partition(b":") for line in final_head(raw).split(b"\r\n")[1:])
    return list(dict.fromkeys(name.decode("latin-1").lower() for name, colon, _ in lines if colon))


def final_head(raw: bytes) -> bytes:
    """Status line and headers of the final response, without their end."""
    head, end, rest = raw.lstrip(b"\r\n").partition(_END)
    while end and _is_interim(head):
        head, end, rest = rest.lstrip(b"\r\n").partition(_END)
    return head


def _is_interim(head: bytes) -> bool:
    return head.split(None, 2)[1].startswith(b"1")
