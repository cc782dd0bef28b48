"""The single values of a test file: texts, numbers, durations, rates, statuses of one response."""

from __future__ import annotations

import re
from dataclasses import dataclass
from fractions import Fraction
from typing import TYPE_CHECKING

from groundswell.errors import InvalidUnit
from groundswell.scenario.shape import Leaf, Refusal
from groundswell.scenario.suggest import nearest
from groundswell.units import (
    DURATION_PATTERN,
    DURATION_UNITS,
    MAX_RATE,
    NUMBER_PATTERN,
    RATE_PATTERN,
    parse_duration,
    parse_rate,
    parse_share,
    shown,
)

if TYPE_CHECKING:
    from groundswell.scenario.nodes import Scalar

_CONTROL = re.compile(r"[\x00-\x08\x0a-\x1f\x7f]")
_ZERO_DURATION = "^" + "".join(rf"(?:0+(?:\.0+)?{unit})?" for unit in DURATION_UNITS) + "$"
_LARGEST, _SMALLEST = 1e18, 1e-18
_CLASS = re.compile(r"([1-5])[xX]{2}")


def refuse_comment(scalar: Scalar) -> None:
    """`get: /a #b` is `/a` for YAML. `# b` with a space is what a comment looks like; without one
    it may be a part.
    """
    if scalar.comment is not None:
        hint = f"quote it all, or write `# {scalar.comment}` for a comment"
        raise Refusal(f"ends before ` #{scalar.comment}`, which YAML takes for a comment", hint)


def _string(scalar: Scalar) -> str | None:
    refuse_comment(scalar)
    value = scalar.text if scalar.templated else scalar.value
    if isinstance(value, str):
        return value
    if value is None or not scalar.written:
        return None
    raise Refusal(f"must be text, not {scalar.shown}", f'quote it: "{scalar.written[:40]}"')


def _word(scalar: Scalar) -> str | None:
    text = _string(scalar)
    if text is not None and not text.strip():
        raise Refusal("is empty")
    if text is not None and (len(text) > 1_000 or _CONTROL.search(text)):
        raise Refusal("must be one line of at most 1000 characters")
    return text


def _written(scalar: Scalar) -> str | None:
    """A text, or a number as it is written: `X-Version: 1.10` sends 1.10."""
    refuse_comment(scalar)
    if scalar.plain and scalar.value is None:
        raise Refusal("has no value", 'for an empty one write ""')
    if _CONTROL.search(scalar.text):
        raise Refusal("must be one line")
    return scalar.text


def _boolean(scalar: Scalar) -> bool | None:
    return scalar.value if isinstance(scalar.value, bool) else None


def _positive_duration(scalar: Scalar) -> Fraction:
    duration = _duration(scalar)
    if not duration:
        raise Refusal("must be longer than 0s")
    return duration


def _duration(scalar: Scalar) -> Fraction:
    return parse_duration(scalar.text) if scalar.written else parse_duration("nothing")


TEXT = Leaf("text", _string, {"type": "string"})
WORD = Leaf("text", _word, {"type": "string", "pattern": r"\S", "maxLength": 1_000})
WRITTEN = Leaf("text or a number", _written, {"type": ["string", "number", "boolean"]})
BOOLEAN = Leaf("true or false", _boolean, {"type": "boolean"})
DURATION = Leaf(
    "a duration such as 10s or 1m30s",
    _duration,
    {"type": "string", "pattern": f"^{DURATION_PATTERN}$"},
    define="duration",
)
POSITIVE_DURATION = Leaf(
    "a duration such as 10s or 1m30s",
    _positive_duration,
    {"type": "string", "pattern": f"^{DURATION_PATTERN}$", "not": {"pattern": _ZERO_DURATION}},
    define="positive_duration",
)


def _whole(scalar: Scalar) -> int | None:
    """An integer as JSON schema means it: `5.0` is one."""
    value = scalar.value
    if isinstance(value, float) and value.is_integer():
        return int(value)
    return value if isinstance(value, int) and not isinstance(value, bool) else None


def whole(least: int, most: int = 10_000_000) -> Leaf[int]:
    """A whole number within bounds."""

    def parse(scalar: Scalar) -> int | None:
        value = _whole(scalar)
        if value is None:
            return None
        if not least <= value <= most:
            bound = f"at least {least}" if value < least else f"at most {most}"
            raise Refusal(f"must be {bound}, not {scalar.shown}")
        return value

    return Leaf("a whole number", parse, {"type": "integer", "minimum": least, "maximum": most})


