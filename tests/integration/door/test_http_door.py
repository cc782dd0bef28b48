"""The HTTP side behind TLS: probes show nothing, what is to be seen is a viewer's."""

from __future__ import annotations

import asyncio
import ssl
import time
from contextlib import asynccontextmanager, suppress
from typing import TYPE_CHECKING

import pytest

from groundswell.address import Address
from groundswell_coordinator.access.role import Role
from groundswell_coordinator.certs.authority import Authority
from groundswell_coordinator.services import door
from groundswell_coordinator.services.exposition import gauge
from groundswell_coordinator.services.http import HttpSide
from groundswell_coordinator.services.readiness import Readiness

if TYPE_CHECKING:
    from collections.abc import AsyncGenerator

    from groundswell.credentials import Credentials
    from groundswell_coordinator.access.access import Access
    from tests.integration.door.guarded import Papers


@asynccontextmanager
async def serving(access: Access) -> AsyncGenerator[int]:
    http = HttpSide(Readiness(), lambda: [gauge("g", "G.", 1)], access)
    async with http.listening(Address("127.0.0.1", 0)) as port:
        yield port


async def get(port: int, path: str, shown: Credentials, *, header: str = "") -> str:
    context = ssl.create_default_context(cafile=shown.ca)
    if shown.cert is not None and shown.key is not None:
        context.load_cert_chain(shown.cert, shown.key)
    reader, writer = await asyncio.open_connection(
        "127.0.0.1", port, ssl=context, server_hostname="localhost"
    )
    request = f"GET {path} HTTP/1.1\r\nHost: x\r\n{header}\r\n"
    writer.write(request.encode(errors="surrogateescape"))
    answer = await asyncio.wait_for(reader.read(), 10)
    writer.close()
    return answer.decode()


async def test_a_probe_needs_nothing(papers: Papers) -> None:
    async with serving(papers.access(mutual=True)) as port:
        for path in ("/healthz", "/readyz"):
            assert (await get(port, path, papers.nothing())).startswith("HTTP/1.1 200")


@pytest.mark.parametrize(
    ("role", "status"), [(Role.VIEWER, 200), (Role.OPERATOR, 200), (Role.AGENT, 403)]
)
async def test_metrics_are_for_viewers_by_certificate_or_token(
    papers: Papers, role: Role, status: int
) -> None:
    token = papers.token(role)
    async with serving(papers.access(mutual=True, tokens=True)) as port:
        by_certificate = await get(port, "/metrics", papers.certificate(role))
        header = f"Authorization: Bearer {token.token()}\r\n"
        by_token = await get(port, "/metrics", papers.nothing(), header=header)
        for answer in (by_certificate, by_token):
            assert answer.startswith(f"HTTP/1.1 {status}")
            assert ("\ng 1\n" in answer) == (status == 200)


async def test_metrics_are_for_nobody_else(papers: Papers) -> None:
    async with serving(papers.access(mutual=True)) as port:
        assert (await get(port, "/metrics", papers.nothing())).startswith("HTTP/1.1 401")
        word = "Authorization: Bearer gsw_guessed\r\n"
        answer = await get(port, "/metrics", papers.nothing(), header=word)
        assert answer.startswith("HTTP/1.1 401")
        assert "gsw_guessed" not in answer
        foreign = papers.certificate(Role.VIEWER, foreign=True)
        # With TLS 1.3, a client hears of it when it reads, or only that there is nothing.
        with suppress(ssl.SSLError, ConnectionError):
            assert not await get(port, "/metrics", foreign)


async def test_a_token_that_is_no_text_is_one_that_nobody_knows(papers: Papers) -> None:
    papers.token(Role.VIEWER)
    async with serving(papers.access(mutual=True, tokens=True)) as port:
        answer = await get(
            port, "/metrics", papers.nothing(), header="Authorization: Bearer \udcff\r\n"
        )
        assert answer.startswith("HTTP/1.1 401")


async def test_a_renewed_certificate_is_shown_to_the_next_visitor(papers: Papers) -> None:
    access = papers.access(mutual=True)
    async with serving(access) as port:
        await get(port, "/healthz", papers.nothing())
        papers.renew_server(Authority.create())
        # Its roots are the new authority's by now, and the coordinator has not looked yet.
        with pytest.raises(ssl.SSLCertVerificationError):
            await get(port, "/healthz", papers.nothing())
        access.refresh()
        assert (await get(port, "/healthz", papers.nothing())).startswith("HTTP/1.1 200")


async def test_who_never_shakes_hands_keeps_nobody_out(
    papers: Papers, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(door, "PLACES", 4)
    async with serving(papers.access(mutual=True)) as port:
        silent = [await asyncio.open_connection("127.0.0.1", port) for _ in range(20)]
        begin = time.monotonic()
        assert (await get(port, "/healthz", papers.nothing())).startswith("HTTP/1.1 200")
        # Not after the time that each of them would have had.
        assert time.monotonic() - begin < door.STAY_S
        for _, writer in silent:
            writer.close()
