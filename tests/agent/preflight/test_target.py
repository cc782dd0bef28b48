"""Reaching real servers, without a request: what each says, and what each hears."""

from __future__ import annotations

import asyncio
import datetime
import socket
import ssl
from typing import TYPE_CHECKING

import pytest
import trustme

from groundswell_agent.http.connector import Connector
from groundswell_agent.http.request import Origin
from groundswell_agent.preflight.check import Status
from groundswell_agent.preflight.target import OFFERED, reach
from tests.agent.http.raw_server import serving
from tests.integration.scripted_agent import eventually

if TYPE_CHECKING:
    from collections.abc import Generator

    from groundswell_agent.preflight.check import Check
    from groundswell_agent.preflight.target import Reached
    from tests.agent.http.raw_server import Visit


@pytest.fixture(scope="module")
def authority() -> trustme.CA:
    return trustme.CA()


@pytest.fixture
def trusting(authority: trustme.CA) -> ssl.SSLContext:
    context = ssl.create_default_context()
    authority.configure_trust(context)  # pyright: ignore[reportUnknownMemberType]  # pyOpenSSL has no types
    context.set_alpn_protocols(list(OFFERED))
    return context


def serving_context(
    authority: trustme.CA, name: str, *protocols: str, ends_in_days: float = 90
) -> ssl.SSLContext:
    ends = datetime.datetime.now(datetime.UTC) + datetime.timedelta(days=ends_in_days)
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    authority.issue_cert(name, not_after=ends).configure_cert(context)  # pyright: ignore[reportUnknownMemberType]  # pyOpenSSL has no types
    if protocols:
        context.set_alpn_protocols(list(protocols))
    return context


async def silent(visit: Visit) -> None:
    """Whatever it is asked goes on record; it answers nothing."""
    await visit.request()


@pytest.fixture
def dead_port() -> Generator[int]:
    """Bound, so that nobody else gets it, and not listened at."""
    with socket.socket() as bound:
        bound.bind(("127.0.0.1", 0))
        yield bound.getsockname()[1]


def told(reached: Reached) -> dict[str, Check]:
    return {check.subject: check for check in reached.checks}


async def test_one_connection_and_not_a_byte_of_a_request() -> None:
    async with serving(silent) as server:
        reached = await reach(server.origin)
        await eventually(lambda: len(server.visits) == 1)
        await asyncio.sleep(0.05)
        assert [visit.heard for visit in server.visits] == [b""]
    assert [(one.subject, one.status) for one in reached.checks] == [("connection", Status.OK)]
    assert reached.addresses == 1
    assert reached.checks[0].message.startswith(f"to 127.0.0.1:{server.origin.port}, ")


async def test_a_name_is_looked_up_and_its_addresses_are_told() -> None:
    async with serving(silent) as server:
        reached = await reach(Origin.at("http", "localhost", server.origin.port))
    assert told(reached)["name"].message.startswith("localhost is ")
    assert told(reached)["connection"].status is Status.OK
    assert reached.addresses >= 1


async def test_a_name_without_an_address() -> None:
    reached = await reach(Origin.at("http", "no-such-host.invalid"), patience_s=10)
    (check,) = reached.checks
    assert (check.status, check.code) == (Status.ERROR, "target_unresolved")
    assert not check.refuses
    assert check.hint == "unless that changes, requests fail with error:dns"
    assert reached.addresses == 0


async def test_a_target_that_refuses_does_not_refuse_the_run(dead_port: int) -> None:
    reached = await reach(Origin.at("http", "127.0.0.1", dead_port))
    (check,) = reached.checks
    assert (check.status, check.code, check.refuses) == (Status.ERROR, "target_unreachable", False)
    assert check.message == f"127.0.0.1:{dead_port} refused the connection"
    assert check.hint == "unless that changes, requests fail with error:refused"


async def test_a_target_that_never_answers_is_not_waited_for() -> None:
    """Over TLS, because the kernel takes a connection for whoever listens."""
    with socket.create_server(("127.0.0.1", 0)) as frozen:
        origin = Origin.at("https", "127.0.0.1", frozen.getsockname()[1])
        reached = await asyncio.wait_for(reach(origin, patience_s=0.3), 10)
    assert [one.status for one in reached.checks] == [Status.OK, Status.ERROR]
    assert reached.checks[-1].message == (f"127.0.0.1:{origin.port} did not answer within 0.3 s")


async def test_a_certificate_that_is_good(authority: trustme.CA, trusting: ssl.SSLContext) -> None:
    tls = serving_context(authority, "127.0.0.1", "http/1.1")
    async with serving(silent, tls=tls) as server:
        reached = await reach(server.origin, Connector(tls=trusting), patience_s=10)
        await asyncio.sleep(0.05)
        assert server.heard == b""
    end = datetime.datetime.now(datetime.UTC) + datetime.timedelta(days=90)
    assert [one.status for one in reached.checks] == [Status.OK, Status.OK]
    assert told(reached)["tls"].message.startswith("TLSv1.3, ")
    assert told(reached)["tls"].message.endswith(f"certificate valid until {end:%Y-%m-%d}")


async def test_a_certificate_that_ends_soon(
    authority: trustme.CA, trusting: ssl.SSLContext
) -> None:
    tls = serving_context(authority, "127.0.0.1", ends_in_days=2)
    async with serving(silent, tls=tls) as server:
        reached = await reach(server.origin, Connector(tls=trusting), patience_s=10)
    check = told(reached)["tls"]
    assert (check.status, check.code) == (Status.WARNING, "target_tls")
    assert f"127.0.0.1:{server.origin.port} is valid until" in check.message


@pytest.mark.parametrize("name", ["127.0.0.1", "another.test"])
async def test_a_certificate_that_is_not(
    authority: trustme.CA, trusting: ssl.SSLContext, name: str
) -> None:
    """Of an authority that nobody here trusts, or of another host."""
    tls = serving_context(authority, name)
    async with serving(silent, tls=tls) as server:
        context = trusting if name == "another.test" else None
        reached = await reach(
            server.origin, Connector(tls=context) if context else None, patience_s=10
        )
    check = told(reached)["tls"]
    assert (check.status, check.code, check.refuses) == (Status.ERROR, "target_tls", False)
    assert check.message.startswith(
        f"the TLS handshake with 127.0.0.1:{server.origin.port} failed: "
    )
    assert "mismatch" in check.message if context else "issuer" in check.message
    assert check.hint == "unless that changes, requests fail with error:tls"


@pytest.mark.parametrize("protocols", [("h2", "http/1.1"), ("http/1.1",), ()])
async def test_a_target_that_would_speak_http_2_is_told_of(
    authority: trustme.CA, trusting: ssl.SSLContext, protocols: tuple[str, ...]
) -> None:
    tls = serving_context(authority, "127.0.0.1", *protocols)
    async with serving(silent, tls=tls) as server:
        reached = await reach(server.origin, Connector(tls=trusting), patience_s=10)
    warned = [check.code for check in reached.checks if check.status is Status.WARNING]
    assert warned == (["target_http2"] if "h2" in protocols else [])


async def test_a_target_that_speaks_no_tls() -> None:
    async def plain(visit: Visit) -> None:
        await visit.say(b"HTTP/1.1 400 Bad Request\r\nContent-Length: 0\r\n\r\n")

    async with serving(plain) as server:
        origin = Origin.at("https", "127.0.0.1", server.origin.port)
        reached = await reach(origin, patience_s=10)
    assert told(reached)["tls"].status is Status.ERROR
