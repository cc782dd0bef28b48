"""`groundswell certs token`: a token, for who cannot have a certificate."""

from __future__ import annotations

from pathlib import Path

import click

from groundswell_coordinator.access.role import Role
from groundswell_coordinator.cli.certs_folder import dir_option, quoted
from groundswell_coordinator.cli.new_file import refuse_existing

_TOKENS = "tokens"


@click.command("token")
@click.argument("role", type=click.Choice([role.value for role in Role]))
@click.option("--name", help="Whose it is: logs say so.  [default: its role]")
@click.option(
    "--tokens",
    type=click.Path(dir_okay=False, path_type=Path),
    help="The coordinator's list of tokens, which gets a line.  [default: tokens, beside the authority]",
)
@click.option(
    "--out",
    type=click.Path(dir_okay=False, path_type=Path),
    help="The file for the token itself.  [default: NAME.token, beside the list]",
)
@dir_option
def token(role: str, name: str | None, tokens: Path | None, out: Path | None, folder: Path) -> None:
    """Make a token: a file for whoever is to have it, and a line in the coordinator's list.

    The list has the token's SHA-256 and not the token. Take a line out of it, and its token is
    refused within seconds.

    \b
    Examples:
      groundswell certs token operator --name ci
      groundswell certs token agent --tokens ./tokens --out ./agent.token
    """
    from groundswell_coordinator.access.tokens import TokenLine, new_token, with_line
    from groundswell_coordinator.certs.issued_folder import make_folder, write_file

    name = name or role
    tokens = tokens or folder / _TOKENS
    out = out or tokens.with_name(f"{name}.token")
    refuse_existing(out)
    secret = new_token()
    line = TokenLine.of(Role(role), name, secret)
    make_folder(tokens.parent)
    lines = with_line(tokens, line)
    # The token first: one that is in the list and in no file would be in its own way.
    write_file(out, f"{secret}\n".encode(), secret=True)
    write_file(tokens, lines, secret=True)
    click.echo(f"a token for {role} {name}: {quoted(out)}", err=True)
    click.echo("next, on the coordinator, beside --cert and --key:", err=True)
    click.echo(f"  groundswell coordinator --tokens {quoted(tokens)}", err=True)
    click.echo("and where the token is used, beside --ca:", err=True)
    click.echo(f"  --token-file {quoted(out)}", err=True)
