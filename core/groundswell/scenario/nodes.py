"""The tree of a YAML text: every value with its place. Lines and columns count from 1.

What a plain scalar means is YAML 1.2's core schema and nothing more: `no` is text, `010` is ten,
`12:30:00` and `2020-01-01` are text. YAML 1.1, which PyYAML's own loaders follow, reads them as
false, 8, 45000 and a date.

Nodes never change once they are made. They are not `frozen`, because a frozen dataclass is made
three times slower and a test of 500 steps has ten thousand of them.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING

from groundswell.units import shown

if TYPE_CHECKING:
    from groundswell.scenario.expressions import Expression

_NULL = frozenset(("", "~", "null", "Null", "NULL"))
_TRUE = frozenset(("true", "True", "TRUE"))
_FALSE = frozenset(("false", "False", "FALSE"))
_INT = re.compile(r"[-+]?[0-9]+|0o[0-7]+|0x[0-9a-fA-F]+")
_FLOAT = re.compile(r"[-+]?(?:\.[0-9]+|[0-9]+(?:\.[0-9]*)?)(?:[eE][-+]?[0-9]+)?")
_INF_OR_NAN = re.compile(r"[-+]?\.(?:inf|Inf|INF)|\.(?:nan|NaN|NAN)")

# Longer than any number of a test; and int() of many thousand digits is slow, then an error.
_MAX_NUMBER = 300

Value = None | bool | int | float | str


@dataclass(frozen=True, slots=True)
class Filled:
    """A piece of a value that the environment made: it may be a secret."""

    text: str


@dataclass(slots=True)
class Scalar:
    """One value. `text` is what it says once the environment is filled in, `written` what stands in
    the file.

    `comment` holds what follows ` #` where no space comes after the `#`: perhaps meant as part of
    the value. `unfilled` is one whose template could not be filled in: that has been told, and
    nothing more is to be said about it. `parts` are the pieces of one that holds templates, in
    order. It is `late` if an iteration has to fill some of them in.
    """

    line: int
    column: int
    text: str
    plain: bool
    written: str
    comment: str | None = None
    templated: bool = False
    unfilled: bool = False
    parts: tuple[str | Filled | Expression, ...] = ()
    late: bool = False

    @property
    def size(self) -> int:
        return 1

    @property
    def height(self) -> int:
        return 0

    @property
    def value(self) -> Value:
        """A quoted text is text. One with a template may be any scalar: `vus: "{{ env.VUS }}"`
        needs its quotes.
        """
        return core_value(self.text) if self.plain or self.templated else self.text

    @property
    def shown(self) -> str:
        """For messages. Never what the environment filled in: it may be a secret."""
        if self.plain and not self.written:
            return "nothing"
        return self.written if self.plain and len(self.written) <= 40 else shown(self.written)


@dataclass(slots=True)
class Attached(Scalar):
    """A path whose file travels with the test: its bytes, and where they begin in the bundle."""

    content: bytes = b""
    first_line: int = 1


@dataclass(slots=True)
class Sequence:
    """A list. `size` counts its values and itself with aliases written out, `height` the levels
    below and its own.
    """

    line: int
    column: int
    items: tuple[Node, ...] = ()
    size: int = 1
    height: int = 1

    @property
    def shown(self) -> str:
        return "a list"


@dataclass(slots=True)
class Mapping:
    """Pairs in the order of the file, without repeated keys. `size` and `height` as those of a
    list.
    """

    line: int
    column: int
    pairs: tuple[tuple[Scalar, Node], ...] = ()
    size: int = 1
    height: int = 1

    @property
    def shown(self) -> str:
        return "a mapping"

    def get(self, key: str) -> Node | None:
        return next((value for name, value in self.pairs if name.text == key), None)


Node = Scalar | Sequence | Mapping


def core_value(text: str) -> Value:
    """What an unquoted scalar means."""
    if text in _NULL:
        return None
    if text in _TRUE or text in _FALSE:
        return text in _TRUE
    if len(text) > _MAX_NUMBER:
        return text
    if _INT.fullmatch(text):
        return int(text, {"0x": 16, "0o": 8}.get(text[:2], 10))
    if _FLOAT.fullmatch(text):
        return float(text)
    if _INF_OR_NAN.fullmatch(text):
        return float(text.replace(".", ""))
    return text
