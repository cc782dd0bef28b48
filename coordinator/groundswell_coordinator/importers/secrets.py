"""What of a recorded request nobody should find in a file: it becomes a variable of the environment."""

from __future__ import annotations

import re
from dataclasses import dataclass, field

_SECRET = re.compile(
    r"passw|passwd|^pwd$|^pass$|pass_?phrase|secret|token|api[-_]?key|access[-_]?key|auth(?!or)"
    r"|session|^sid$|cookie|credential|signature|^sig$|^otp$|^pin$|^cv[cv]2?$|csrf|xsrf|jwt|card_?number",
    re.IGNORECASE,
)
# A JSON web token is one wherever it stands.
_JWT = re.compile(r"eyJ[\w-]{8,}\.[\w-]{8,}\.[\w-]*")
# Numbers are harmless, but by these names.
_SECRET_NUMBER = re.compile(r"passw|^pwd$|^pin$|^otp$|^cv[cv]2?$|card_?number", re.IGNORECASE)
# In a text that is neither JSON nor a form: a name, what separates it from its value, the value.
_IN_TEXT = re.compile(
    r"""([\w-]*(?:passw|secret|token|api[-_]?key)[\w-]*)(["']?\s*[:=]\s*|>)"""
    r"""("(?:\\.|[^"\\])*"|'[^']*'|[^\s"'<>&,;{}]+)""",
    re.IGNORECASE,
)


@dataclass
class Secrets:
    """The variables so far, by the values that they stand for: one value is one variable."""

    # Names that are variables of another kind.
    reserved: set[str] = field(default_factory=lambda: {"BASE_URL", "BRACES"})
    _names: dict[str, str] = field(default_factory=dict[str, str])
    _places: dict[str, str] = field(default_factory=dict[str, str])

    def variable(self, key: str, value: str, where: str) -> str:
        """The template in the place of a secret. `key` is what it was called, `where` for people."""
        name = self._names.get(value)
        if name is None:
            taken = self.reserved | set(self._names.values())
            name = self._names[value] = free_name(variable_name(key), taken)
            self._places[name] = where
        # With a default the test is valid before anybody has set it.
        return f"{{{{ env.{name} | default('') }}}}"

    def in_text(self, text: str, where: str) -> str:
        """A text without the secrets that can be found in it; it has gone through `literal`."""

        def hidden(match: re.Match[str]) -> str:
            key, between, value = match.groups()
            quote = value[0] if value[0] in "\"'" else ""
            return f"{key}{between}{quote}{self.variable(key, value.strip(quote), where)}{quote}"

        text = _IN_TEXT.sub(hidden, text)
        return _JWT.sub(lambda match: self.variable("token", match[0], where), text)

    def notes(self) -> list[str]:
        """Each variable, and what it stands for."""
        return [f"{name}: {where}" for name, where in self._places.items()]


def is_secret(key: str, value: float | str) -> bool:
    """Whether a value by that name is better kept out of a file."""
    if isinstance(value, str):
        return bool(value) and bool(_SECRET.search(key) or _JWT.search(value))
    return bool(_SECRET_NUMBER.search(key))


def variable_name(key: str) -> str:
    """In capitals, as variables of the environment are."""
    words = re.sub(r"(?<=[a-z0-9])(?=[A-Z])", "_", key)
    name = re.sub(r"[^A-Za-z0-9]+", "_", words).strip("_").upper()[:40]
    return name if name and not name[0].isdigit() else f"SECRET_{name}".rstrip("_")


def free_name(name: str, taken: set[str]) -> str:
    """The name, with a number where it is taken."""
    free, number = name, 1
    while free in taken:
        number += 1
        free = f"{name}_{number}"
    return free
