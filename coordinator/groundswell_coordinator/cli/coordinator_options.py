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
    return _option(_given, f"The coordinator to ask.  [default: {what}]")


def needed_coordinator_option(command: F) -> F:
    """Give a command `coordinator: Address`; without one it is of no use."""
    return _option(_needed, "The coordinator to ask.")(command)


def _option(
    callback: Callable[[click.Context, click.Parameter, Address | None], Address | None],
    text: str,
) -> Callable[[F], F]:
    return click.option(
        "--coordinator",
        type=_Coordinator(dials=True),
        envvar=VARIABLE,
        show_envvar=True,
        metavar="HOST:PORT",
        callback=callback,
        help=text,
    )


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
