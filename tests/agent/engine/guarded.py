"""A server that asks for digests and checks each of them by itself."""

from __future__ import annotations

import hashlib
import itertools
import re
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from aiohttp import web

if TYPE_CHECKING:
    from collections.abc import AsyncGenerator

PASSWORDS = {"Ann": "secret", "Bob": "hidden"}
ANN = {"digest": {"user": "Ann", "password": "secret"}}
HASHES = {"MD5": hashlib.md5, "MD5-sess": hashlib.md5, "SHA-256": hashlib.sha256}


@dataclass
class Guarded:
    """A nonce is good for `uses` requests; counters must rise by one."""

    algorithm: str
    uses: int
    url: str = ""
    asked: list[tuple[str, str, int]] = field(default_factory=list[tuple[str, str, int]])
    users: list[str] = field(default_factory=list[str])
    counts: list[int] = field(default_factory=list[int])
    bodies: list[str] = field(default_factory=list[str])
    nonces: dict[str, int] = field(default_factory=dict[str, int])
    numbers: itertools.count[int] = field(default_factory=itertools.count)

    def hash(self, *parts: str) -> str:
        return HASHES[self.algorithm](":".join(parts).encode()).hexdigest()

    def challenge(self, *, stale: bool = False) -> web.Response:
        nonce = f"nonce-{next(self.numbers)}"
        self.nonces[nonce] = 0
        value = f'Digest realm="here", nonce="{nonce}", algorithm={self.algorithm}, qop="auth"'
        if stale:
            value += ", stale=true"
        headers = {"WWW-Authenticate": value, "Set-Cookie": "seen=1; Path=/"}
        return web.Response(status=401, headers=headers, text="no")

    def check(self, request: web.Request) -> web.Response | None:
        """None where the request may pass."""
        given = request.headers.get("Authorization", "")
        found = dict(re.findall(r'(\w+)="?([^",]*)"?', given))
        if not given.startswith("Digest ") or found["nonce"] not in self.nonces:
            return self.challenge()
        first = self.hash(found["username"], "here", PASSWORDS.get(found["username"], ""))
        if self.algorithm.endswith("-sess"):
            first = self.hash(first, found["nonce"], found["cnonce"])
        second = self.hash(request.method, request.raw_path)
        parts = first, found["nonce"], found["nc"], found["cnonce"], "auth", second
        if found["response"] != self.hash(*parts) or found["uri"] != request.raw_path:
            return self.challenge()
        if self.nonces[found["nonce"]] == self.uses:
            return self.challenge(stale=True)
        self.nonces[found["nonce"]] += 1
        assert int(found["nc"], 16) == self.nonces[found["nonce"]], "a counter was used twice"
        self.users.append(found["username"])
        self.counts.append(int(found["nc"], 16))
        return None

    async def handle(self, request: web.Request) -> web.Response:
        body = (await request.read()).decode("utf-8", "replace")
        answer = self.check(request)
        if answer is None:
            self.bodies.append(body)
            at = request.query.get("to")
            headers = {} if at is None else {"Location": at}
            answer = web.Response(status=200 if at is None else 302, text="yes", headers=headers)
        self.asked.append((request.method, request.path_qs, answer.status))
        return answer


@asynccontextmanager
async def guarding(algorithm: str = "MD5", uses: int = 1000) -> AsyncGenerator[Guarded]:
    guarded = Guarded(algorithm, uses)
    app = web.Application()
    app.router.add_route("*", "/{path:.*}", guarded.handle)
    runner = web.AppRunner(app, access_log=None, shutdown_timeout=1)
    await runner.setup()
    await web.TCPSite(runner, "127.0.0.1", 0).start()
    guarded.url = f"http://127.0.0.1:{runner.addresses[0][1]}"
    try:
        yield guarded
    finally:
        await runner.cleanup()
