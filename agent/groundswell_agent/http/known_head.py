"""The head of a step's last response, for the next one that begins with the very same bytes.

Many targets answer a step's requests for a second long with one head, until its Date changes. What those
bytes mean has been worked out then: if as many bytes follow as they announce, the response is
complete, its status and its framing are those of the last one, and it sets no cookie.

    >>> known = KnownHead()
    >>> known.learn(data, status=200)
    >>> len(following) == known.length and following.startswith(known.head)
"""

from __future__ import annotations

from groundswell_agent.http.limits import HEAD_LIMIT

# Where each head differs from the one before, looking for the next is given up: so many in a row.
MOST_MISSES = 20

_END = b"\r\n\r\n"
_ONE = ord("1")


class KnownHead:
    """`length` is that of a whole response with this head in bytes, -1 where none is known; `lower`
    is its `lower_head`; `misses` counts those learned since one was last met again.
    """

    __slots__ = ("head", "length", "lower", "misses", "status")

    def __init__(self) -> None:
        self.head = self.lower = b""
        self.length = -1
        self.misses = self.status = 0

    def learn(self, data: bytes, status: int) -> None:
        """A whole response that came in one read, on a connection that stays open."""
        self.length = -1
        self.misses += 1
        # Neither empty lines nor an interim response before it.
        if self.misses > MOST_MISSES or not data.startswith(b"HTTP/1.1 ") or data[9] == _ONE:
            return
        end = data.find(_END)
        lower = data[:end].lower()
        if end < HEAD_LIMIT and _announces(lower, len(data) - end - len(_END)):
            self.head, self.lower = data[: end + len(_END)], lower
            self.length, self.status = len(data), status


def _announces(lower: bytes, body: int) -> bool:
    """Whether it is the head of a response with a body of so many bytes, framed by its length."""
    if lower.find(b"\ntransfer-encoding:") >= 0 or lower.find(b"\nset-cookie:") >= 0:
        return False
    _, found, rest = lower.partition(b"\ncontent-length:")
    value = rest.partition(b"\r\n")[0].strip(b" \t")
    return bool(found) and value == str(body).encode()


# Where every response is to be looked at: it has missed too often to learn anything.
NOTHING_KNOWN = KnownHead()
NOTHING_KNOWN.misses = MOST_MISSES + 1
