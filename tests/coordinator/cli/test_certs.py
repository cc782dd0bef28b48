"""`groundswell certs`, as it is typed."""

from __future__ import annotations

import json
import stat
from typing import TYPE_CHECKING

import pytest
from click.testing import CliRunner, Result

from groundswell.errors import GroundswellError
from groundswell_coordinator.access.role import Role
from groundswell_coordinator.access.tokens import Tokens
from groundswell_coordinator.certs.issued_folder import IssuedFolder, hosts_of, roles_of
from groundswell_coordinator.cli.certs_group import command

if TYPE_CHECKING:
    from pathlib import Path


def certs(folder: Path, *words: str) -> Result:
    verb, *rest = words
    return CliRunner().invoke(command, [verb, "--dir", str(folder), *rest])


def done(folder: Path, *words: str) -> str:
    """What is printed."""
    result = certs(folder, *words)
    assert result.exit_code == 0, result.output
    return result.output


def test_each_step_says_what_to_type_next(tmp_path: Path) -> None:
    folder = tmp_path / "certs"
    assert "groundswell certs issue coordinator --host" in done(folder, "init")
    said = done(folder, "issue", "coordinator", "--host", "load.internal", "--host", "10.0.0.7")
    tls = f"--ca {folder}/coordinator/ca.crt --cert {folder}/coordinator/tls.crt"
    assert f"groundswell coordinator --listen 0.0.0.0:9700 {tls}" in said
    said = done(folder, "issue", "agent", "--name", "zone-a")
    assert f"groundswell agent --coordinator load.internal:9700 --ca {folder}/zone-a/ca.crt" in said
    hosts = hosts_of(IssuedFolder(folder / "coordinator").read())
    assert hosts == ("load.internal", "localhost", "10.0.0.7", "127.0.0.1", "::1")
    assert roles_of(IssuedFolder(folder / "zone-a").read()) == (Role.AGENT,)


def test_what_there_is_is_listed_with_its_days(tmp_path: Path) -> None:
    folder = tmp_path / "certs"
    done(folder, "init")
    done(folder, "issue", "viewer", "--name", "alice", "--days", "10")
    lines = json.loads(done(folder, "list", "--json"))
    assert [(line["name"], line["kind"], line["days_left"]) for line in lines] == [
        ("ca", "authority", 3649),
        ("alice", "viewer", 9),
    ]
    assert "alice" in done(folder, "list")


def test_a_certificate_may_be_written_elsewhere_and_is_renewed_there(tmp_path: Path) -> None:
    folder, out = tmp_path / "certs", tmp_path / "out"
    done(folder, "init")
    done(folder, "issue", "operator", "--out", str(out))
    before = (out / "tls.crt").read_bytes()
    assert "nothing is due" in done(folder, "rotate", str(out))
    assert "operator" not in done(folder, "rotate", "--all")
    done(folder, "rotate", "--all", str(out))
    assert (out / "tls.crt").read_bytes() != before


def test_an_authority_is_replaced_step_by_step(tmp_path: Path) -> None:
    folder = tmp_path / "certs"
    done(folder, "init")
    done(folder, "issue", "agent")
    old = (folder / "ca.crt").read_bytes()
    assert "then: groundswell certs rotate" in done(folder, "rotate", "--ca")
    assert "--finish" in done(folder, "rotate")
    done(folder, "rotate", "--finish")
    assert (folder / "ca.crt").read_bytes() == (folder / "agent" / "ca.crt").read_bytes() != old


def test_a_token_is_a_file_and_a_line(tmp_path: Path) -> None:
    folder = tmp_path / "certs"
    said = done(folder, "token", "operator", "--name", "ci")
    secret = (folder / "ci.token").read_text().strip()
    assert secret not in said
    assert stat.S_IMODE((folder / "ci.token").stat().st_mode) == 0o600
    found = Tokens.read(folder / "tokens").find(secret)
    assert found is not None
    assert (found.role, found.name) == (Role.OPERATOR, "ci")
    again = certs(folder, "token", "operator", "--name", "ci")
    assert isinstance(again.exception, GroundswellError)


def test_a_token_that_cannot_be_written_is_not_in_the_list(tmp_path: Path) -> None:
    out = tmp_path / "missing" / "ci.token"
    failed = certs(tmp_path, "token", "operator", "--name", "ci", "--out", str(out))
    assert isinstance(failed.exception, GroundswellError)
    assert not (tmp_path / "tokens").exists()
    out.parent.mkdir()
    done(tmp_path, "token", "operator", "--name", "ci", "--out", str(out))


def test_the_next_step_names_the_host_that_others_reach(tmp_path: Path) -> None:
    for host, written in (
        ("10.0.0.7", "10.0.0.7:9700"),
        ("2001:db8::7", "[2001:db8::7]:9700"),
        ("localhost", "localhost:9700"),
    ):
        folder = tmp_path / written
        done(folder, "init")
        done(folder, "issue", "coordinator", "--host", host)
        assert f"--coordinator {written} --ca" in done(folder, "issue", "agent")


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (("issue", "coordinator"), "Which names is it reached by?"),
        (("issue", "agent", "--host", "x"), "--host is for a coordinator's"),
        (("rotate", "--ca", "--finish"), "three different steps"),
        (("issue", "agent", "--days", "0"), "not in the range"),
    ],
)
def test_what_makes_no_sense_is_wrong_usage(
    tmp_path: Path, words: tuple[str, ...], said: str
) -> None:
    done(tmp_path, "init")
    result = certs(tmp_path, *words)
    assert (result.exit_code, said in result.output) == (2, True), result.output
