"""The words of templates and conditions."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from groundswell.scenario.shape import Refusal
from groundswell.units import shown

if TYPE_CHECKING:
    from groundswell.scenario.expressions import Constant

_TOKEN = re.compile(
    r"\s*(?:(?P<text>'[^']*'|\"[^\"]*\")"
    r"|(?P<number>-?[0-9]{1,18}(?:\.[0-9]{1,18})?(?![\w.]))"
    r"|(?P<name>[A-Za-z_][A-Za-z0-9_]*)"
    r"|(?P<sign>==|!=|<=|>=|[<>~|.,()\[\]]))"
)
_BLANK = re.compile(r"\s*")
_WORDS: dict[str, bool | None] = {"true": True, "false": False, "null": None}


class SyntaxRefusal(Refusal):
    """Says no to one template or condition: "the template … " + message."""


class Tokens:
    """A text, taken word by word."""

    def __init__(self, text: str) -> None:
        self._text = text
        self._place = 0

    @property
    def at_end(self) -> bool:
        return _BLANK.fullmatch(self._text, self._place) is not None

    @property
    def shown(self) -> str:
        """What comes next, for messages."""
        rest = self._text[self._place :].strip()
        return shown(rest) if rest else "nothing"

    def take(self, *signs: str) -> str | None:
        """The next sign if it is one of these."""
        return self._take("sign", signs)

    def take_word(self, *words: str) -> str | None:
        """The next word if it is one of these."""
        return self._take("name", words)

    def take_name(self) -> str | None:
        return self._take("name")

    def take_constant(self) -> Constant:
        """The next constant; None where none is next, or it is `null`."""
        match = self._next_constant()
        if match is None:
            return None
        self._place = match.end()
        return _constant(match)

    def need_constant(self) -> Constant:
        if not self.is_constant_next():
            raise SyntaxRefusal(
                f"has {self.shown} where a constant must stand",
                "a 'text' in quotes, a number, true, false or null",
            )
        return self.take_constant()

    def is_constant_next(self) -> bool:
        return self._next_constant() is not None

    def _next_constant(self) -> re.Match[str] | None:
        match = _TOKEN.match(self._text, self._place)
        if match is None or match["sign"] is not None:
            return None
        is_other_name = match["name"] is not None and match["name"] not in _WORDS
        return None if is_other_name else match

    def _take(self, kind: str, wanted: tuple[str, ...] | None = None) -> str | None:
        match = _TOKEN.match(self._text, self._place)
        if match is None or match[kind] is None:
            return None
        if wanted is not None and match[kind] not in wanted:
            return None
        self._place = match.end()
        return match[kind]


def _constant(match: re.Match[str]) -> Constant:
    if match["text"] is not None:
        return match["text"][1:-1]
    if (number := match["number"]) is not None:
        return float(number) if "." in number else int(number)
    return _WORDS[match["name"]]
