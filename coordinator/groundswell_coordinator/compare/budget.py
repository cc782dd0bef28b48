"""A budget: by how much a figure may get worse.

http_req_duration{name:cart} p(95) +5%        relative to the base
http_req_duration p(99) +20ms                 absolute, of times
http_req_failed rate +0.1pp                   percentage points, of shares
http_reqs rate -5%                            of what is worse where there is less of it
dropped_iterations count +10                  a number, of counts
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from enum import Enum
from typing import TYPE_CHECKING

from groundswell.errors import GroundswellError, InvalidUnit
from groundswell.exit_codes import ExitCode
from groundswell.metrics.catalog import BUILTIN, Kind
from groundswell.units import parse_duration, parse_number, parse_rate
from groundswell.verdict.expression import Aggregation
from groundswell_coordinator.compare.figure import Direction, Figure

if TYPE_CHECKING:
    from collections.abc import Mapping
    from fractions import Fraction

    from groundswell.metrics.catalog import Metric

_FORM = re.compile(
    r"\s*(?P<key>.*\S)\s+(?P<name>\S+)\s+(?P<sign>[+-])(?P<amount>\S+)\s*", re.DOTALL
)
_EXAMPLE = "write for example 'http_req_duration{name:cart} p(95) +5%'"
_MOST_PERCENT = 10_000


class InvalidBudget(GroundswellError, ValueError):
    """A budget that does not parse or does not fit its metric."""

    exit_code = ExitCode.INVALID_TEST


class Unit(Enum):
    """What an allowance is of."""

    PERCENT = "%"
    POINTS = "pp"
    TIME = "ms"
    NUMBER = ""


@dataclass(frozen=True, slots=True)
class Budget:
    """`allowance` is a share of the base for PERCENT, else in the figure's own unit; never negative.

    `direction` is that of the change which it bounds.
    """

    figure: Figure
    direction: Direction
    allowance: float
    unit: Unit
    text: str

    @property
    def is_relative(self) -> bool:
        return self.unit is Unit.PERCENT


def parse_budget(text: str, catalog: Mapping[str, Metric] = BUILTIN) -> Budget:
    """Raises InvalidBudget or InvalidThreshold, with what to write instead; `catalog` are all metrics."""
    match = _FORM.fullmatch(text)
    if match is None:
        raise InvalidBudget(f"'{text}' is not a budget", hint=_EXAMPLE)
    figure = Figure.of(match["key"], match["name"], catalog)
    if figure.metric.kind is Kind.GAUGE:
        raise InvalidBudget(f"{figure.metric.name} is a gauge: its last value is not compared")
    direction = _direction(figure, match["sign"], match["amount"])
    allowance, unit = _allowance(figure, match["amount"])
    return Budget(figure, direction, float(allowance), unit, text.strip())


def _direction(figure: Figure, sign: str, amount: str) -> Direction:
    direction = Direction.UP if sign == "+" else Direction.DOWN
    if figure.worse not in (direction, Direction.NEITHER):
        other = "-" if sign == "+" else "+"
        more = "more" if sign == "+" else "less"
        raise InvalidBudget(
            f"{more} of {figure} is no loss, and needs no budget",
            hint=f"a budget bounds what gets worse: write {other}{amount}",
        )
    return direction


def _allowance(figure: Figure, amount: str) -> tuple[Fraction, Unit]:
    try:
        return _read(figure, amount)
    except InvalidUnit as error:
        raise InvalidBudget(
            f"'{amount}' is no budget for {figure}: {error.message}", hint=_hint(figure)
        ) from None


def _read(figure: Figure, amount: str) -> tuple[Fraction, Unit]:
    if amount.endswith("pp") and figure.is_share:
        return parse_number(amount.removesuffix("pp")) / 100, Unit.POINTS
    if amount.endswith("%") and not figure.is_share:
        percent = parse_number(amount.removesuffix("%"))
        if percent > _MOST_PERCENT:
            raise InvalidUnit(f"more than {_MOST_PERCENT} %")
        return percent / 100, Unit.PERCENT
    if figure.is_time:
        return parse_duration(amount) * 1000, Unit.TIME
    if figure.metric.kind is Kind.COUNTER and figure.aggregation is Aggregation.RATE:
        return parse_rate(amount), Unit.NUMBER
    if not figure.is_share:
        return parse_number(amount), Unit.NUMBER
    raise InvalidUnit("its unit is another")


def _hint(figure: Figure) -> str:
    if figure.is_share:
        # "+1%" of a share is read as a hundredth of it by some, as a percentage point by others.
        return "shares differ by percentage points: write 0.1pp"
    if figure.is_time:
        return "write 5% of the base, or 20ms"
    if figure.aggregation is Aggregation.RATE:
        return "write 5% of the base, or 10/s"
    return "write 5% of the base, or a plain number"
