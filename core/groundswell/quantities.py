"""Rates, shares and whole seconds as options: `400/s`, `2%`, `30s`. Exact, as in a test."""

from __future__ import annotations

from typing import TYPE_CHECKING, Generic, TypeVar

import click

from groundswell.errors import InvalidUnit
from groundswell.units import parse_duration, parse_rate, parse_share

if TYPE_CHECKING:
    from collections.abc import Callable
    from fractions import Fraction

Value = TypeVar("Value")


class Quantity(click.ParamType[Value], Generic[Value]):
    """What `parse` makes of a text, or says against it by an InvalidUnit."""

    def __init__(self, name: str, parse: Callable[[str], Value]) -> None:
        self.name = name
        self._parse = parse

    def convert(
        self, value: object, param: click.Parameter | None, ctx: click.Context | None
    ) -> Value:
        try:
            return self._parse(str(value))
        except InvalidUnit as error:
            self.fail(str(error), param, ctx)


def _whole_seconds(text: str) -> int:
    """A run is judged second by second."""
    seconds = parse_duration(text)
    if seconds.denominator != 1 or not seconds:
        raise InvalidUnit(f"{text} is not in whole seconds, as 10s or 1m")
    return int(seconds)


def _limiting_rate(text: str) -> Fraction:
    if not (rate := parse_rate(text)):
        raise InvalidUnit(f"{text} allows nothing, and is no limit")
    return rate


RATE = Quantity("RATE", parse_rate)
LIMITING_RATE = Quantity("RATE", _limiting_rate)
SHARE = Quantity("SHARE", parse_share)
SECONDS = Quantity("TIME", _whole_seconds)
