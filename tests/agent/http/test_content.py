"""Content-Encoding: asked for only by those who read, taken off only when they do, and never too much."""

from __future__ import annotations

import gzip
import importlib.util
import zlib
from typing import TYPE_CHECKING

import pytest
from hypothesis import given
from hypothesis import strategies as st

from groundswell_agent.http.content import UndecodableBody, decoded
from groundswell_agent.http.request import prepare
from tests.agent.http.raw_server import OK, answering, serving

if TYPE_CHECKING:
    from groundswell_agent.http.client import Client

LIMIT = 1000


def _raw_deflate(body: bytes) -> bytes:
    packer = zlib.compressobj(wbits=-15)
    return packer.compress(body) + packer.flush()


@given(st.binary(max_size=LIMIT), st.binary(max_size=LIMIT))
def test_what_was_packed_comes_out_again(body: bytes, more: bytes) -> None:
    limit = len(body) + len(more)
    assert decoded(body, ["identity"], limit) == (body, False)
    assert decoded(gzip.compress(body), ["gzip"], limit) == (body, False)
    assert decoded(gzip.compress(body), ["X-GZip"], limit) == (body, False)
    assert decoded(zlib.compress(body), ["deflate"], limit) == (body, False)
    assert decoded(_raw_deflate(body), ["deflate"], limit) == (body, False)
    twice = gzip.compress(body) + gzip.compress(more)
    assert decoded(twice, ["gzip"], limit) == (body + more, False)
    stacked = gzip.compress(zlib.compress(body))
    assert decoded(stacked, ["deflate, gzip"], limit + 100) == (body, False)
    assert decoded(stacked, ["deflate", "gzip"], limit + 100) == (body, False)


def test_a_bomb_is_cut_at_the_limit() -> None:
    bomb = gzip.compress(b"0" * 50_000_000)
    assert decoded(bomb, ["gzip"], LIMIT) == (b"0" * LIMIT, True)
    assert decoded(gzip.compress(bomb), ["gzip, gzip"], 100_000) == (b"0" * 100_000, True)
    assert decoded(gzip.compress(b"0" * LIMIT), ["gzip"], LIMIT) == (b"0" * LIMIT, False)
    assert decoded(zlib.compress(b"0" * 50_000_000), ["deflate"], LIMIT) == (b"0" * LIMIT, True)


def test_half_a_body_gives_what_is_in_it() -> None:
    packed = gzip.compress(b"abc" * 1000, compresslevel=0)
    found, cut = decoded(packed[:1500], ["gzip"], 10_000)
    assert not cut
    assert (b"abc" * 1000).startswith(found)
    assert len(found) > 1000


@pytest.mark.parametrize("coding", ["gzip", "deflate", "compress", "x-nobody"])
def test_what_cannot_be_decoded_is_refused(coding: str) -> None:
    with pytest.raises(UndecodableBody, match=coding):
        decoded(b"no such thing, and long enough", [coding], LIMIT)


@pytest.mark.parametrize(("coding", "package"), [("br", "brotli"), ("zstd", "zstandard")])
def test_a_coding_whose_package_is_missing_is_refused_with_its_name(
    coding: str, package: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    def missing(_name: str) -> None:
        return None

    monkeypatch.setattr(importlib.util, "find_spec", missing)
    with pytest.raises(UndecodableBody, match=coding) as refused:
        decoded(b"anything", [coding], LIMIT)
    assert package in (refused.value.hint or "")


async def test_only_who_keeps_the_body_asks_for_a_coding(client: Client) -> None:
    async with serving(answering(OK)) as server:
        for request, asked in (
            (prepare("GET", server.origin), False),
            (prepare("GET", server.origin, keep_headers=True), False),
            (prepare("GET", server.origin, keep_body=True), True),
            (prepare("GET", server.origin, headers={"Accept-Encoding": "x"}), True),
        ):
            await client.exchange(request)
            assert (b"Accept-Encoding:" in server.heard) is asked
            server.visits[0].heard = b""
        own = prepare("GET", server.origin, keep_body=True, headers={"accept-encoding": "x"})
        await client.exchange(own)
        assert server.heard.lower().count(b"accept-encoding: x") == 1
        assert server.heard.lower().count(b"accept-encoding") == 1


async def test_the_body_is_unpacked_when_it_is_read(client: Client) -> None:
    packed = gzip.compress(b"hello")
    answer = b"HTTP/1.1 200 OK\r\nContent-Encoding: gzip\r\nContent-Length: %d\r\n\r\n%b"
    async with serving(answering(answer % (len(packed), packed))) as server:
        for _ in range(2):
            exchange = await client.exchange(prepare("GET", server.origin, keep_body=True))
            assert exchange.body == packed
            assert exchange.content() == exchange.content() == b"hello"
        cut = prepare("GET", server.origin, keep_body=True, body_limit=len(packed) - 3)
        exchange = await client.exchange(cut)
        assert exchange.body_truncated
        assert b"hello".startswith(exchange.content())
        exchange = await client.exchange(prepare("GET", server.origin))
        assert exchange.content() == b""

    bomb = gzip.compress(b"0" * 1_000_000)
    async with serving(answering(answer % (len(bomb), bomb))) as server:
        limited = prepare("GET", server.origin, keep_body=True, body_limit=5000)
        exchange = await client.exchange(limited)
        assert not exchange.body_truncated
        assert exchange.content() == b"0" * 5000
        assert exchange.body_truncated


def test_a_body_of_a_great_many_empty_members_is_refused_and_not_gone_through() -> None:
    some, many = gzip.compress(b"x") * 256, gzip.compress(b"") * 257

    assert decoded(some, ["gzip"], 1024) == (b"x" * 256, False)
    with pytest.raises(UndecodableBody, match="more than 256 members"):
        decoded(many, ["gzip"], 1024)
