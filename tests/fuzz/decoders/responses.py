"""What a target answers: bytes of HTTP, bodies, cookies, challenges, redirects, captures of all kinds."""

from __future__ import annotations

import asyncio
import gzip
import zlib
from functools import cache
from typing import TYPE_CHECKING, Any, cast

from groundswell.scenario.json_path import parse_json_path
from groundswell.scenario.step_model import Capture
from groundswell_agent.engine.captures import compile_capture
from groundswell_agent.engine.cookies import Jar
from groundswell_agent.engine.redirects import redirected, take_cookies
from groundswell_agent.engine.response import Response
from groundswell_agent.http.body import body_of
from groundswell_agent.http.connection import Connection
from groundswell_agent.http.content import UndecodableBody, decoded
from groundswell_agent.http.digest import Credentials, asked_for
from groundswell_agent.http.exchange import Exchange
from groundswell_agent.http.head import header_names, header_values, lower_head
from groundswell_agent.http.limits import MOST_COOKIES
from groundswell_agent.http.proxy import Proxy, ProxyRefused, TunnelledConnection
from groundswell_agent.http.request import Origin, prepare
from tests.agent.http.test_splits import RESPONSES
from tests.agent.http.wire import NoSweeper, Wire
from tests.fuzz.decoder import Decoder

if TYPE_CHECKING:
    from groundswell_agent.http.request import PreparedRequest

_ORIGIN = Origin.at("http", "shop.test")
_REQUESTS = (
    prepare("GET", _ORIGIN),
    prepare("GET", _ORIGIN, keep_body=True, keep_headers=True, body_limit=64),
    prepare("POST", _ORIGIN, body=b"x", collects=True, body_limit=64),
    prepare("HEAD", _ORIGIN, keep_headers=True),
)


@cache
def _loop() -> asyncio.AbstractEventLoop:
    return asyncio.new_event_loop()


def _answered(request: PreparedRequest, parts: list[bytes]) -> Exchange:
    """What came of it; then the other side hangs up."""
    connection = Connection(_ORIGIN, cast("Any", NoSweeper()), _loop())
    wire = Wire()
    connection.connection_made(cast("Any", wire))
    exchange = Exchange()
    waiter = connection.start(request, exchange, 0.0)
    assert waiter is not None
    for part in parts:
        if part and not wire.closing:
            connection.data_received(part)
    if not waiter.done():
        connection.eof_received()
    assert waiter.done()
    connection.connection_lost(None)
    return exchange


def _http(data: bytes) -> None:
    """The first byte says which request it answers, and where the network cuts it."""
    if not data:
        return
    request, cut = _REQUESTS[data[0] % len(_REQUESTS)], data[0] // len(_REQUESTS)
    stream = data[1:]
    exchange = _answered(request, [stream[:cut], stream[cut:]])
    if exchange.error is not None:
        return
    assert 200 <= exchange.status <= 999
    head = lower_head(exchange.raw)
    for name in header_names(exchange.raw):
        for value in header_values(exchange.raw, name.encode("latin-1")):
            assert not set(value) & set("\r\n\0")
    jar = Jar()
    take_cookies(jar, request, exchange, head)
    redirected(request, exchange, jar)
    if request.handling.collects:
        try:
            assert len(body_of(exchange, head, 64)) <= 64
        except UndecodableBody:
            return


_ENCODINGS = (
    ["gzip"],
    ["deflate"],
    ["gzip, gzip"],
    ["br"],
    ["zstd"],
    ["identity"],
    ["x"],
    ["gzip,"],
)
_MOST = 10_000


def _body(data: bytes) -> None:
    if data:
        body, _ = decoded(data[1:], _ENCODINGS[data[0] % len(_ENCODINGS)], _MOST)
        assert len(body) <= _MOST


def _values(data: bytes) -> list[str]:
    """Of headers, one a line: the parser lets no other control character pass than a tab."""
    return data.decode("latin-1").replace("\r", "").replace("\0", "").split("\n")


