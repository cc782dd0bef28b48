"""What the commands of `groundswell certs` share: whose folder, how long, and how paths are printed."""

from __future__ import annotations

import shlex
from datetime import timedelta
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeVar

import click

from groundswell.address import Address
from groundswell.credentials import Credentials
from groundswell_coordinator.store.location import data_folder

if TYPE_CHECKING:
    from collections.abc import Callable
    from datetime import datetime

    from groundswell_coordinator.certs.issued_folder import IssuedFolder

F = TypeVar("F", bound="Callable[..., Any]")

_LONGEST_DAYS = 36_500
# As `coordinator --listen` has it.
_PORT = 9700
_ELSEWHERE = f"0.0.0.0:{_PORT}"


def dir_option(command: F) -> F:
    """Give a command `folder: Path`."""
    return click.option(
        "--dir",
        "folder",
        type=click.Path(file_okay=False, path_type=Path),
        default=lambda: data_folder() / "certs",
        envvar="GROUNDSWELL_CERTS",
        show_envvar=True,
        help="Where the authority is.  [default: certs, beside your runs]",
    )(command)


def days_option(default: int | None, text: str) -> Callable[[F], F]:
    """Give a command `validity: timedelta | None`."""
    return click.option(
        "--days",
        "validity",
        type=click.IntRange(1, _LONGEST_DAYS),
        default=default,
        show_default=default is not None,
        callback=_days,
        help=text,
    )


def _days(context: click.Context, parameter: click.Parameter, days: int | None) -> timedelta | None:
    return None if days is None else timedelta(days=days)


def day(at: datetime) -> str:
    return f"{at:%Y-%m-%d}"


def flags(folder: IssuedFolder) -> str:
    """The options by which every command takes this certificate."""
    return shlex.join(Credentials(folder.roots, folder.certificate, folder.key).words())


def quoted(path: Path) -> str:
    return shlex.quote(str(path))


def next_step(kind: str, folder: IssuedFolder, host: str) -> str:
    """What to type now, on the machine that has `folder`."""
    where = f"--coordinator {Address(host, _PORT)}"
    match kind:
        case "coordinator":
            return f"groundswell coordinator --listen {_ELSEWHERE} {flags(folder)}"
        case "agent":
            return f"groundswell agent {where} {flags(folder)}"
        case "viewer":
            return f"groundswell runs {where} {flags(folder)}"
        case _:
            return f"groundswell run TEST {where} {flags(folder)}"
