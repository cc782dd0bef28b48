"""`groundswell certs issue`: a certificate for a coordinator, or for one who comes to it."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import click

from groundswell_coordinator.access.role import Role
from groundswell_coordinator.cli.certs_folder import (
    day,
    days_option,
    dir_option,
    next_step,
    quoted,
)

if TYPE_CHECKING:
    from collections.abc import Sequence
    from datetime import timedelta

    from groundswell_coordinator.certs.authority_folder import AuthorityFolder

_COORDINATOR = "coordinator"
# So that it can be asked on its own machine, and through a tunnel.
_ITSELF = ("localhost", "127.0.0.1", "::1")


@click.command("issue")
@click.argument("kind", type=click.Choice([_COORDINATOR, *(role.value for role in Role)]))
@click.option("--name", help="Whose it is: logs say so, and its folder.  [default: its kind]")
@click.option(
    "--host",
    "hosts",
    multiple=True,
    help="A name or an address that the coordinator is reached by; may be repeated.",
)
@days_option(365, "For how long it is good; never longer than its authority.")
@click.option(
    "--out",
    type=click.Path(file_okay=False, path_type=Path),
    help="Another folder for its files than one beside the authority.",
)
@dir_option
def issue(
    kind: str,
    name: str | None,
    hosts: tuple[str, ...],
    validity: timedelta,
    out: Path | None,
    folder: Path,
) -> None:
    """Issue a certificate: a folder with ca.crt, tls.crt and tls.key, to be copied to where it is used.

    A coordinator's says by which names it is reached; localhost is always among them. An agent's, a
    viewer's or an operator's says what whoever has it may do.

    \b
    Examples:
      groundswell certs issue coordinator --host load.internal --host 10.0.0.7
      groundswell certs issue agent
      groundswell certs issue operator --name alice --days 90
    """
    from groundswell_coordinator.certs.authority_folder import AuthorityFolder

    _check_hosts(kind, hosts)
    authority = AuthorityFolder.open(folder)
    name = name or kind
    place = authority.place(name, out)
    if kind == _COORDINATOR:
        names = tuple(dict.fromkeys((*hosts, *_ITSELF)))
        issued = authority.authority.issue_coordinator(name, names, validity)
    else:
        issued = authority.authority.issue_role(Role(kind), name, validity)
    authority.write(place, issued)
    ends = day(place.read().not_valid_after_utc)
    click.echo(f"{name}, good until {ends}: {quoted(place.path)}", err=True)
    host = hosts[0] if hosts else _known_host(authority)
    click.echo("next, where these files are:", err=True)
    click.echo(f"  {next_step(kind, place, host)}", err=True)


def _check_hosts(kind: str, hosts: Sequence[str]) -> None:
    if kind == _COORDINATOR and not hosts:
        raise click.UsageError(
            "Which names is it reached by? --host load.internal (and --host localhost for this machine alone)."
        )
    if kind != _COORDINATOR and hosts:
        raise click.UsageError("--host is for a coordinator's certificate: others are not reached.")


def _known_host(authority: AuthorityFolder) -> str:
    """By which the coordinator is reached that was issued here, for the sake of an example."""
    from groundswell_coordinator.certs.issued_folder import hosts_of

    known = (host for one in authority.issued() for host in hosts_of(one.read()))
    # One that is not only of its own machine, if there is one.
    return min(known, key=lambda host: host in _ITSELF, default="HOST")
