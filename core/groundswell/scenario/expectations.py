"""What a check expects, as data, and how it is written.

200, "done", [200, 304]          equals one of these
"> 0", "!= done", "~ ^a", "contains x", "exists"
"""

from __future__ import annotations

import math
import re
from dataclasses import dataclass
from typing import TYPE_CHECKING, cast

from groundswell.scenario.comparisons import ORDERINGS, Operator
from groundswell.scenario.nodes import core_value
from groundswell.scenario.shape import Refusal

if TYPE_CHECKING:
    from groundswell.scenario.expressions import Constant, Template

_LONGEST_PATTERN = 1_000


@dataclass(frozen=True, slots=True)
class Statuses:
    """The status is one of these."""

    statuses: frozenset[int]


@dataclass(frozen=True, slots=True)
class OneOf:
    """The subject equals one of these values."""

    values: tuple[Constant | Template, ...]


@dataclass(frozen=True, slots=True)
class Compared:
    """The subject compares with the operand; `exists` has none, that of `~` is a pattern."""

    operator: Operator
    operand: Constant | Template = None


Expectation = Statuses | OneOf | Compared

_COMPARISON = re.compile(r"^\s*([=!]=|<=?|>=?|~|contains\s|exists\s*$)")


def split_comparison(text: str) -> tuple[Operator, str] | None:
    """`> 0` as its operator and the rest; None for a text that starts with none."""
    match = _COMPARISON.match(text)
    if match is None:
        return None
    return cast("Operator", match[1].strip()), text[match.end() :].strip()


def parse_comparison(sign: Operator, operand: str) -> Compared:
    """The comparison with a value that is written as in YAML; Refusal where it makes no sense."""
    if sign == "exists":
        return Compared(sign)
    if not operand:
        raise Refusal(f"has nothing to compare with after `{sign}`", f'such as "{sign} 5"')
    if sign == "~":
        return Compared(sign, checked_pattern(_unquoted(operand)))
    if sign == "contains":
        return Compared(sign, _unquoted(operand))
    value = _value(operand)
    if sign in ORDERINGS and (isinstance(value, bool) or not isinstance(value, int | float)):
        raise Refusal(f"compares with {operand}, which is not a number", f'such as "{sign} 5"')
    return Compared(sign, value)


def checked_pattern(pattern: str) -> str:
    """A regular expression that compiles."""
    if len(pattern) > _LONGEST_PATTERN:
        raise Refusal(f"holds a pattern longer than {_LONGEST_PATTERN} characters")
    try:
        re.compile(pattern)
    except (re.error, OverflowError, RecursionError) as error:
        raise Refusal(f"holds a pattern that is none: {error}") from None
    return pattern


def _value(written: str) -> Constant:
    if _is_quoted(written):
        return written[1:-1]
    value = core_value(written)
    if isinstance(value, float) and not math.isfinite(value):
        raise Refusal(f"compares with {written}, which no value equals")
    return value


def _unquoted(written: str) -> str:
    return written[1:-1] if _is_quoted(written) else written


def _is_quoted(written: str) -> bool:
    return len(written) > 1 and written[0] == written[-1] and written[0] in "'\""
