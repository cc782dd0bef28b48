"""`--inconclusive fail|warn`: whether a run that cannot tell fails the build."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, TypeVar

import click

from groundswell.exit_codes import ExitCode

if TYPE_CHECKING:
    from collections.abc import Callable

F = TypeVar("F", bound="Callable[..., Any]")


def inconclusive_option(command: F) -> F:
    """Give a command `inconclusive: str`, for `as_asked`."""
    return click.option(
        "--inconclusive",
        type=click.Choice(["fail", "warn"]),
        default="fail",
        show_default=True,
        help="Whether INCONCLUSIVE exits 96 or 0.",
    )(command)


def as_asked(inconclusive: str, code: int) -> int:
    """No other code is ever softened."""
    if inconclusive == "warn" and code == ExitCode.INCONCLUSIVE:
        return ExitCode.OK
    return code
