"""The limit of a threshold: a number in the unit in which its metric is shown.

p(95) < 300ms, p(95) < 300      300.0      milliseconds, on trends of time
rate < 1%, rate < 0.01          0.01       a share, on rates
count < 10MiB, rate > 1MiB/s    bytes, bytes per second, on counters of data
rate > 100/s, rate > 100        100.0      per second, on counters
count == 0, value < 50          as written
"""

from __future__ import annotations

from fractions import Fraction
from typing import TYPE_CHECKING

from groundswell.errors import InvalidThreshold, InvalidUnit
from groundswell.metrics.catalog import Kind, Unit
from groundswell.units import (
    parse_duration,
    parse_number,
    parse_rate,
    parse_share,
    parse_size,
    shown,
)
from groundswell.verdict.expression import Aggregation

if TYPE_CHECKING:
    from collections.abc import Callable

    from groundswell.metrics.catalog import Metric


def parse_limit(text: str, metric: Metric, aggregation: Aggregation) -> float:
    """The limit that `text` means for this aggregation of `metric`; a unit must fit."""
    if not text:
        raise InvalidThreshold(f"nothing to compare {metric.name} with", hint="write a limit")
    parse, hint = _reading(metric, aggregation)
    try:
        return float(parse(text))
    except InvalidUnit as error:
        # The units' own hint is better where it repairs what was typed: `rate < 5` means 5%.
        repair = error.hint if error.hint and text in error.hint else hint
        raise InvalidThreshold(
            f"{shown(text)} is no limit for {_what(metric, aggregation)}", hint=repair
        ) from None


def _reading(metric: Metric, aggregation: Aggregation) -> tuple[Callable[[str], Fraction], str]:
    """How limits of this aggregation are read, and what to write where one cannot be."""
    if metric.kind is Kind.RATE:
        return parse_share, "a rate is a share: write 1% or 0.01"
    if metric.kind is Kind.TREND and metric.unit is Unit.TIME:
        return _milliseconds, "write 300ms, 1s, or a bare number of milliseconds"
    if metric.kind is Kind.COUNTER and aggregation is Aggregation.RATE:
        if metric.unit is Unit.DATA:
            return _bytes_per_second, "write 10MiB/s, or a bare number of bytes per second"
        return _per_second, "write 100/s, 30/m, or a bare number per second"
    if metric.unit is Unit.DATA:
        return _bytes, "write 10MiB, or a bare number of bytes"
    return parse_number, "write a plain number"


def _is_bare(text: str) -> bool:
    return text.replace(".", "", 1).isdecimal()


def _milliseconds(text: str) -> Fraction:
    return parse_number(text) if _is_bare(text) else parse_duration(text) * 1000


def _per_second(text: str) -> Fraction:
    return parse_number(text) if _is_bare(text) else parse_rate(text)


def _bytes(text: str) -> Fraction:
    return parse_number(text) if _is_bare(text) else Fraction(parse_size(text))


def _bytes_per_second(text: str) -> Fraction:
    return _bytes(text.removesuffix("/s"))


def _what(metric: Metric, aggregation: Aggregation) -> str:
    if metric.kind is Kind.COUNTER:
        return f"the {aggregation.value} of {metric.name}"
    return f"{metric.name}, a {metric.kind.value}"
