"""Rates, shares and whole seconds as options: `400/s`, `2%`, `30s`. Exact, as in a test."""

from __future__ import annotations

from fractions import Fraction

import click

from groundswell.errors import InvalidUnit
from groundswell.units import parse_duration, parse_rate, parse_share


class Rate(click.ParamType[Fraction]):
    """Per second."""

    name = "RATE"

    def convert(
        self, value: object, param: click.Parameter | None, ctx: click.Context | None
    ) -> Fraction:
        if isinstance(value, Fraction):
            return value
        try:
            return parse_rate(str(value))
        except InvalidUnit as error:
            self.fail(str(error), param, ctx)


class Share(click.ParamType[Fraction]):
    """Of one."""

    name = "SHARE"

    def convert(
        self, value: object, param: click.Parameter | None, ctx: click.Context | None
    ) -> Fraction:
        if isinstance(value, Fraction):
            return value
        try:
            return parse_share(str(value))
        except InvalidUnit as error:
            self.fail(str(error), param, ctx)


class Seconds(click.ParamType[int]):
    """A duration of whole seconds: a run is judged second by second."""

    name = "TIME"

    def convert(
        self, value: object, param: click.Parameter | None, ctx: click.Context | None
    ) -> int:
        if isinstance(value, int):
            return value
        try:
            seconds = parse_duration(str(value))
        except InvalidUnit as error:
            self.fail(str(error), param, ctx)
        if seconds.denominator != 1 or not seconds:
            self.fail(f"{value} is not in whole seconds, as 10s or 1m", param, ctx)
        return int(seconds)
