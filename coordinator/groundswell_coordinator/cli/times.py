"""A duration as an option: `60s`, `1m30s`."""

from __future__ import annotations

import click

from groundswell.errors import GroundswellError
from groundswell.units import parse_duration


class Time(click.ParamType[float]):
    """In seconds; not outside of `bounds`, which are durations, too."""

    name = "TIME"

    def __init__(self, bounds: tuple[str, str] | None = None) -> None:
        self._bounds = bounds

    def convert(
        self, value: object, param: click.Parameter | None, ctx: click.Context | None
    ) -> float:
        if isinstance(value, float):
            return value
        try:
            seconds = parse_duration(str(value))
            if self._bounds is not None:
                least, most = self._bounds
                if not parse_duration(least) <= seconds <= parse_duration(most):
                    self.fail(f"{value} is not from {least} to {most}", param, ctx)
            return float(seconds)
        except (GroundswellError, OverflowError) as error:
            self.fail(str(error), param, ctx)
