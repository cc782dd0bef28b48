"""`--out KIND=URL`: where what is measured goes while it is measured."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeVar

import click

from groundswell.errors import InvalidConfiguration
from groundswell_coordinator.cli.output import check_writable
from groundswell_coordinator.outputs.destination import MOST, Destination, parse_destination

if TYPE_CHECKING:
    from collections.abc import Callable

F = TypeVar("F", bound="Callable[..., Any]")


def out_option(command: F) -> F:
    """Give a command `outputs: tuple[Destination, ...]`."""
    return click.option(
        "--out",
        "outputs",
        multiple=True,
        metavar="KIND=URL",
        callback=_destinations,
        help="Send every second's values on: prometheus=URL (remote write), otlp=URL, jsonl=FILE. "
        "May be repeated.",
    )(command)


def _destinations(
    context: click.Context, parameter: click.Parameter, texts: tuple[str, ...]
) -> tuple[Destination, ...]:
    try:
        destinations = tuple(map(parse_destination, texts))
    except InvalidConfiguration as error:
        raise click.BadParameter(str(error)) from error
    if len(set(destinations)) < len(destinations):
        raise click.BadParameter("the same output is named twice")
    if len(destinations) > MOST:
        raise click.BadParameter(f"a run has at most {MOST} outputs")
    for destination in destinations:
        if destination.is_file:
            _check_file(Path(destination.place))
    return destinations


def _check_file(path: Path) -> None:
    try:
        check_writable(path)
    except OSError as error:
        raise click.BadParameter(f"cannot write {path}: {error.strerror}") from error
