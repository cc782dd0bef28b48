"""`groundswell certs rotate`: what ends soon is renewed, and an authority replaced while everybody goes on."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import click

from groundswell_coordinator.cli.certs_folder import day, days_option, dir_option, quoted

if TYPE_CHECKING:
    from datetime import timedelta

    from groundswell_coordinator.certs.authority_folder import AuthorityFolder
    from groundswell_coordinator.certs.issued_folder import IssuedFolder


@click.command("rotate")
@click.argument(
    "elsewhere",
    nargs=-1,
    metavar="[FOLDER]...",
    type=click.Path(file_okay=False, exists=True, path_type=Path),
)
@click.option("--all", "everything", is_flag=True, help="Renew all, also what is good for long.")
@click.option("--ca", "begins", is_flag=True, help="Replace the authority; both are trusted.")
@click.option("--finish", "finishes", is_flag=True, help="Trust the replaced authority no more.")
@days_option(None, "For how long, instead of as long as before.")
@dir_option
def rotate(
    elsewhere: tuple[Path, ...],
    everything: bool,
    begins: bool,
    finishes: bool,
    validity: timedelta | None,
    folder: Path,
) -> None:
    """Renew every certificate that has a third of its time left or less, with a new key.

    FOLDERs are of certificates that were issued with --out. Coordinators, agents and clients read
    their files anew by themselves: copy them over the old ones.

    An authority is replaced in three steps, and after each of them files are copied to all machines,
    before the next: with --ca all learn to trust the new one, too; without, all get certificates of
    the new one; with --finish the old one is forgotten.

    \b
    Examples:
      groundswell certs rotate                 # in a timer, once a day
      groundswell certs rotate --ca            # then: rotate, then: rotate --finish
    """
    from groundswell_coordinator.certs.authority import AUTHORITY_VALIDITY
    from groundswell_coordinator.certs.authority_folder import AuthorityFolder
    from groundswell_coordinator.certs.issued_folder import IssuedFolder

    if begins + finishes + everything > 1:
        raise click.UsageError("--all, --ca and --finish are three different steps.")
    authority = AuthorityFolder.open(folder)
    issued = [*authority.issued(), *map(IssuedFolder, elsewhere)]
    if begins:
        _begin(authority, issued, validity or AUTHORITY_VALIDITY)
    elif finishes:
        authority.forget_replaced(issued)
        _say("the replaced authority is trusted no more; copy every ca.crt to its machine")
    else:
        _renew(authority, issued if everything else authority.due(issued), validity)


def _begin(authority: AuthorityFolder, issued: list[IssuedFolder], validity: timedelta) -> None:
    authority.replace_authority(issued, validity)
    ends = day(authority.authority.certificate.not_valid_after_utc)
    _say(f"a new authority, good until {ends}; every ca.crt has it and the old one")
    _say("next: copy every ca.crt to its machine, then: groundswell certs rotate")


def _renew(authority: AuthorityFolder, due: list[IssuedFolder], validity: timedelta | None) -> None:
    for one in due:
        authority.renew(one, validity)
        ends = day(one.read().not_valid_after_utc)
        _say(f"{one.path.name}, good until {ends}: {quoted(one.path)}")
    if not due:
        _say("nothing is due: `groundswell certs list` shows until when each is good")
    elif authority.authority.replaced:
        _say("next: copy them to their machines, then: groundswell certs rotate --finish")
    else:
        _say("next: copy them to their machines; they are read anew by themselves")


def _say(line: str) -> None:
    click.echo(line, err=True)
