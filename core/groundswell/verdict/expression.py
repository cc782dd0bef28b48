"""The expression of a threshold, `p(95) < 300ms`: an aggregation, an operator and a limit."""

from __future__ import annotations

import operator
import re
from dataclasses import dataclass
from enum import Enum
from typing import TYPE_CHECKING

from groundswell.errors import InvalidThreshold
from groundswell.metrics.catalog import Kind

if TYPE_CHECKING:
    from collections.abc import Callable

    from groundswell.metrics.catalog import Metric


class Aggregation(Enum):
    """What becomes of all samples of a selection: one number."""

    COUNT = "count"
    RATE = "rate"
    VALUE = "value"
    AVG = "avg"
    MIN = "min"
    MED = "med"
    MAX = "max"
    PERCENTILE = "p"


AGGREGATIONS: dict[Kind, tuple[Aggregation, ...]] = {
    Kind.COUNTER: (Aggregation.COUNT, Aggregation.RATE),
    Kind.GAUGE: (Aggregation.VALUE,),
    Kind.RATE: (Aggregation.RATE,),
    Kind.TREND: (
        Aggregation.AVG,
        Aggregation.MIN,
        Aggregation.MED,
        Aggregation.MAX,
        Aggregation.PERCENTILE,
    ),
}


class Operator(Enum):
    BELOW = "<"
    AT_MOST = "<="
    ABOVE = ">"
    AT_LEAST = ">="
    EQUAL = "=="
    UNEQUAL = "!="

    def compare(self, value: float, limit: float) -> bool:
        return _COMPARE[self](value, limit)

    @property
    def limits_above(self) -> bool:
        """Whether values fail by being too high."""
        return self in (Operator.BELOW, Operator.AT_MOST)

    @property
    def limits_below(self) -> bool:
        """Whether values fail by being too low."""
        return self in (Operator.ABOVE, Operator.AT_LEAST)


_COMPARE: dict[Operator, Callable[[float, float], bool]] = {
    Operator.BELOW: operator.lt,
    Operator.AT_MOST: operator.le,
    Operator.ABOVE: operator.gt,
    Operator.AT_LEAST: operator.ge,
    Operator.EQUAL: operator.eq,
    Operator.UNEQUAL: operator.ne,
}
_MEANT_OPERATOR = {"===": "==", "!==": "!=", "=": "==", "=<": "<=", "=>": ">=", "<>": "!="}
_MEANT_AGGREGATION = {"mean": "avg", "average": "avg", "median": "med", "total": "count"}
_FORM = re.compile(r"\s*(?P<aggregation>[^<>=!]*?)\s*(?P<operator>[<>=!]+)\s*(?P<value>.*?)\s*")
_PERCENTILE = re.compile(r"p\(\s*(?P<rank>[^()]*?)\s*\)")
_NUMBER = re.compile(r"\d+(?:\.\d+)?")


@dataclass(frozen=True, slots=True)
class Expression:
    """An expression taken apart; `value` is still text, since its unit depends on the metric.

    `percentile` is set for p(N) and, as 50, for med.
    """

    aggregation: Aggregation
    percentile: float | None
    operator: Operator
    value: str


def parse_expression(text: str, metric: Metric) -> Expression:
    match = _FORM.fullmatch(text)
    if match is None:
        raise InvalidThreshold(
            f"'{text}' is not a threshold", hint=f"write for example '{_example(metric)}'"
        )
    aggregation, percentile = parse_aggregation(match["aggregation"], metric)
    return Expression(aggregation, percentile, _operator(match["operator"]), match["value"])


def _operator(text: str) -> Operator:
    try:
        return Operator(text)
    except ValueError:
        meant = _MEANT_OPERATOR.get(text)
        hint = f"write {meant}" if meant else "one of < <= > >= == !="
        raise InvalidThreshold(f"'{text}' is not an operator", hint=hint) from None


def parse_aggregation(text: str, metric: Metric) -> tuple[Aggregation, float | None]:
    """`p(95)` and its like, where they fit the metric; the percentile is set for p(N) and med."""
    if metric.kind is Kind.TREND and (match := _PERCENTILE.fullmatch(text)):
        return Aggregation.PERCENTILE, _rank(match["rank"])
    for aggregation in AGGREGATIONS[metric.kind]:
        if text == aggregation.value and aggregation is not Aggregation.PERCENTILE:
            return aggregation, 50.0 if aggregation is Aggregation.MED else None
    raise InvalidThreshold(
        f"'{text}' does not fit {metric.name}, a {metric.kind.value}",
        hint=_aggregation_hint(text, metric.kind),
    )


def _aggregation_hint(text: str, kind: Kind) -> str:
    fitting = AGGREGATIONS[kind]
    meant = _MEANT_AGGREGATION.get(text.lower(), text.lower())
    if meant != text and meant in (aggregation.value for aggregation in fitting):
        return f"write {meant}"
    if kind is Kind.TREND and (digits := re.fullmatch(r"[pP]\s*(\d+(?:\.\d+)?)", text)):
        return f"write p({digits[1]})"
    names = ["p(N)" if one is Aggregation.PERCENTILE else one.value for one in fitting]
    return f"a {kind.value} takes {', '.join(names)}"


def _rank(text: str) -> float:
    if not _NUMBER.fullmatch(text) or not 0 <= float(text) <= 100:
        raise InvalidThreshold(f"p({text}) is not a percentile", hint="p(N) with N from 0 to 100")
    return float(text)


def _example(metric: Metric) -> str:
    return {
        Kind.COUNTER: "count > 0",
        Kind.GAUGE: "value < 10",
        Kind.RATE: "rate < 1%",
        Kind.TREND: "p(95) < 300ms",
    }[metric.kind]
