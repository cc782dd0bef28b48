"""Bodies that are sent in parts: framed right, no faster than the peer reads, closed however it ends."""

from __future__ import annotations

import asyncio
import hashlib
from typing import TYPE_CHECKING

import pytest

from groundswell_agent.http.request import prepare
from groundswell_agent.http.upload import FileBody
from tests.agent.http.raw_server import OK, Visit, answering, serving

if TYPE_CHECKING:
    from collections.abc import AsyncGenerator, Generator, Iterable
    from pathlib import Path

    from groundswell_agent.http.client import Client

MIB = 1024 * 1024
# What the kernel's buffers of both sides and the server's own take, at the most.
_UNDER_WAY = 24 * MIB
TOO_LARGE = b"HTTP/1.1 413 Too Large\r\nContent-Length: 0\r\n\r\n"


class Parts:
    """A source of the given parts that notes what was taken of it, and whether it was closed."""

    def __init__(self, parts: Iterable[bytes], length: int | None) -> None:
        self.length = length
        self.taken = 0
        self.is_closed = False
        self._parts = list(parts)

    async def parts(self) -> AsyncGenerator[bytes]:
        try:
            for part in self._parts:
                self.taken += len(part)
                yield part
        finally:
            self.is_closed = True


class Plain:
    """A source without a length, by an ordinary generator."""

    length = None

    def __init__(self, *parts: bytes) -> None:
        self._parts = parts

    def parts(self) -> Generator[bytes]:
        yield from self._parts


async def _read_body(visit: Visit, length: int) -> str:
    """Past the head, the digest of so many bytes."""
    await visit.reader.readuntil(b"\r\n\r\n")
    digest = hashlib.sha256()
    while length:
        part = await visit.reader.read(min(length, MIB))
        digest.update(part)
        length -= len(part)
    return digest.hexdigest()


async def test_a_file_of_100_mb_arrives_and_is_never_far_ahead_of_its_reader(
    client: Client,
) -> None:
    part, times = bytes(range(256)) * 1024, 400
    source = Parts([part] * times, len(part) * times)
    digests: list[str] = []
    ahead: list[int] = []

    async def script(visit: Visit) -> None:
        visit.hold()
        await asyncio.sleep(0.3)
        ahead.append(source.taken)
        visit.go_on()
        digests.append(await _read_body(visit, len(part) * times))
        await visit.say(OK)
        await answering(OK)(visit)

    async with serving(script) as server:
        request = prepare("PUT", server.origin, source=source)
        exchange = await client.exchange(request)
        assert (exchange.status, exchange.error) == (200, None)
        assert exchange.bytes_sent == request.size + len(part) * times
        assert exchange.send_start < exchange.send_end <= exchange.first_byte
        assert (await client.exchange(prepare("GET", server.origin))).status == 200

    assert 0 < ahead[0] < _UNDER_WAY
    assert digests == [hashlib.sha256(part * times).hexdigest()]
    assert len(server.visits) == 1
    assert source.is_closed


async def test_a_file_is_sent_as_it_is(client: Client, tmp_path: Path) -> None:
    content = bytes(range(256)) * 5000
    (tmp_path / "body").write_bytes(content)
    (tmp_path / "empty").touch()
    async with serving(answering(OK)) as server:
        for name, sent in (("body", content), ("empty", b"")):
            source = FileBody(tmp_path / name)
            exchange = await client.exchange(prepare("POST", server.origin, source=source))
            assert (exchange.status, exchange.bytes_sent) == (200, len(server.heard))
            assert server.heard.endswith(b"Content-Length: %d\r\n\r\n" % len(sent) + sent)
            server.visits[0].heard = b""

    assert len(server.visits) == 1


async def test_without_a_length_it_goes_out_in_chunks(client: Client) -> None:
    heard: list[bytes] = []

    async def script(visit: Visit) -> None:
        while True:
            heard.append(await visit.reader.readuntil(b"0\r\n\r\n"))
            await visit.say(OK)

    async with serving(script) as server:
        request = prepare("POST", server.origin, source=Plain(b"abc", b"", b"x" * 26))
        assert (await client.exchange(request)).status == 200
        exchange = await client.exchange(request)
        assert exchange.status == 200

    head, _, body = heard[0].partition(b"\r\n\r\n")
    assert b"\r\nTransfer-Encoding: chunked" in head
    assert b"Content-Length" not in head
    assert body == b"3\r\nabc\r\n1a\r\n" + b"x" * 26 + b"\r\n0\r\n\r\n"
    assert heard[1] == heard[0]
    assert exchange.bytes_sent == len(heard[1])


@pytest.mark.parametrize(
    "source",
    [Parts([b"abc"], 4), Parts([b"abc", b"de"], 4)],
    ids=["shorter than it said", "longer than it said"],
)
async def test_a_source_that_breaks_its_word_is_our_own_fault(
    client: Client, source: Parts
) -> None:
    async with serving(answering(OK)) as server:
        exchange = await client.exchange(prepare("POST", server.origin, source=source))
        assert (exchange.status, exchange.error) == (0, "local")
        assert source.is_closed
        assert (await client.exchange(prepare("GET", server.origin))).status == 200

    assert len(server.visits) == 2


async def test_a_file_that_has_gone_is_our_own_fault(client: Client, tmp_path: Path) -> None:
    path = tmp_path / "body"
    path.write_bytes(b"x")
    source = FileBody(path)
    path.unlink()
    async with serving(answering(OK)) as server:
        exchange = await client.exchange(prepare("POST", server.origin, source=source))

    assert (exchange.status, exchange.error) == (0, "local")


async def test_an_answer_before_the_end_stops_the_upload(client: Client) -> None:
    source = Parts([b"x" * MIB] * 100, 100 * MIB)

    async def script(visit: Visit) -> None:
        await visit.reader.readexactly(100)
        await visit.say(TOO_LARGE)
        visit.hold()
        await asyncio.sleep(5)

    async with serving(script) as server:
        exchange = await client.exchange(prepare("PUT", server.origin, source=source))
        assert (exchange.status, exchange.error) == (413, None)
        await asyncio.sleep(0.01)

    assert source.is_closed
    assert source.taken < _UNDER_WAY


async def test_a_timeout_and_a_cancellation_close_the_source(client: Client) -> None:
    async def script(visit: Visit) -> None:
        visit.hold()
        await asyncio.sleep(5)

    async with serving(script) as server:
        source = Parts([b"x" * MIB] * 100, 100 * MIB)
        exchange = await client.exchange(prepare("PUT", server.origin, source=source, timeout=0.2))
        assert exchange.error == "timeout"
        await asyncio.sleep(0.01)
        assert source.is_closed

        source = Parts([b"x" * MIB] * 100, 100 * MIB)
        pending = asyncio.create_task(client.exchange(prepare("PUT", server.origin, source=source)))
        await asyncio.sleep(0.1)
        pending.cancel()
        with pytest.raises(asyncio.CancelledError):
            await pending
        await asyncio.sleep(0.01)
        assert source.is_closed
        assert source.taken < _UNDER_WAY
