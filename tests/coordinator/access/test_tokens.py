from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from groundswell.errors import InvalidConfiguration
from groundswell_coordinator.access.role import Role
from groundswell_coordinator.access.tokens import TokenLine, Tokens, new_token, with_line

if TYPE_CHECKING:
    from pathlib import Path


def test_a_token_is_known_by_its_hash_alone(tmp_path: Path) -> None:
    path, token = tmp_path / "tokens", new_token()
    path.write_bytes(with_line(path, TokenLine.of(Role.OPERATOR, "ci", token)))
    path.write_bytes(with_line(path, TokenLine.of(Role.AGENT, "zone-a", new_token())))
    assert token not in path.read_text()
    tokens = Tokens.read(path)
    found = tokens.find(token)
    assert found is not None
    assert (found.role, found.name) == (Role.OPERATOR, "ci")
    assert tokens.find(new_token()) is None
    assert tokens.find("") is None


def test_comments_and_empty_lines_are_nothing(tmp_path: Path) -> None:
    path = tmp_path / "tokens"
    line = TokenLine.of(Role.VIEWER, "alice", "word")
    path.write_text(f"# who may look\n\n  {line}  # since March\n")
    assert Tokens.read(path).lines == (line,)


def test_a_name_has_one_token(tmp_path: Path) -> None:
    path = tmp_path / "tokens"
    path.write_text(str(TokenLine.of(Role.VIEWER, "alice", "word")))
    with pytest.raises(InvalidConfiguration, match="alice already"):
        with_line(path, TokenLine.of(Role.VIEWER, "alice", "other"))
    added = with_line(path, TokenLine.of(Role.VIEWER, "bob", "other"))
    path.write_bytes(added)
    assert [one.name for one in Tokens.read(path).lines] == ["alice", "bob"]


@pytest.mark.parametrize(
    "line", ["agent a", "agent a gsw_notahash", "root a " + 64 * "0", "agent a/b " + 64 * "0"]
)
def test_a_line_that_is_none_is_named_by_its_number_and_not_repeated(
    tmp_path: Path, line: str
) -> None:
    path = tmp_path / "tokens"
    path.write_text(f"# first\n{line}\n")
    with pytest.raises(InvalidConfiguration, match=r"tokens:2: ") as raised:
        Tokens.read(path)
    assert "gsw_notahash" not in str(raised.value)


def test_a_file_that_is_not_there_is_said_to_be(tmp_path: Path) -> None:
    with pytest.raises(InvalidConfiguration, match="cannot read"):
        Tokens.read(tmp_path / "tokens")
