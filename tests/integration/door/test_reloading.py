"""Certificates and tokens that change while a coordinator serves."""

from __future__ import annotations

import logging
from datetime import timedelta
from typing import TYPE_CHECKING

import pytest

from groundswell.credentials import Remote
from groundswell.errors import CoordinatorRefuses
from groundswell_coordinator.access.role import Role
from groundswell_coordinator.access.tokens import Tokens
from groundswell_coordinator.certs.authority import Authority
from groundswell_coordinator.client import ControlClient
from groundswell_coordinator.failure import CoordinatorGone
from tests.free_port import free_port
from tests.integration.door.guarded import guarded_site
from tests.integration.scripted_agent import ScriptedAgent
from tests.integration.site import lasting_site

if TYPE_CHECKING:
    from pathlib import Path

    from tests.integration.door.guarded import Guarded, Papers


async def test_a_new_authority_counts_for_the_next_connection_and_open_ones_stay(
    mutual: Guarded, papers: Papers
) -> None:
    viewer, agent = papers.certificate(Role.VIEWER), papers.certificate(Role.AGENT)
    async with (
        ScriptedAgent(mutual.site.address, credentials=agent) as attached,
        ControlClient(mutual.remote(viewer)) as before,
    ):
        await before.agents()
        papers.authority = Authority.create()
        papers.renew_server(papers.authority)
        mutual.access.refresh()
        # The stream and the channel are as good as they were.
        assert [one.name for one in await before.agents()] == [attached.name]
        async with ControlClient(mutual.remote(viewer)) as after:
            with pytest.raises(CoordinatorRefuses, match="does not take the certificate"):
                await after.agents()
        async with ControlClient(mutual.remote(papers.certificate(Role.VIEWER, "new"))) as after:
            assert [one.name for one in await after.agents()] == [attached.name]


async def test_files_that_are_of_no_use_change_nothing_and_are_complained_of_once(
    mutual: Guarded, papers: Papers, caplog: pytest.LogCaptureFixture
) -> None:
    viewer = papers.certificate(Role.VIEWER)
    good = papers.server.certificate.read_bytes()
    for content in (b"nonsense", papers.authority.roots_pem, b""):
        papers.server.certificate.write_bytes(content)
        caplog.clear()
        with caplog.at_level(logging.INFO):
            mutual.access.refresh()
            mutual.access.refresh()
        assert [record.levelname for record in caplog.records] == ["ERROR"]
        assert "those of before stay in use" in caplog.text
        async with ControlClient(mutual.remote(viewer)) as client:
            assert await client.agents() == []
    papers.server.certificate.write_bytes(good)
    caplog.clear()
    with caplog.at_level(logging.INFO):
        mutual.access.refresh()
    assert "certificates: read anew" in caplog.text


def test_what_changes_while_it_is_read_is_read_again(
    papers: Papers, monkeypatch: pytest.MonkeyPatch
) -> None:
    read = Tokens.read

    def read_too_early(path: Path) -> Tokens:
        found = read(path)
        monkeypatch.undo()
        papers.token(Role.VIEWER)
        return found

    monkeypatch.setattr(Tokens, "read", read_too_early)
    access = papers.access(mutual=False, tokens=True)
    access.refresh()
    assert access.tokens is not None
    assert [line.role for line in access.tokens.lines] == [Role.VIEWER]


async def test_a_token_counts_as_long_as_its_line_is_there(tmp_path: Path, papers: Papers) -> None:
    viewer = papers.token(Role.VIEWER)
    async with guarded_site(tmp_path, papers, mutual=False, tokens=True) as guarded:
        operator = papers.token(Role.OPERATOR)
        guarded.access.refresh()
        async with (
            ControlClient(guarded.remote(viewer)) as first,
            ControlClient(guarded.remote(operator)) as second,
        ):
            assert await first.agents() == await second.agents() == []
            papers.tokens.write_text("")
            guarded.access.refresh()
            for client in (first, second):
                with pytest.raises(CoordinatorRefuses, match="does not know this token"):
                    await client.agents()


async def test_certificate_and_token_together_may_what_either_may(
    tmp_path: Path, papers: Papers
) -> None:
    certificate, token = papers.certificate(Role.AGENT), papers.token(Role.OPERATOR)
    both = type(token)(token.ca, certificate.cert, certificate.key, token.token_file)
    async with (
        guarded_site(tmp_path, papers, tokens=True) as guarded,
        ControlClient(guarded.remote(both)) as client,
        ScriptedAgent(guarded.site.address, credentials=both),
    ):
        assert len(await client.agents()) == 1


async def test_a_client_that_waits_for_its_coordinator_reads_its_files_anew(
    tmp_path: Path, papers: Papers
) -> None:
    viewer = papers.certificate(Role.VIEWER, "alice")
    async with ControlClient(Remote("127.0.0.1", free_port(), viewer)) as client:
        async with lasting_site(
            tmp_path, address=client.address, access=papers.access(mutual=True)
        ):
            assert await client.agents() == []
        papers.authority = Authority.create()
        papers.renew_server(papers.authority)
        papers.certificate(Role.VIEWER, "alice")
        async with lasting_site(
            tmp_path, address=client.address, access=papers.access(mutual=True)
        ):
            with pytest.raises(CoordinatorGone):
                await client.agents()
            assert await client.agents() == []


async def test_an_agent_s_certificate_that_ends_soon_is_warned_of_when_it_attaches(
    mutual: Guarded, papers: Papers, caplog: pytest.LogCaptureFixture
) -> None:
    soon = papers.certificate(Role.AGENT, "zone-a", left=timedelta(minutes=20))
    for _ in range(2):
        async with ScriptedAgent(mutual.site.address, credentials=soon):
            pass
    said = [record.message for record in caplog.records if "expires" in record.message]
    assert said == ["the certificate zone-a of an agent expires within 1 hour: renew it"]
