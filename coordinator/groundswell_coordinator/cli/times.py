"""A duration as an option: `60s`, `1m30s`."""

from __future__ import annotations

import click

from groundswell.errors import GroundswellError
from groundswell.units import parse_duration


class Time(click.ParamType[float]):
    """In seconds."""

    name = "TIME"

    def convert(
        self, value: object, param: click.Parameter | None, ctx: click.Context | None
    ) -> float:
        if isinstance(value, float):
            return value
        try:
            return float(parse_duration(str(value)))
        except (GroundswellError, OverflowError) as error:
            self.fail(str(error), param, ctx)