def choice(*options: str) -> Leaf[str]:
    """One of a few words."""

    def parse(scalar: Scalar) -> str | None:
        if scalar.text in options:
            return scalar.text
        guess = nearest(scalar.text, options)
        one_of = f"one of {', '.join(options)}"
        raise Refusal(
            f"is {scalar.shown}, not {one_of}", f"did you mean {guess}?" if guess else None
        )

    return Leaf(f"one of {', '.join(options)}", parse, {"enum": list(options)})


@dataclass(frozen=True, slots=True)
class WrittenRate:
    """A rate as it stands in the file: complete, or a bare number that the scenario's `time_unit`
    completes.
    """

    number: Fraction
    complete: bool
    written: Scalar

    def per_second(self, time_unit: Fraction | None) -> Fraction:
        if self.complete and time_unit is not None:
            raise Refusal("has a unit, and so has `time_unit`", "leave out one of them")
        if self.complete:
            return self.number
        if time_unit is None:
            hint = "write 500/s, or add time_unit"
            raise Refusal("has no unit", hint.replace("500", self.written.shown, 1))
        if self.number / time_unit > MAX_RATE:
            raise Refusal("is too high", f"the highest is {MAX_RATE}/s")
        return self.number / time_unit


def _rate(scalar: Scalar) -> WrittenRate | None:
    value = scalar.value
    if isinstance(value, bool) or value is None:
        return None
    if isinstance(value, str):
        return WrittenRate(parse_rate(scalar.text), complete=True, written=scalar)
    if value < 0:
        raise InvalidUnit(f"{scalar.text} is negative", hint="write 500/s, 30/m, 10/h")
    number = _exact(value, scalar.text)
    return None if number is None else WrittenRate(number, complete=False, written=scalar)


def _exact(value: float, text: str) -> Fraction | None:
    """A number of the file, not by way of a float; None where it is none or far too large."""
    if isinstance(value, int):
        return Fraction(value)
    if not value < _LARGEST:
        return None
    # As a fraction, 1e-999999999 would fill the memory.
    return Fraction(text) if value > _SMALLEST else Fraction(0)


RATE_TEXT = {"type": "string", "pattern": f"^{RATE_PATTERN}$"}
RATE = Leaf(
    "a rate such as 500/s",
    _rate,
    {"anyOf": [RATE_TEXT, {"type": "number", "minimum": 0, "maximum": _LARGEST}]},
    define="rate",
)


def _share(scalar: Scalar) -> Fraction | None:
    return parse_share(scalar.text) if scalar.written else None


SHARE = Leaf(
    "a share such as 1% or 0.01",
    _share,
    {
        "anyOf": [
            {"type": "string", "pattern": f"^{NUMBER_PATTERN}%?$"},
            {"type": "number", "minimum": 0, "maximum": 1},
        ]
    },
)


def _pause(scalar: Scalar) -> tuple[Fraction, Fraction] | None:
    shortest, dots, longest = scalar.text.partition("..")
    if not dots:
        fixed = _duration(scalar)
        return fixed, fixed
    if not parse_duration(shortest) <= parse_duration(longest):
        raise Refusal(
            f"ends before it starts: {shown(scalar.text)}", f"write {longest}..{shortest}"
        )
    return parse_duration(shortest), parse_duration(longest)


PAUSE = Leaf(
    "a duration such as 2s, or a range such as 1s..3s",
    _pause,
    {"type": "string", "pattern": rf"^{DURATION_PATTERN}(\.\.{DURATION_PATTERN})?$"},
)


def _statuses(scalar: Scalar) -> frozenset[int] | None:
    value, number = scalar.value, _whole(scalar)
    if number is not None and 100 <= number <= 599:
        return frozenset((number,))
    if isinstance(value, str) and (match := _CLASS.fullmatch(value)):
        first = int(match[1]) * 100
        return frozenset(range(first, first + 100))
    if isinstance(value, str) and re.match(r"[=!<>~]|contains |exists", value):
        raise Refusal(f"{scalar.shown} is a comparison, which only a check takes", "write 2xx")
    return None


STATUS = Leaf(
    "a status such as 200, or a class such as 2xx",
    _statuses,
    {
        "anyOf": [
            {"type": "integer", "minimum": 100, "maximum": 599},
            {"type": "string", "pattern": "^[1-5][xX]{2}$"},
        ]
    },
    define="status",
)
