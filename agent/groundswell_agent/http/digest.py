"""Digest access authentication, RFC 7616: what a server asks, and the answer to it.

    challenge = asked_for(header_values(exchange.raw, b"www-authenticate"))
    credentials = Credentials(challenge, "Mufasa", "Circle of Life")
    credentials.answer("GET", "/dir/index.html")     -> "Digest username=…"

The nonce of a challenge is used again, with a counter that rises, until the server calls it stale.
"""

from __future__ import annotations

import hashlib
import re
import secrets
from dataclasses import dataclass
from typing import TYPE_CHECKING
from urllib.parse import quote

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping

_HASHES = {"md5": "md5", "sha-256": "sha256"}
_SESSION = "-sess"
_TOKEN = r"[!#$%&'*+\-.^_`|~0-9A-Za-z]+"
_PARAMETER = re.compile(rf'\s*({_TOKEN})\s*=\s*(?:"((?:[^"\\]|\\.)*)"|([^\s,"]*))\s*(?=,|$)')
_SCHEME = re.compile(rf"\s*({_TOKEN})(?:\s+[A-Za-z0-9._~+/-]+=*\s*(?=,|$)|\s+|(?=,|$))")
_ESCAPE = re.compile(r"\\(.)")
_QUOTABLE = re.compile(r'(["\\])')
_BETWEEN = re.compile(r"[\s,]*")
# Where it stands plainly in a quoted string of a header.
_PLAIN = re.compile(r"[\x20-\x7e]*")


@dataclass(frozen=True, slots=True)
class Challenge:
    """What a server asks for. `algorithm` is as it was written, nothing where it was left out; `qop`
    is None for a server of before 1999.
    """

    realm: str
    nonce: str
    algorithm: str = ""
    qop: str | None = "auth"
    opaque: str | None = None
    stale: bool = False
    hides_user: bool = False

    @classmethod
    def of(cls, parameters: Mapping[str, str]) -> Challenge | None:
        """None for one that cannot be answered: an unknown algorithm, or bodies to be signed."""
        algorithm = parameters.get("algorithm", "")
        offered = parameters.get("qop")
        options = [option.strip().lower() for option in (offered or "").split(",")]
        if "nonce" not in parameters or "realm" not in parameters:
            return None
        if algorithm.lower().removesuffix(_SESSION) not in ("", *_HASHES):
            return None
        if offered and "auth" not in options:
            return None
        return cls(
            parameters["realm"],
            parameters["nonce"],
            algorithm,
            "auth" if offered else None,
            parameters.get("opaque"),
            parameters.get("stale", "").lower() == "true",
            parameters.get("userhash", "").lower() == "true",
        )


def asked_for(values: Iterable[str]) -> Challenge | None:
    """The first challenge, of all WWW-Authenticate headers, that can be answered with a digest."""
    for value in values:
        for scheme, parameters in _challenges(value):
            if scheme == "digest" and (challenge := Challenge.of(parameters)) is not None:
                return challenge
    return None


def _challenges(value: str) -> Iterator[tuple[str, dict[str, str]]]:
    """One header may hold several, with commas between them as between their parameters."""
    found: list[tuple[str, dict[str, str]]] = []
    at = _after_commas(value, 0)
    while at < len(value):
        if found and (match := _PARAMETER.match(value, at)):
            name, quoted, plain = match.groups()
            text = plain if quoted is None else _ESCAPE.sub(r"\1", quoted)
            found[-1][1].setdefault(name.lower(), text)
        elif match := _SCHEME.match(value, at):
            found.append((match[1].lower(), {}))
        else:
            break
        at = _after_commas(value, match.end())
    yield from found


def _after_commas(value: str, at: int) -> int:
    match = _BETWEEN.match(value, at)
    return match.end() if match is not None else at


class Credentials:
    """A user with a server's challenge, for as many requests as the nonce is good for."""

    __slots__ = (
        "_algorithm",
        "_cnonce",
        "_count",
        "_first",
        "_fixed",
        "challenge",
        "password",
        "user",
    )

    def __init__(
        self, challenge: Challenge, user: str, password: str, cnonce: str | None = None
    ) -> None:
        """`cnonce` is random unless given."""
        self.challenge = challenge
        self.user = user
        self.password = password
        self._count = 0
        self._cnonce = secrets.token_hex(16) if cnonce is None else cnonce
        algorithm = challenge.algorithm.lower()
        self._algorithm = _HASHES[algorithm.removesuffix(_SESSION) or "md5"]
        realm = challenge.realm.encode("latin-1", "replace")
        first = self._hash(b":".join((_bytes(user), realm, _bytes(password))))
        if algorithm.endswith(_SESSION):
            first = self._hash(f"{first}:{challenge.nonce}:{self._cnonce}".encode("latin-1"))
        self._first = first
        self._fixed = self._fixed_part()

    def are_of(self, user: str, password: str) -> bool:
        return user == self.user and password == self.password

    def answer(self, method: str, uri: str) -> str:
        """The value of the Authorization header; `uri` as the request line has it."""
        nonce, qop = self.challenge.nonce, self.challenge.qop
        second = self._hash(f"{method}:{uri}".encode("latin-1"))
        if qop is None:
            response = self._hash(f"{self._first}:{nonce}:{second}".encode("latin-1"))
            return f'{self._fixed}, uri="{uri}", response="{response}"'
        self._count += 1
        count = f"{self._count:08x}"
        parts = (self._first, nonce, count, self._cnonce, qop, second)
        response = self._hash(":".join(parts).encode("latin-1"))
        return (
            f'{self._fixed}, uri="{uri}", qop={qop}, nc={count}, cnonce="{self._cnonce}",'
            f' response="{response}"'
        )

    def _hash(self, data: bytes) -> str:
        return hashlib.new(self._algorithm, data, usedforsecurity=False).hexdigest()

    def _fixed_part(self) -> str:
        """What is the same in every answer."""
        challenge = self.challenge
        fields = [self._user_field(), f"realm={_quoted(challenge.realm)}"]
        fields.append(f"nonce={_quoted(challenge.nonce)}")
        if challenge.algorithm:
            fields.append(f"algorithm={challenge.algorithm}")
        if challenge.opaque is not None:
            fields.append(f"opaque={_quoted(challenge.opaque)}")
        if challenge.hides_user:
            fields.append("userhash=true")
        if challenge.qop is None and challenge.algorithm.lower().endswith(_SESSION):
            # A session's key is made with it, so it must be told even where no counter is.
            fields.append(f'cnonce="{self._cnonce}"')
        return f"Digest {', '.join(fields)}"

    def _user_field(self) -> str:
        if self.challenge.hides_user:
            realm = self.challenge.realm.encode("latin-1", "replace")
            return f'username="{self._hash(_bytes(self.user) + b":" + realm)}"'
        if _PLAIN.fullmatch(self.user):
            return f"username={_quoted(self.user)}"
        return f"username*=UTF-8''{quote(self.user, safe='', errors='replace')}"


def _bytes(text: str) -> bytes:
    return text.encode("utf-8", "replace")


def _quoted(text: str) -> str:
    return '"' + _QUOTABLE.sub(r"\\\1", text) + '"'