def _cookies(data: bytes) -> None:
    lines = _values(data)
    jar = Jar()
    origin = Origin.at("https", "www.shop.test")
    for _ in range(3):
        jar.take(lines, origin, "/cart/items?x=1")
    assert len(jar.cookies) <= MOST_COOKIES
    for asked in (origin, _ORIGIN):
        assert "\r" not in jar.header_for(asked, "/cart/items")
        assert "\n" not in jar.header_for(asked, "/cart/items")


def _digest(data: bytes) -> None:
    challenge = asked_for(_values(data))
    if challenge is not None:
        for user in ("Mufasa", "J\u00e4s\u00f8n"):
            answer = Credentials(challenge, user, "Circle of Life").answer("GET", "/dir/index.html")
            assert "\r" not in answer
            assert "\n" not in answer


def _redirect(data: bytes) -> None:
    """A Location is answered with a request that is one, or not at all."""
    head = b"HTTP/1.1 302 Found\r\nLocation: " + data.replace(b"\n", b"").replace(b"\r", b"")
    exchange = Exchange()
    exchange.status, exchange.raw = 302, head + b"\r\n\r\n"
    following = redirected(_REQUESTS[2], exchange, Jar())
    if following is not None:
        line = following.payload.split(b"\r\n")[0]
        assert line.count(b" ") == 2, line


def _proxy(data: bytes) -> None:
    """The way through a proxy is made, or refused."""
    origin = Origin.at("https", "shop.test")
    way = TunnelledConnection(
        origin, cast("Any", NoSweeper()), _loop(), _context(), None, "shop.test", Proxy("p", 3128)
    )
    way.connection_made(cast("Any", Wire()))
    digging = _loop().create_task(way.dig())
    _loop().run_until_complete(asyncio.sleep(0))
    cut = len(data) // 2
    way.data_received(data[:cut] or b"H")
    # Nothing else tells whether it still listens to the proxy.
    if not digging.done() and way._dug is not None:  # pyright: ignore[reportPrivateUsage]
        way.data_received(data[cut:] or b"\r")
    way.connection_lost(None)
    _loop().run_until_complete(digging)


@cache
def _context() -> Any:  # noqa: ANN401  # of OpenSSL
    import ssl

    return ssl.create_default_context()


_CAPTURES = tuple(
    compile_capture(capture)
    for capture in (
        Capture(name="a", kind="json", source="$.a.b[0]", path=parse_json_path("$.a.b[0]")),
        Capture(name="b", kind="json", source="$..id", path=parse_json_path("$..id")),
        Capture(name="c", kind="regex", source=r'value="([^"]+)"'),
        Capture(name="d", kind="field", source="csrf"),
        Capture(name="e", kind="header", source="x"),
        Capture(name="f", kind="cookie", source="sid"),
    )
)


def _capture(data: bytes) -> None:
    exchange = Exchange()
    exchange.raw = b"HTTP/1.1 200 OK\r\nX: y\r\nSet-Cookie: sid=1; Path=/\r\n\r\n"
    exchange.collected = data
    response = Response(exchange, lower_head(exchange.raw), reads_body=True, reads_json=True)
    for find in _CAPTURES:
        find(response)
    header_values(exchange.raw, b"x")


_HTTP_WORDS = (
    *(
        b"HTTP/1.1 200 OK\r\n",
        b"HTTP/1.0 ",
        b"\r\n",
        b"\r\n\r\n",
        b"\n",
        b"\r",
        b" ",
        b": ",
        b"chunked",
    ),
    *(
        b"Content-Length: ",
        b"Transfer-Encoding: chunked\r\n",
        b"Connection: close\r\n",
        b"0\r\n\r\n",
    ),
    *(
        b"Content-Encoding: gzip\r\n",
        b"Set-Cookie: a=b\r\n",
        b"Location: /x\r\n",
        b"HTTP/1.1 103 H\r\n",
    ),
    *(
        b"Upgrade: x\r\n",
        b"Keep-Alive: x\r\n",
        b"Trailer: X\r\n",
        b"ffffffffffffffff\r\n",
        b"-1",
        b"101",
    ),
)


