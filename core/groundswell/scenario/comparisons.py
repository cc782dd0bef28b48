"""How two values compare, in conditions and in checks.

Numbers and texts that read as numbers compare as numbers; null is less and more than nothing.
`strict` equality, that of JSON in checks, is one of types too: 5 is not "5".
"""

from __future__ import annotations

import operator
import re
from typing import TYPE_CHECKING, Literal, cast

from groundswell.scenario.values import as_text

if TYPE_CHECKING:
    from collections.abc import Callable

Operator = Literal["==", "!=", "<", "<=", ">", ">=", "~", "contains", "exists"]
ORDERINGS: dict[str, Callable[[float, float], bool]] = {
    "<": operator.lt,
    "<=": operator.le,
    ">": operator.gt,
    ">=": operator.ge,
}
SIGNS: tuple[Operator, ...] = ("==", "!=", "<=", ">=", "<", ">", "~")

# With the blanks that `float` takes off; `\s` knows some that it does not.
_NUMBER = re.compile(
    r"[ \t\r\n\f\v]*-?[0-9]{1,300}(?:\.[0-9]{1,300})?(?:[eE][+-]?[0-9]{1,3})?[ \t\r\n\f\v]*"
)


def as_number(value: object) -> float | None:
    """A number, or text that reads as one."""
    if isinstance(value, bool):
        return None
    if isinstance(value, int | float):
        return value
    if isinstance(value, str) and _NUMBER.fullmatch(value):
        return float(value)
    return None


def equal(one: object, other: object) -> bool:
    """Whether both are the same value, be it a number or its text."""
    if same(one, other):
        return True
    if isinstance(one, str) != isinstance(other, str):
        number = as_number(one)
        return number is not None and number == as_number(other)
    return False


def same(one: object, other: object) -> bool:
    """Whether both are the same value of JSON: 1 is 1.0, and neither `true` nor "1"."""
    if isinstance(one, bool) or isinstance(other, bool):
        return one is other
    return one == other


def contains(whole: object, part: object) -> bool:
    """Text in text, an item in a list, a key in an object."""
    if isinstance(whole, str):
        return as_text(part) in whole
    if isinstance(whole, list):
        return any(equal(item, part) for item in cast("list[object]", whole))
    return isinstance(whole, dict) and part in whole


def compare(one: object, sign: str, other: object) -> bool:
    """`one sign other`, for all operators but `~` and `exists`."""
    if sign == "==":
        return equal(one, other)
    if sign == "!=":
        return not equal(one, other)
    if sign == "contains":
        return contains(one, other)
    left, right = as_number(one), as_number(other)
    return left is not None and right is not None and ORDERINGS[sign](left, right)
