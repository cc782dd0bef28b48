from __future__ import annotations

import pytest

from groundswell_agent.http.head import Head
from groundswell_agent.http.limits import HEAD_LIMIT


@pytest.mark.parametrize(
    ("head", "expected"),
    [
        (b"HTTP/1.1 200 OK\r\n\r\n", True),
        (b"HTTP/1.1 200 OK\r\ncontent-LENGTH: 0\r\n\r\n", False),
        (b"HTTP/1.1 200 OK\r\nTransfer-Encoding: gzip, Chunked \r\n\r\n", False),
        (b"HTTP/1.1 200 OK\r\nTransfer-Encoding: gzip\r\n\r\n", True),
        (b"HTTP/1.1 100 Go\r\nContent-Length: 3\r\n\r\nHTTP/1.1 200 OK\r\n\r\nbody", True),
        (b"HTTP/1.1 100 Go\r\n\r\nHTTP/1.1 200 OK\r\n", False),
        (b"\r\n\r\nHTTP/1.1 200 OK\r\n\r\n", True),
        (b"", False),
    ],
)
def test_who_ends_the_body(head: bytes, expected: bool) -> None:
    whole, drip = Head(), Head()
    assert whole.feed(head)
    for at in range(len(head)):
        assert drip.feed(head[at : at + 1])

    assert whole.ends_with_connection is drip.ends_with_connection is expected


def test_a_head_has_a_limit_a_body_has_none() -> None:
    head = Head()
    assert head.feed(b"HTTP/1.1 200 OK\r\n\r\n")
    assert head.feed(b"x" * 10 * HEAD_LIMIT)

    head = Head()
    assert head.feed(b"HTTP/1.1 200 OK\r\nX: ")
    assert not head.feed(b"x" * HEAD_LIMIT)
    assert not Head().feed(b"HTTP/1.1 200 OK\r\nX: " + b"x" * HEAD_LIMIT + b"\r\n\r\n")


def test_interim_heads_do_not_add_up() -> None:
    head = Head()
    for _ in range(10_000):
        assert head.feed(b"HTTP/1.1 100 Continue\r\n\r\n")
    assert not head.ends_with_connection
