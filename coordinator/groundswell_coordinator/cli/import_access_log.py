"""`groundswell import access-log`: the access log of nginx, Apache and others."""

from __future__ import annotations

import re
from fractions import Fraction
from typing import TYPE_CHECKING

import click

from groundswell.units import parse_duration
from groundswell_coordinator.cli.import_output import import_options, needs_output
from groundswell_coordinator.importers.access_log.arrival_table import WIDTHS

if TYPE_CHECKING:
    from pathlib import Path

    from groundswell_coordinator.importers.draft import Draft


class Speed(click.ParamType[Fraction]):
    """`2x`, `0.5x`."""

    name = "FACTOR"

    def convert(
        self, value: object, param: click.Parameter | None, ctx: click.Context | None
    ) -> Fraction:
        if isinstance(value, Fraction):
            return value
        text = str(value).removesuffix("x")
        if not re.fullmatch(r"[0-9]{1,4}(?:\.[0-9]{1,3})?", text) or not Fraction(text):
            self.fail(f"{value!r} is no factor, such as 2x or 0.5x", param, ctx)
        return Fraction(text)


@click.command("access-log")
@click.argument("file", type=click.Path(dir_okay=False, allow_dash=True))
@click.option(
    "--top",
    type=click.IntRange(1, 1000),
    default=50,
    show_default=True,
    help="How many kinds of paths the test has: the most frequent ones.",
)
@click.option("--timing", is_flag=True, help="Let requests arrive as they did, along a profile.")
@click.option("--speed", type=Speed(), help="With --timing: so many times faster, as 2x.")
@click.option(
    "--every",
    type=click.Choice(WIDTHS),
    help="With --timing: requests are counted in steps of this.  [default: 1s]",
)
@import_options
def command(
    file: str,
    top: int,
    timing: bool,
    speed: Fraction | None,
    every: str | None,
    output: Path | None,
) -> Draft:
    """Make a test of an access log in the common or the combined format; - is standard input, and a
    name that ends in .gz is unpacked.

    Paths are asked for as often as they were, by chance: each iteration is one request. With --timing
    the arrivals follow the log, second by second, in a profile beside the test. Logs have no bodies:
    what was not GET, HEAD or OPTIONS is left out.

    \b
    Examples:
      groundswell import access-log access.log -o visitors.yaml
      groundswell import access-log access.log.gz --timing --speed 2x -o day.yaml
    """
    from groundswell_coordinator.importers.access_log.importer import LogOptions, import_access_log

    if not timing and (speed is not None or every is not None):
        raise click.UsageError("--speed and --every go with --timing.")
    profile = needs_output(output, "--timing").with_suffix(".csv").name if timing else ""
    options = LogOptions(top, timing, speed or Fraction(1), parse_duration(every or "1s"), profile)
    return import_access_log(file, options)
