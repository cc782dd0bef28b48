"""Secrets, kept out of what `run --once` tells: as they are, and as requests have them.

What `{{ secret.X }}` stands for is never shown, nor what `{{ env.X }}` does where the variable's name says
that it is one. Credentials and cookies are shortened.
"""

from __future__ import annotations

import base64
import json
import re
from typing import TYPE_CHECKING, cast
from urllib.parse import quote, quote_plus

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

MASK = "***"

_SECRET_NAME = re.compile(
    r"pass|pwd|secret|token|credential|auth|api_?key|private|_key$|^key$", re.I
)
# What is shorter stands in too many words that have nothing to do with it.
_SHORTEST = 4
_SHOWN = 6

_CREDENTIALS = frozenset(("authorization", "proxy-authorization"))
_KEYS = re.compile(r"(^|-)(api-?key|token|secret|password|auth)(-|$)")


def is_secret_name(name: str) -> bool:
    """Whether a variable of this name holds a secret, by what it is called."""
    return _SECRET_NAME.search(name) is not None


class Masking:
    """Of values that are not to be seen."""

    def __init__(self, secrets: Iterable[str]) -> None:
        forms = {form for secret in secrets if len(secret) >= _SHORTEST for form in _forms(secret)}
        # The longest first: one may be a part of another.
        ordered = sorted(forms, key=lambda form: (-len(form), form))
        self._pattern = re.compile("|".join(map(re.escape, ordered))) if ordered else None

    def text(self, text: str) -> str:
        return text if self._pattern is None else self._pattern.sub(MASK, text)

    def value(self, value: object) -> object:
        """The same value of JSON, with every text in it masked."""
        if isinstance(value, str):
            return self.text(value)
        if isinstance(value, list):
            return [self.value(one) for one in cast("list[object]", value)]
        if isinstance(value, dict):
            pairs = cast("dict[object, object]", value).items()
            return {self.text(str(key)): self.value(one) for key, one in pairs}
        return value

    def header(self, name: str, value: str, *, whole: bool = False) -> str:
        """Credentials shortened, unless the `whole` of them is asked for; a password is in neither."""
        value, lower = self.text(value), name.lower()
        if lower in _CREDENTIALS:
            scheme, blank, rest = value.partition(" ")
            if scheme.lower() in ("basic", "digest"):
                return f"{scheme} {MASK}"
            return value if whole or not blank else f"{scheme} {_short(rest)}"
        if whole:
            return value
        if lower == "cookie":
            return "; ".join(map(_cookie, value.split("; ")))
        if lower == "set-cookie":
            first, semicolon, attributes = value.partition(";")
            return f"{_cookie(first)}{semicolon}{attributes}"
        return _short(value) if _KEYS.search(lower) else value


def secrets_of(envs: Iterable[Mapping[str, str]], read: Iterable[str]) -> list[str]:
    """What is to be masked: variables by their names, and what was `read` as a secret."""
    named = (value for env in envs for name, value in env.items() if is_secret_name(name))
    return [*named, *read]


def _forms(secret: str) -> Iterable[str]:
    """As templates, bodies and their encodings may have it."""
    encoded = secret.encode("utf-8", "replace")
    yield from (secret, quote(secret, safe=""), quote(secret), quote_plus(secret))
    yield json.dumps(secret)[1:-1]
    yield json.dumps(secret, ensure_ascii=False)[1:-1]
    yield base64.b64encode(encoded).decode()


def _cookie(pair: str) -> str:
    name, equals, value = pair.partition("=")
    return f"{name}{equals}{_short(value)}"


def _short(value: str) -> str:
    return value if len(value) <= 2 * _SHOWN or value == MASK else f"{value[:_SHOWN]}…"
