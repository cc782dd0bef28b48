"""Tokens: long random words, that a coordinator knows by their SHA-256 alone.

A list of them is a file of lines, `ROLE NAME SHA256`; `#` begins a comment. Such words cannot be
guessed, so a plain hash is as good as a slow one, and what a thief of the file gets is of no use.
"""

from __future__ import annotations

import hashlib
import hmac
import re
import secrets
from dataclasses import dataclass
from typing import TYPE_CHECKING

from groundswell.errors import InvalidConfiguration
from groundswell_coordinator.access.role import Role

if TYPE_CHECKING:
    from collections.abc import Iterable
    from pathlib import Path

# By which those who search repositories for secrets know one.
_PREFIX = "gsw_"
_BYTES = 32
_NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]{0,63}")
_HASH = re.compile(r"[0-9a-f]{64}")
_LARGEST = 1024 * 1024


@dataclass(frozen=True, slots=True)
class TokenLine:
    """Who has a token, and what it is for."""

    role: Role
    name: str
    sha256: str

    @classmethod
    def of(cls, role: Role, name: str, token: str) -> TokenLine:
        """Raises InvalidConfiguration."""
        if not _NAME.fullmatch(name):
            raise InvalidConfiguration(
                f"{name!r} names no token", hint="1 to 64 of A-Z a-z 0-9 . _ -"
            )
        return cls(role, name, _hash(token))

    def __str__(self) -> str:
        return f"{self.role} {self.name} {self.sha256}"


class Tokens:
    """Those that a coordinator knows."""

    def __init__(self, lines: Iterable[TokenLine]) -> None:
        self.lines = tuple(lines)

    @classmethod
    def read(cls, path: Path) -> Tokens:
        """Raises InvalidConfiguration, and says in which line; never what stands there."""
        try:
            with path.open("rb") as file:
                text = file.read(_LARGEST + 1).decode()
        except OSError as error:
            raise InvalidConfiguration(f"cannot read {path}: {error.strerror}") from error
        except UnicodeDecodeError as error:
            raise InvalidConfiguration(f"{path} is no text") from error
        if len(text) > _LARGEST:
            raise InvalidConfiguration(f"{path} is too large for a list of tokens")
        found = enumerate(text.splitlines(), start=1)
        return cls(
            _parsed(line, f"{path}:{number}")
            for number, line in found
            if line.split("#")[0].strip()
        )

    def find(self, token: str) -> TokenLine | None:
        """Every line is compared, each in constant time: how long it takes tells nothing."""
        wanted, found = _hash(token), None
        for line in self.lines:
            if hmac.compare_digest(line.sha256, wanted):
                found = line
        return found


def new_token() -> str:
    return _PREFIX + secrets.token_urlsafe(_BYTES)


def with_line(path: Path, line: TokenLine) -> bytes:
    """What is to stand in the list when it has one more. Raises InvalidConfiguration."""
    before = b""
    if path.exists():
        if any(one.name == line.name for one in Tokens.read(path).lines):
            raise InvalidConfiguration(
                f"{path} has a token of {line.name} already",
                hint="--name is for another one; take the line out to replace it",
            )
        before = path.read_bytes()
    if before and not before.endswith(b"\n"):
        before += b"\n"
    return before + f"{line}\n".encode()


def _parsed(text: str, where: str) -> TokenLine:
    words = text.split("#")[0].split()
    if len(words) != 3 or not _NAME.fullmatch(words[1]) or not _HASH.fullmatch(words[2]):
        raise InvalidConfiguration(
            f"{where}: a line is ROLE NAME SHA256", hint="`groundswell certs token` writes one"
        )
    try:
        return TokenLine(Role(words[0]), words[1], words[2])
    except ValueError:
        raise InvalidConfiguration(
            f"{where}: {words[0]!r} is no role", hint=" ".join(Role)
        ) from None


def _hash(token: str) -> str:
    # What a stranger shows is not always text: bytes of HTTP that are none come as surrogates.
    return hashlib.sha256(token.encode(errors="surrogateescape")).hexdigest()
