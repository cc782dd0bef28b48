from __future__ import annotations

import stat
from datetime import timedelta
from typing import TYPE_CHECKING

import pytest

from groundswell.errors import InvalidConfiguration
from groundswell_coordinator.access.role import Role
from groundswell_coordinator.certs.authority import AUTHORITY_VALIDITY, Issued
from groundswell_coordinator.certs.authority_folder import AuthorityFolder
from groundswell_coordinator.certs.issued_folder import read_certificates, roles_of
from tests.coordinator.certs.handshake import Refused, shake_hands

if TYPE_CHECKING:
    from pathlib import Path

    from groundswell_coordinator.certs.issued_folder import IssuedFolder


@pytest.fixture
def folder(tmp_path: Path) -> AuthorityFolder:
    return AuthorityFolder.create(tmp_path / "certs", AUTHORITY_VALIDITY)


def issued(folder: AuthorityFolder, name: str, days: int = 365) -> IssuedFolder:
    place = folder.place(name)
    validity = timedelta(days=days)
    if name == "coordinator":
        folder.write(place, folder.authority.issue_coordinator(name, ["localhost"], validity))
    else:
        folder.write(place, folder.authority.issue_role(Role.AGENT, name, validity))
    return place


def meet(tmp_path: Path, roots: IssuedFolder, server: IssuedFolder, client: IssuedFolder) -> None:
    near, far = (Issued(x.certificate.read_bytes(), x.key.read_bytes()) for x in (client, server))
    shake_hands(tmp_path, roots.roots.read_bytes(), far, near, "localhost")


def test_keys_are_for_their_owner_s_eyes_only(folder: AuthorityFolder) -> None:
    place = issued(folder, "agent")
    for path, mode in (
        (folder.path, 0o700),
        (place.path, 0o700),
        (folder.path / "ca.key", 0o600),
        (place.key, 0o600),
    ):
        assert stat.S_IMODE(path.stat().st_mode) == mode, path


def test_nothing_is_written_over(folder: AuthorityFolder) -> None:
    issued(folder, "agent")
    key = (folder.path / "ca.key").read_bytes()
    with pytest.raises(InvalidConfiguration, match="has an authority already"):
        AuthorityFolder.create(folder.path, AUTHORITY_VALIDITY)
    with pytest.raises(InvalidConfiguration, match="has a certificate already"):
        folder.place("agent")
    assert (folder.path / "ca.key").read_bytes() == key


@pytest.mark.parametrize("name", ["", "..", "a/b", ".hidden", "x" * 65])
def test_a_name_stays_in_its_folder(folder: AuthorityFolder, name: str) -> None:
    with pytest.raises(InvalidConfiguration):
        folder.place(name)


def test_a_folder_without_an_authority_says_how_to_make_one(tmp_path: Path) -> None:
    with pytest.raises(InvalidConfiguration, match="certs init"):
        AuthorityFolder.open(tmp_path)


def test_an_authority_that_is_damaged_is_said_to_be(folder: AuthorityFolder) -> None:
    (folder.path / "ca.key").write_bytes(b"nonsense")
    with pytest.raises(InvalidConfiguration, match="cannot be read"):
        AuthorityFolder.open(folder.path)


def test_what_has_a_third_of_its_time_left_is_due(folder: AuthorityFolder) -> None:
    place = issued(folder, "agent", days=365)
    assert folder.due([place]) == []
    # An hour of the past is always in it: of a certificate for 29 minutes, less than a third is left.
    short = folder.place("short")
    folder.write(short, folder.authority.issue_role(Role.AGENT, "short", timedelta(minutes=29)))
    assert folder.due(folder.issued()) == [short]


def test_an_authority_is_replaced_while_old_and_new_certificates_meet(
    tmp_path: Path, folder: AuthorityFolder
) -> None:
    server, agent = issued(folder, "coordinator"), issued(folder, "agent")
    folder.replace_authority([server, agent], AUTHORITY_VALIDITY)
    assert len(read_certificates(agent.roots)) == 2
    meet(tmp_path, agent, server, agent)

    folder = AuthorityFolder.open(folder.path)
    assert folder.due([server, agent]) == [server, agent]
    folder.renew(agent, None)
    with pytest.raises(InvalidConfiguration, match="coordinator: still of the authority"):
        folder.forget_replaced([server, agent])
    meet(tmp_path, agent, server, agent)  # one of each
    old_server = server.certificate.read_bytes(), server.key.read_bytes()
    folder.renew(server, None)
    meet(tmp_path, agent, server, agent)

    folder.forget_replaced([server, agent])
    assert len(read_certificates(agent.roots)) == 1
    meet(tmp_path, agent, server, agent)
    server.certificate.write_bytes(old_server[0])
    server.key.write_bytes(old_server[1])
    with pytest.raises(Exception, match="certificate verify failed"):
        meet(tmp_path, agent, server, agent)
    assert roles_of(agent.read()) == (Role.AGENT,)


def test_a_replaced_authority_s_agents_are_refused_at_the_end(
    tmp_path: Path, folder: AuthorityFolder
) -> None:
    server, agent = issued(folder, "coordinator"), issued(folder, "agent")
    stolen = Issued(agent.certificate.read_bytes(), agent.key.read_bytes())
    folder.replace_authority([server, agent], AUTHORITY_VALIDITY)
    for one in (server, agent):
        folder.renew(one, None)
    folder.forget_replaced([server, agent])
    mine = Issued(server.certificate.read_bytes(), server.key.read_bytes())
    with pytest.raises(Refused):
        shake_hands(tmp_path, server.roots.read_bytes(), mine, stolen, "localhost")
