"""`groundswell certs init`: an authority of one's own."""

from __future__ import annotations

from typing import TYPE_CHECKING

import click

from groundswell_coordinator.cli.certs_folder import day, days_option, dir_option, quoted

if TYPE_CHECKING:
    from datetime import timedelta
    from pathlib import Path


@click.command("init")
@dir_option
@days_option(3650, "For how long it is good.")
def init(folder: Path, validity: timedelta) -> None:
    """Make an authority, which then issues certificates. Never over one that is there.

    Its key stays in the folder, for your eyes only: whoever has it can issue anything.

    \b
    Examples:
      groundswell certs init
      groundswell certs init --dir ./certs --days 730
    """
    from groundswell_coordinator.certs.authority_folder import AuthorityFolder

    made = AuthorityFolder.create(folder, validity)
    ends = day(made.authority.certificate.not_valid_after_utc)
    click.echo(f"an authority, good until {ends}: {quoted(folder)}", err=True)
    click.echo("  ca.crt is for everybody; ca.key stays here, and is worth a backup", err=True)
    click.echo("next, with the names by which agents and people reach your coordinator:", err=True)
    click.echo("  groundswell certs issue coordinator --host load.internal", err=True)
