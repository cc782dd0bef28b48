"""`groundswell certs list`: what there is, and until when it is good."""

from __future__ import annotations

import json
from datetime import UTC, datetime
from typing import TYPE_CHECKING

import click

from groundswell_coordinator.cli.certs_folder import dir_option
from groundswell_coordinator.cli.output import printing
from groundswell_coordinator.cli.table import table

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from cryptography import x509

    from groundswell_coordinator.certs.authority_folder import AuthorityFolder

_TITLES = ("NAME", "KIND", "HOSTS", "GOOD UNTIL (UTC)", "DAYS LEFT")


@click.command("list")
@click.option("--json", "as_json", is_flag=True, help="Print them as a JSON list.")
@dir_option
def list_(folder: Path, as_json: bool) -> None:
    """List the authority and what it issued, with the days that are left to each.

    \b
    Examples:
      groundswell certs list
      groundswell certs list --json | jq -r '.[] | select(.days_left < 30) | .name'
    """
    from groundswell_coordinator.certs.authority_folder import AuthorityFolder

    lines = list(_lines(AuthorityFolder.open(folder)))
    with printing():
        if as_json:
            click.echo(json.dumps(lines, indent=2, ensure_ascii=False))
        else:
            click.echo(table(_TITLES, [_cells(line) for line in lines]))


def _lines(folder: AuthorityFolder) -> Iterator[dict[str, object]]:
    from groundswell_coordinator.certs.issued_folder import hosts_of, roles_of

    yield _line("ca", "authority", (), folder.authority.certificate)
    for old in folder.authority.replaced:
        yield _line("ca", "replaced authority", (), old)
    for one in folder.issued():
        certificate = one.read()
        kind = " ".join(roles_of(certificate)) or "coordinator"
        yield _line(one.path.name, kind, hosts_of(certificate), certificate)


def _line(
    name: str, kind: str, hosts: tuple[str, ...], certificate: x509.Certificate
) -> dict[str, object]:
    ends = certificate.not_valid_after_utc
    return {
        "name": name,
        "kind": kind,
        "hosts": " ".join(hosts),
        "good_until": ends.isoformat().replace("+00:00", "Z"),
        "days_left": (ends - datetime.now(UTC)).days,
    }


def _cells(line: dict[str, object]) -> tuple[str, ...]:
    until = str(line["good_until"]).replace("T", " ").rstrip("Z")
    return str(line["name"]), str(line["kind"]), str(line["hosts"]), until, str(line["days_left"])
