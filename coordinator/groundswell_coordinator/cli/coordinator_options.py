"""The options of every command that talks to a coordinator."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, TypeVar

import click

from groundswell.address import Address, AddressOption

if TYPE_CHECKING:
    from collections.abc import Callable

F = TypeVar("F", bound="Callable[..., Any]")

VARIABLE = "GROUNDSWELL_COORDINATOR"


class _Coordinator(AddressOption):
    """Nothing is no coordinator: for one command where the environment names one for all."""

    def convert(
        self, value: object, param: click.Parameter | None, ctx: click.Context | None
    ) -> Address:
        return super().convert(value, param, ctx) if value else _NOBODY


_NOBODY = Address("", 0)


def coordinator_option(what: str) -> Callable[[F], F]:
    """Give a command `coordinator: Address | None`; without one it does `what`."""
    return click.option(
        "--coordinator",
        type=_Coordinator(dials=True),
        envvar=VARIABLE,
        show_envvar=True,
        metavar="HOST:PORT",
        callback=_given,
        help=f"The coordinator to ask.  [default: {what}]",
    )


def needed_coordinator_option(command: F) -> F:
    """Give a command `coordinator: Address`; without one it is of no use."""
    return click.option(
        "--coordinator",
        type=_Coordinator(dials=True),
        envvar=VARIABLE,
        show_envvar=True,
        metavar="HOST:PORT",
        callback=_needed,
        help="The coordinator to ask.",
    )(command)


def _given(
    context: click.Context, parameter: click.Parameter, value: Address | None
) -> Address | None:
    return None if value == _NOBODY else value


def _needed(context: click.Context, parameter: click.Parameter, value: Address | None) -> Address:
    given = _given(context, parameter, value)
    if given is None:
        raise click.UsageError(
            f"Which coordinator? Give --coordinator HOST:PORT, or set {VARIABLE}.", context
        )
    return given


def key_values(
    context: click.Context, parameter: click.Parameter, values: tuple[str, ...]
) -> dict[str, str]:
    """The callback of an option that may be repeated, each time with K=V."""
    pairs = [value.partition("=") for value in values]
    for key, equals, value in pairs:
        if not (key and equals):
            raise click.BadParameter(f"{key + value!r} is not K=V")
    return {key: value for key, _, value in pairs}
