"""What a check may expect of each of its subjects, as it is written."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from groundswell.errors import InvalidUnit
from groundswell.scenario.comparisons import ORDERINGS, compare
from groundswell.scenario.expectations import (
    Compared,
    Expectation,
    OneOf,
    Statuses,
    parse_comparison,
    split_comparison,
)
from groundswell.scenario.expressions import Template
from groundswell.scenario.nodes import Node, Scalar, Sequence, core_value
from groundswell.scenario.scalars import STATUS, refuse_comment
from groundswell.scenario.shape import Json, Leaf, OneOrMore, Refusal, Shape, with_template
from groundswell.scenario.templated import joined
from groundswell.units import DURATION_PATTERN, SIZE_UNITS, parse_duration, parse_size

if TYPE_CHECKING:
    from groundswell.scenario.expressions import Constant, Expression
    from groundswell.scenario.problems import Problems

_ALL_STATUSES = range(100, 600)


class _Statuses(Shape[frozenset[int]]):
    """One status or class, or a list of them, as the set of all."""

    _shape = OneOrMore(STATUS, "[200, 304]")

    def read(self, node: Node, label: str, problems: Problems) -> frozenset[int] | None:
        sets = self._shape.read(node, label, problems)
        return None if sets is None else frozenset[int]().union(*sets)

    def schema(self, definitions: Json) -> Json:
        return self._shape.schema(definitions)


STATUSES = _Statuses()


def _compared_statuses(scalar: Scalar) -> Statuses | None:
    split = split_comparison(scalar.text)
    if split is None:
        return None
    sign, operand = split
    if sign not in ORDERINGS and sign not in ("==", "!="):
        raise Refusal(f"{scalar.shown}: a status is a number", "write 200, 2xx or '< 400'")
    value = parse_comparison(sign, operand).operand
    if isinstance(value, bool) or not isinstance(value, int) or value not in _ALL_STATUSES:
        raise Refusal(f"compares with {operand}, which is not a status", f'such as "{sign} 400"')
    return Statuses(frozenset(one for one in _ALL_STATUSES if compare(one, sign, value)))


class _StatusValue(Shape[Expectation]):
    """A status, a class, a list of those, or a comparison."""

    _comparison = Leaf("a comparison such as '< 400'", _compared_statuses, {"type": "string"})

    def read(self, node: Node, label: str, problems: Problems) -> Expectation | None:
        if isinstance(node, Scalar) and not node.late and split_comparison(node.text):
            return self._comparison.read(node, label, problems)
        statuses = STATUSES.read(node, label, problems)
        return None if statuses is None else Statuses(statuses)

    def schema(self, definitions: Json) -> Json:
        comparison: Json = {"type": "string", "pattern": "^\\s*([=!]=|<=?|>=?)\\s*[1-5][0-9]{2}$"}
        return {"anyOf": [STATUSES.schema(definitions), comparison]}


STATUS_VALUE = _StatusValue()


def _duration(scalar: Scalar) -> Compared | None:
    sign, operand = split_comparison(scalar.text) or ("", "")
    if sign not in ORDERINGS:
        raise Refusal(f"{scalar.shown} is no comparison", 'write "< 300ms"')
    return Compared(sign, float(parse_duration(operand)))  # type: ignore[arg-type]  # an ordering, by the line above


def _size(scalar: Scalar) -> Compared | None:
    sign, operand = split_comparison(scalar.text) or ("==", scalar.text)
    if sign not in ORDERINGS and sign not in ("==", "!="):
        raise Refusal(f"{scalar.shown}: a size is a number", 'write "< 64KiB"')
    number = core_value(operand)
    if isinstance(number, int) and not isinstance(number, bool) and number >= 0:
        return Compared(sign, number)
    try:
        return Compared(sign, parse_size(operand))
    except InvalidUnit as error:
        raise InvalidUnit(error.message, hint='write "< 64KiB", or a number of bytes') from None


DURATION_VALUE = Leaf[Expectation](
    "a comparison such as '< 300ms'",
    _duration,
    {"type": "string", "pattern": rf"^\s*[<>]=?\s*{DURATION_PATTERN}$"},
)
SIZE_VALUE = Leaf[Expectation](
    "a size such as '< 64KiB'",
    _size,
    {
        "anyOf": [
            {"type": "integer", "minimum": 0},
            {
                "type": "string",
                "pattern": rf"^\s*([=!]=|[<>]=?)?\s*[0-9.]+({'|'.join(SIZE_UNITS)})?$",
            },
        ]
    },
)


@dataclass(frozen=True)
class _Value(Shape[Expectation]):
    """A value or a list of them, or a comparison; `typed` tells 5 from "5"."""

    typed: bool

    def read(self, node: Node, label: str, problems: Problems) -> Expectation | None:
        if isinstance(node, Sequence):
            return self._read_list(node, label, problems)
        if not isinstance(node, Scalar):
            message = f"`{label}` must be a value, a list of values or a comparison"
            problems.add(node, f"{message}, not {node.shown}", 'such as "> 0"')
            return None
        if node.late and not node.unfilled:
            return self._late(node, label, problems)
        constant = Leaf[Expectation]("a value or a comparison", self._constant, {})
        return constant.read(node, label, problems)

    def _read_list(self, node: Sequence, label: str, problems: Problems) -> Expectation | None:
        if not node.items:
            problems.add(node, f"`{label}` is empty", "such as [a, b]")
            return None
        found = [self.read(item, label, problems) for item in node.items]
        values: list[Constant | Template] = []
        for item, expectation in zip(node.items, found, strict=True):
            if isinstance(expectation, OneOf):
                values += expectation.values
            elif expectation is not None:
                problems.add(item, f"`{label}`: a comparison cannot stand in a list")
        return None if None in found else OneOf(tuple(values))

    def _constant(self, scalar: Scalar) -> Expectation:
        refuse_comment(scalar)
        if isinstance(scalar.value, str) and (split := split_comparison(scalar.text)):
            return parse_comparison(*split)
        if scalar.plain and not scalar.written:
            raise Refusal("has no value", "for null write `null`")
        if not self.typed:
            return OneOf((scalar.text,))
        # What the environment fills in may be meant as text and as a number.
        return OneOf((scalar.text, scalar.value) if scalar.templated else (scalar.value,))

    def _late(self, scalar: Scalar, label: str, problems: Problems) -> Expectation | None:
        parts = joined(scalar.parts)
        first = parts[0]
        split = split_comparison(first) if isinstance(first, str) else None
        if split is None:
            return OneOf((Template(tuple(parts)),))
        sign, rest = split
        if sign in ("~", "exists"):
            problems.add(scalar, f"`{label}` cannot have a template after `{sign}`")
            return None
        more: list[str | Expression] = [rest] if rest else []
        return Compared(sign, Template((*more, *parts[1:])))

    def schema(self, definitions: Json) -> Json:
        one: Json = {"type": ["string", "number", "boolean", "null"]}
        form = {"anyOf": [one, {"type": "array", "minItems": 1, "items": one}]}
        return with_template(form, definitions)


TEXT_VALUE = _Value(typed=False)
JSON_VALUE = _Value(typed=True)