def _first(byte: int, *seeds: bytes) -> tuple[bytes, ...]:
    return tuple(bytes((byte,)) + seed for seed in seeds)


_TEXT = b'{"a": {"b": [1, {"id": 2}]}} <input name="csrf" value="x"><select name=csrf><option>1'

DECODERS = (
    Decoder(
        "HTTP response",
        _http,
        seeds=tuple(seed for byte in (0, 5, 42, 83) for seed in _first(byte, *RESPONSES)),
        words=_HTTP_WORDS,
    ),
    Decoder(
        "body with a coding",
        _body,
        seeds=(
            *_first(0, gzip.compress(_TEXT), gzip.compress(b"a" * 100_000) * 2),
            *_first(1, zlib.compress(_TEXT), zlib.compress(_TEXT)[2:-4]),
            *_first(2, gzip.compress(gzip.compress(_TEXT))),
            *_first(3, _TEXT),
        ),
        words=(b"\x1f\x8b\x08", b"\x78\x9c", b"\x28\xb5\x2f\xfd"),
    ),
    Decoder(
        "cookies",
        _cookies,
        seeds=(
            b"sid=1; Path=/; Domain=shop.test; Secure; HttpOnly; Max-Age=60; SameSite=Lax",
            b"a=b; Expires=Wed, 21 Oct 2065 07:28:00 GMT\nc=d; Path=/cart",
            "\n".join(f"c{n}=v" for n in range(200)).encode(),
        ),
        words=(b";", b"=", b"Domain=", b"Path=", b"Max-Age=", b"Expires=", b"\x00", b"\r", b".", b"-"),
    ),
    Decoder(
        "challenge of digest authentication",
        _digest,
        seeds=(
            b'Digest realm="a@b.c", qop="auth, auth-int", algorithm=SHA-256, nonce="7yp", opaque="F"',
            b'Basic realm="x", Digest realm="y", nonce="z", userhash=true, algorithm=MD5-sess',
            b'Digest realm="y", nonce="z", stale=TRUE',
        ),
        words=(b"Digest ", b",", b'"', b"\\", b"=", b"nonce=", b"algorithm=", b"MD5", b"SHA-512-256"),
    ),
    Decoder(
        "redirect",
        _redirect,
        seeds=(b"/next?x=1#y", b"https://[::1]:8443/a b", b"//other.test", b"../..", b"http://u:p@h/"),
        words=(b"http://", b"//", b"/", b"?", b"#", b"@", b"[", b"]", b":", b"%", b"\xff", b" ", b"\t"),
    ),
    Decoder(
        "answer of a proxy",
        _proxy,
        seeds=(
            b"HTTP/1.1 200 Connection established\r\n\r\n",
            b"HTTP/1.1 407 Proxy Authentication Required\r\nContent-Length: 0\r\n\r\n",
            b"HTTP/1.1 100 Continue\r\n\r\nHTTP/1.0 503 No\r\n\r\n",
            b"HTTP/1.1 200 Connection established\r\n\r\nhello",
        ),
        words=_HTTP_WORDS,
        refusals=(ProxyRefused,),
    ),
    Decoder(
        "captures",
        _capture,
        seeds=(
            _TEXT,
            b'{"a": {"b": [null]}, "x": [{"id": "1"}, {"id": {}}]}',
            b'<form><textarea name="csrf">\n x</textarea><input value="v" name="csrf"></form>',
        ),
        words=(
            *(b"<", b">", b"<input ", b"name=csrf", b"value=", b"<svg>", b"<template>", b"<!--", b"&#"),
            *(b"{" * 50, b"[" * 3000, b"\\ud800", b'"', b"\xff\xfe", b"\x00", b"</textarea>", b"<table>"),
        ),
    ),
)  # fmt: skip
