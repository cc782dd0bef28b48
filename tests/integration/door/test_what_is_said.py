"""Who is not let in hears why, in words of ours: gRPC itself says that a socket was closed."""

from __future__ import annotations

import asyncio
import socket
from dataclasses import replace
from datetime import timedelta
from typing import TYPE_CHECKING

import pytest

from groundswell.credentials import Credentials, Remote
from groundswell.errors import CoordinatorRefuses, CoordinatorUnreachable, InvalidConfiguration
from groundswell.exit_codes import ExitCode
from groundswell.tls_reason import tls_reason
from groundswell_coordinator.access.role import Role
from groundswell_coordinator.certs.authority import Authority
from groundswell_coordinator.client import ControlClient
from groundswell_coordinator.failure import CoordinatorGone
from tests.coordinator.certs.self_signed import self_signed
from tests.integration.door.guarded import guarded_site

if TYPE_CHECKING:
    from pathlib import Path

    from tests.integration.door.guarded import Guarded, Papers
    from tests.integration.site import Site


async def refusal(remote: Remote) -> CoordinatorUnreachable:
    async with ControlClient(remote) as client:
        with pytest.raises(CoordinatorUnreachable) as raised:
            await client.agents()
    assert raised.value.exit_code == ExitCode.COORDINATOR_UNREACHABLE
    assert raised.value.hint
    return raised.value


async def test_a_certificate_that_may_is_let_in(mutual: Guarded, papers: Papers) -> None:
    async with ControlClient(mutual.remote(papers.certificate(Role.VIEWER))) as client:
        assert await client.agents() == []


async def test_a_role_that_may_not_is_named(mutual: Guarded, papers: Papers) -> None:
    said = await refusal(mutual.remote(papers.certificate(Role.AGENT, "zone-a")))
    assert said.message == "certificate zone-a (agent) may not call ListAgents"
    assert said.hint == "operator or viewer may"


async def test_who_shows_nothing_is_told_what_to_show(mutual: Guarded, papers: Papers) -> None:
    assert "wants a certificate" in (await refusal(mutual.remote(papers.nothing()))).message


async def test_a_plain_connection_is_told_that_there_is_tls(mutual: Guarded) -> None:
    assert "speaks TLS" in (await refusal(mutual.remote(Credentials()))).message


async def test_tls_to_a_coordinator_without_it_is_told_so(site: Site, papers: Papers) -> None:
    remote = Remote.of(site.address, papers.certificate(Role.VIEWER))
    assert "speaks no TLS" in (await refusal(remote)).message


async def test_another_authority_than_the_coordinator_s_is_named(
    mutual: Guarded, papers: Papers, tmp_path: Path
) -> None:
    other = tmp_path / "other.crt"
    other.write_bytes(Authority.create().roots_pem)
    said = await refusal(mutual.remote(replace(papers.certificate(Role.VIEWER), ca=other)))
    assert f"is not of {other}" in said.message


async def test_a_name_that_the_certificate_does_not_have_is_named(
    mutual: Guarded, papers: Papers
) -> None:
    papers.server.write(papers.authority.issue_coordinator("c", ["load.internal"]), b"")
    papers.server.roots.write_bytes(papers.authority.roots_pem)
    mutual.access.refresh()
    said = await refusal(mutual.remote(papers.certificate(Role.VIEWER)))
    assert "is for other names than 127.0.0.1" in said.message


@pytest.mark.parametrize("expired", ["mine", "the coordinator's"])
async def test_an_end_that_has_come_is_said(mutual: Guarded, papers: Papers, expired: str) -> None:
    ended = timedelta(minutes=-1)
    mine = papers.certificate(Role.VIEWER, left=ended if expired == "mine" else timedelta(days=1))
    if expired != "mine":
        issued = papers.authority.issue_coordinator("c", ["127.0.0.1"], ended)
        papers.server.write(issued, papers.authority.roots_pem)
        mutual.access.refresh()
    said = await refusal(mutual.remote(mine))
    assert "has expired" in said.message
    assert (str(mine.cert) in said.message) == (expired == "mine")


async def test_a_certificate_that_the_coordinator_does_not_take_is_named(
    mutual: Guarded, papers: Papers
) -> None:
    mine = papers.certificate(Role.VIEWER, foreign=True)
    assert (
        f"does not take the certificate {mine.cert}" in (await refusal(mutual.remote(mine))).message
    )


async def test_a_key_of_another_certificate_is_found_before_anything_is_sent(
    mutual: Guarded, papers: Papers
) -> None:
    mine, other = papers.certificate(Role.VIEWER), papers.certificate(Role.AGENT)
    assert (
        f"{other.key} is not the key of {mine.cert}"
        in (await refusal(mutual.remote(replace(mine, key=other.key)))).message
    )


async def test_a_key_that_grpc_does_not_take_is_named(
    mutual: Guarded, papers: Papers, tmp_path: Path
) -> None:
    """OpenSSL would shake hands with it."""
    cert, key = self_signed(tmp_path, "ed25519")
    said = await refusal(mutual.remote(replace(papers.nothing(), cert=cert, key=key)))
    assert said.message == f"the key of {cert} is of a kind that gRPC does not take"


async def test_a_token_that_is_not_in_the_list_is_refused(tmp_path: Path, papers: Papers) -> None:
    async with guarded_site(tmp_path, papers, mutual=False, tokens=True) as guarded:
        said = await refusal(guarded.remote(papers.shown_token("gsw_guessed")))
        assert "does not know this token" in said.message
        assert "gsw_guessed" not in str(said)
        assert "wants to know who asks" in (await refusal(guarded.remote(papers.nothing()))).message


async def test_a_coordinator_that_is_not_there_is_gone_and_no_more(papers: Papers) -> None:
    async with ControlClient(Remote("127.0.0.1", 9, papers.nothing())) as client:
        with pytest.raises(CoordinatorGone, match="no coordinator answers"):
            await client.agents()


@pytest.mark.parametrize("content", ["", "two words", "snowman ☃", "x" * 5000])
async def test_a_file_that_holds_no_token_is_named_and_not_quoted(
    papers: Papers, tmp_path: Path, content: str
) -> None:
    file = tmp_path / "word"
    file.write_text(content)
    credentials = Credentials(ca=papers.server.roots, token_file=file)
    with pytest.raises(InvalidConfiguration, match="holds no token") as raised:
        credentials.token()
    assert not content or content not in str(raised.value)


def test_a_refusal_is_no_reason_to_wait() -> None:
    assert not issubclass(CoordinatorRefuses, CoordinatorGone)


def test_the_path_of_a_socket_is_no_name_to_look_up(monkeypatch: pytest.MonkeyPatch) -> None:
    def fail(*_: object) -> None:
        pytest.fail("looked up")

    monkeypatch.setattr(socket, "getaddrinfo", fail)
    assert tls_reason(Remote.of("unix:/nowhere/coordinator")) is None


async def test_a_forwarded_port_behind_which_nobody_is_says_nothing_of_certificates(
    papers: Papers,
) -> None:
    async def close(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        writer.close()

    async with await asyncio.start_server(close, "127.0.0.1", 0) as server:
        port = server.sockets[0].getsockname()[1]
        said = await refusal(Remote("127.0.0.1", port, papers.certificate(Role.VIEWER)))
    assert isinstance(said, CoordinatorGone)
