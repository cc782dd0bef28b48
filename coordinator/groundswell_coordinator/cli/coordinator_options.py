"""The options of every command that talks to a coordinator."""

from __future__ import annotations

import functools
from typing import TYPE_CHECKING, Any, TypeVar

import click

from groundswell.address import Address, AddressOption
from groundswell.credentials import Credentials, Remote, credential_options

if TYPE_CHECKING:
    from collections.abc import Callable

R = TypeVar("R")

VARIABLE = "GROUNDSWELL_COORDINATOR"


class _Coordinator(AddressOption):
    """Nothing is no coordinator: for one command where the environment names one for all."""

    def convert(
        self, value: object, param: click.Parameter | None, ctx: click.Context | None
    ) -> Address:
        return super().convert(value, param, ctx) if value else _NOBODY


_NOBODY = Address("", 0)


def coordinator_option(what: str) -> Callable[[Callable[..., R]], Callable[..., R]]:
    """Give a command `coordinator: Remote | None`; without one it does `what`."""
    return _options(_given, f"The coordinator to ask.  [default: {what}]")


def needed_coordinator_option(command: Callable[..., R]) -> Callable[..., R]:
    """Give a command `coordinator: Remote`; without one it is of no use."""
    return _options(_needed, "The coordinator to ask.")(command)


def _options(
    callback: Callable[[click.Context, click.Parameter, Address | None], Address | None],
    text: str,
) -> Callable[[Callable[..., R]], Callable[..., R]]:
    """The coordinator, and what is shown to it."""

    def decorate(command: Callable[..., R]) -> Callable[..., R]:
        @functools.wraps(command)
        def wrapper(
            *,
            coordinator: Address | None,
            credentials: Credentials,
            **kwargs: Any,  # noqa: ANN401 # whatever the other options are
        ) -> R:
            remote = None
            if coordinator is not None:
                remote = Remote(coordinator.host, coordinator.port, credentials)
            return command(coordinator=remote, **kwargs)

        return _option(callback, text)(credential_options(from_environment=True)(wrapper))

    return decorate


def _option(
    callback: Callable[[click.Context, click.Parameter, Address | None], Address | None],
    text: str,
) -> Callable[[Callable[..., R]], Callable[..., R]]:
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
