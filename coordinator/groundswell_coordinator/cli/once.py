"""The options of `run --once`, light enough to be imported with `run`."""

from __future__ import annotations

from typing import TYPE_CHECKING

import click

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    F = Callable[..., object]


def once_options(command: F) -> F:
    """Give `run` the options --once, --scenario and --pauses."""
    for option in reversed(
        (
            click.option(
                "--once",
                is_flag=True,
                help="Go through the test once with one VU, and print every request and response.",
            ),
            click.option(
                "--scenario", metavar="NAME", help="With --once: only this one of its scenarios."
            ),
            click.option(
                "--pauses", is_flag=True, help="With --once: wait for pauses, instead of not."
            ),
        )
    ):
        command = option(command)
    return command


def is_typed(option: str) -> bool:
    """Whether it stands in the command, and not in the environment, where it is for other commands."""
    source = click.get_current_context().get_parameter_source(option)
    return source is click.core.ParameterSource.COMMANDLINE


def check_once(
    *, once: bool, scenario: str | None, pauses: bool, others: Mapping[str, object]
) -> None:
    """Raises UsageError for options that go with --once only, or not with it."""
    if not once and (scenario is not None or pauses):
        option = "--pauses" if scenario is None else "--scenario"
        raise click.UsageError(f"{option} goes with --once.")
    for option, value in others.items():
        if once and value:
            raise click.UsageError(f"--once has no load and no verdict: {option} has no use there.")
