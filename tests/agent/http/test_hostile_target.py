"""A target that means harm: every exchange ends, in time, and takes no more memory than its limits say.

What is broken rather than hostile stands in test_framing.py, test_timeouts.py and test_tls.py.
"""

from __future__ import annotations

import asyncio
import gzip
import json
import sys
import zlib
from contextlib import AsyncExitStack
from time import monotonic
from typing import TYPE_CHECKING

import pytest

from groundswell_agent.http.content import UndecodableBody, decoded
from groundswell_agent.http.limits import (
    DEFAULT_BODY_LIMIT,
    LONGEST_HOST,
    MOST_CODINGS,
    MOST_INTERIM,
    MOST_NAMES,
    MOST_PIECES,
)
from groundswell_agent.http.request import InvalidRequest, Origin, prepare
from groundswell_agent.http.resolver import Resolver
from tests.agent.http.attacks import CHUNKED, ENDLESS, endless
from tests.agent.http.raw_server import OK, Visit, answering, once, serving

if TYPE_CHECKING:
    from groundswell_agent.http.client import Client

_MIB = 1024 * 1024
_HINT = b"HTTP/1.1 103 Early Hints\r\n\r\n"


@pytest.mark.parametrize(
    ("beginning", "byte"),
    [
        (b"HTTP/1.1 200 ", b"O"),
        (b"HTTP/1.1 200 OK\r\nX: ", b"y"),
        (b"HTTP/1.1 200 OK\r\nContent-Length: 9999\r\n\r\n", b"x"),
        (CHUNKED, b"0"),
        (CHUNKED + b"ffff\r\n", b"x"),
        (CHUNKED + b"1\r\nx\r\n0\r\nX: ", b"y"),
    ],
    ids=["status line", "header", "body", "size", "chunk", "trailer"],
)
async def test_a_response_byte_by_byte_ends_with_the_requests_timeout(
    client: Client, beginning: bytes, byte: bytes
) -> None:
    async with serving(endless(beginning, byte, apart=0.01)) as server:
        started = monotonic()
        exchange = await client.exchange(prepare("GET", server.origin, timeout=0.2))

        assert (exchange.status, exchange.error) == (0, "timeout")
        assert exchange.bytes_received > len(beginning)
        assert monotonic() - started < 5


@pytest.mark.parametrize("collects", [False, True])
async def test_so_many_interim_responses_are_passed_over_and_no_more(
    client: Client, *, collects: bool
) -> None:
    for count, expected in ((MOST_INTERIM, (200, None)), (1000, (0, "protocol"))):
        for parts in ([_HINT * count + OK], [_HINT * (count - 1), _HINT + OK]):
            async with serving(answering(*parts, apart=0.01)) as server:
                for _ in range(2):
                    request = prepare("GET", server.origin, collects=collects)
                    exchange = await client.exchange(request)
                    assert (exchange.status, exchange.error) == expected


@pytest.mark.parametrize(
    "size",
    [b"1" * 17, b"-1", b"0x5", b"", b"5 5", b"+5", b"ffffffffffffffffff"],
)
async def test_a_chunks_size_that_is_none_is_a_protocol_error(client: Client, size: bytes) -> None:
    async with serving(once(CHUNKED + size + b"\r\nhello\r\n0\r\n\r\n")) as server:
        exchange = await client.exchange(prepare("GET", server.origin, collects=True))

        assert (exchange.status, exchange.error) == (0, "protocol")


@pytest.mark.parametrize(
    ("length", "expected"),
    [
        # More than comes, then the end, or a wait for what does not come.
        (b"18446744073709551615", "reset"),
        (b"18446744073709551616", "protocol"),
        (b"-2", "protocol"),
        (b"2, 3", "protocol"),
        (b"0x2", "protocol"),
    ],
)
async def test_a_length_that_lies_never_makes_a_response(
    client: Client, length: bytes, expected: str
) -> None:
    answer = b"HTTP/1.1 200 OK\r\nContent-Length: %b\r\n\r\nok" % length
    async with serving(once(answer)) as server:
        exchange = await client.exchange(prepare("GET", server.origin, collects=True))

        assert (exchange.status, exchange.error) == (0, expected)


@pytest.mark.parametrize("collects", [True, False])
async def test_a_body_in_any_pieces_is_the_body(client: Client, *, collects: bool) -> None:
    pieces = 3 * MOST_PIECES + 5
    body = b"".join(b"%02x" % (number % 256) for number in range(pieces))
    chunks = b"".join(b"2\r\n%b\r\n" % body[at : at + 2] for at in range(0, len(body), 2))
    async with serving(answering(CHUNKED + chunks + b"0\r\n\r\n")) as server:
        for _ in range(2):
            request = prepare("GET", server.origin, collects=collects, keep_body=not collects)
            exchange = await client.exchange(request)

            assert (exchange.status, exchange.error) == (200, None)
            assert (exchange.collected if collects else exchange.body) == body


