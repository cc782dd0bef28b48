"""`groundswell init`: a first test file."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import TYPE_CHECKING

import click

from groundswell.errors import GroundswellError, InvalidUnit
from groundswell.quantities import Quantity
from groundswell.scenario.nodes import Scalar
from groundswell.scenario.problems import Problems
from groundswell.scenario.urls import TARGET
from groundswell.units import parse_duration, parse_rate
from groundswell_coordinator.cli.first_test import FirstTest
from groundswell_coordinator.cli.new_file import new_file, refuse_existing

if TYPE_CHECKING:
    from collections.abc import Callable
    from fractions import Fraction


class Target(click.ParamType[str]):
    """An address, such as a test's `target`."""

    name = "URL"

    def convert(
        self, value: object, param: click.Parameter | None, ctx: click.Context | None
    ) -> str:
        problems, text = Problems("--target"), str(value)
        TARGET.read(Scalar(1, 1, text, plain=False, written=text), "target", problems)
        if problems:
            found = problems.as_error().problems[0]
            self.fail(f"{found.message} ({found.hint})" if found.hint else found.message)
        return text


def _as_written(parse: Callable[[str], Fraction]) -> Callable[[str], str]:
    """Of a quantity that is more than nothing, its text."""

    def checked(text: str) -> str:
        if not parse(text):
            raise InvalidUnit(f"{text} is nothing")
        return text

    return checked


RATE = Quantity("RATE", _as_written(parse_rate))
DURATION = Quantity("TIME", _as_written(parse_duration))
_QUESTIONS: dict[str, tuple[str, click.ParamType[str], str]] = {
    "target": ("What may be loaded?", Target(), "http://127.0.0.1:8080"),
    "rate": ("How many iterations start, per second (/s), minute (/m) or hour (/h)?", RATE, "10/s"),
    "duration": ("For how long?", DURATION, "30s"),
}


@click.command("init")
@click.argument(
    "file",
    type=click.Path(dir_okay=False, path_type=Path),
    default=Path("test.yaml"),
    required=False,
)
@click.option("--target", type=Target(), help="What is loaded.")
@click.option("--rate", type=RATE, help="How many iterations start, such as 10/s.")
@click.option("--duration", type=DURATION, help="For how long, such as 30s.")
def command(file: Path, target: str | None, rate: str | None, duration: str | None) -> None:
    """Write a first test into FILE (test.yaml): it runs as it is, and says what to change.

    Asks for what no option says. A file that is there is never written over.

    \b
    Examples:
      groundswell init
      groundswell init shop.yaml --target https://shop.staging.internal --rate 50/s --duration 5m
    """
    refuse_existing(file)
    given = {"target": target, "rate": rate, "duration": duration}
    missing = [name for name, value in given.items() if value is None]
    if missing and not sys.stdin.isatty():
        options = " ".join(f"--{name}" for name in missing)
        example = " ".join(f"--{name} {_QUESTIONS[name][2]}" for name in missing)
        raise GroundswellError(
            f"there is nobody to ask: {options} must be given", hint=f"groundswell init {example}"
        )
    answers = {name: value or _ask(name) for name, value in given.items()}
    new_file(file, FirstTest(**answers).text(file))
    click.echo(f"wrote {file}; next: groundswell run {file}", err=True)


def _ask(name: str) -> str:
    """Until the answer is right."""
    question, kind, usual = _QUESTIONS[name]
    answer: str = click.prompt(question, type=kind, default=usual, err=True, prompt_suffix=" ")
    return answer