async def test_trailers_of_a_usual_size_are_let_pass(client: Client) -> None:
    trailers = b"X-Sum: 7\r\n" * 1000
    async with serving(answering(CHUNKED + b"2\r\nab\r\n0\r\n" + trailers + b"\r\n")) as server:
        for _ in range(20):
            exchange = await client.exchange(prepare("GET", server.origin, keep_headers=True))

            assert (exchange.status, exchange.error) == (200, None)
    assert len(server.visits) == 1


@pytest.mark.parametrize("attack", ["trailers", "one trailer", "a chunk's extension"])
async def test_where_trailers_would_be_put_together_they_have_a_limit(
    client: Client, attack: str
) -> None:
    async with serving(ENDLESS[attack]) as server:
        exchange = await client.exchange(prepare("GET", server.origin, keep_headers=True))

        assert (exchange.status, exchange.error) == (0, "protocol")
        assert exchange.bytes_received < _MIB


async def test_a_handshake_that_drips_for_ever_ends_in_time(client: Client) -> None:
    async def script(visit: Visit) -> None:
        # A handshake record of 16 KiB, of which every byte takes its time.
        await visit.say(b"\x16\x03\x03\x40\x00\x02\x00\x3f\xfc\x03\x03")
        while True:
            await visit.say(b"\x00", apart=0.01)

    async with serving(script) as server:
        origin = Origin.at("https", "127.0.0.1", server.port)
        started = monotonic()
        exchange = await client.exchange(prepare("GET", origin, timeout=0.2))

        assert (exchange.error, exchange.wrote) == ("timeout", False)
        assert monotonic() - started < 5


def test_codings_on_top_of_each_other_have_an_end() -> None:
    body = b"hello"
    for _ in range(MOST_CODINGS):
        body = zlib.compress(body, level=0)
    assert decoded(body, ["deflate"] * MOST_CODINGS, 100) == (b"hello", False)
    with pytest.raises(UndecodableBody, match="6 codings on top of each other"):
        decoded(zlib.compress(body), [", ".join(["deflate"] * (MOST_CODINGS + 1))], 100)


@pytest.mark.parametrize("coding", ["gzip", "deflate", "br", "zstd"])
def test_a_bomb_of_any_coding_is_cut_at_the_limit(coding: str) -> None:
    assert decoded(_bomb(coding), [coding], 1000) == (b"0" * 1000, True)


def test_a_window_of_zstd_that_is_too_wide_is_refused() -> None:
    zstandard = pytest.importorskip("zstandard")
    wide = zstandard.ZstdCompressionParameters(window_log=27)
    packer = zstandard.ZstdCompressor(compression_params=wide).compressobj()
    with pytest.raises(UndecodableBody, match="no zstd"):
        decoded(packer.compress(b"0" * 1000) + packer.flush(), ["zstd"], 1000)


def _bomb(coding: str) -> bytes:
    body = b"0" * 50 * _MIB
    match coding:
        case "gzip":
            return gzip.compress(body, compresslevel=1)
        case "deflate":
            return zlib.compress(body, level=1)
        case "br":
            return bytes(pytest.importorskip("brotli").compress(body, quality=1))
        case _:
            return bytes(pytest.importorskip("zstandard").compress(body))


async def test_names_without_end_are_not_all_remembered() -> None:
    class Loop:
        async def getaddrinfo(self, host: str, *_: object, **__: object) -> list[object]:
            return [(0, 0, 0, "", ("127.0.0.1", 0))]

        create_task = staticmethod(asyncio.create_task)

    resolver = Resolver(Loop())  # type: ignore[arg-type]  # all that it asks of one
    for number in range(MOST_NAMES + 10):
        await resolver.addresses(f"h{number}.test")
    lookups = resolver.lookups
    await resolver.addresses(f"h{MOST_NAMES}.test")
    assert resolver.lookups == lookups
    await resolver.addresses("h0.test")
    assert resolver.lookups == lookups + 1


def test_a_host_longer_than_any_is_none() -> None:
    assert Origin.at("http", "a" * LONGEST_HOST).port == 80
    with pytest.raises(InvalidRequest, match="at most 253 letters, not 254"):
        Origin.at("http", "a" * (LONGEST_HOST + 1))


async def test_the_memory_of_an_agent_under_attack_stays_within_a_bound() -> None:
    """All attacks, one after the other, on a process of its own; many times what a step may read arrives."""
    async with AsyncExitStack() as stack:
        servers = [await stack.enter_async_context(serving(one)) for one in ENDLESS.values()]
        process = await asyncio.create_subprocess_exec(
            *(sys.executable, "-m", "tests.agent.http.besieged"),
            *(str(server.port) for server in servers),
            stdout=asyncio.subprocess.PIPE,
        )
        said, _ = await process.communicate()
    told = {
        attack: json.loads(line) for attack, line in zip(ENDLESS, said.splitlines(), strict=True)
    }
    received = 0
    for attack, one in told.items():
        for error, took, size in one["found"]:
            assert error in {"timeout", "protocol"}, (attack, error)
            # The loop looks at what is due in between, whatever it is sent.
            assert took < 10, (attack, took)
            received += size
        assert one["grown"] < 2 * DEFAULT_BODY_LIMIT, (attack, told)
    assert received > 2 * DEFAULT_BODY_LIMIT
