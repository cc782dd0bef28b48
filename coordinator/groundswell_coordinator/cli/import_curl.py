"""`groundswell import curl`: commands of curl."""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING

import click

from groundswell_coordinator.cli.import_output import import_options

if TYPE_CHECKING:
    from pathlib import Path

    from groundswell_coordinator.importers.draft import Draft


@click.command("curl")
@click.argument("commands", nargs=-1, required=True, metavar="COMMAND…")
@import_options
def command(commands: tuple[str, ...], output: Path | None) -> Draft:
    """Make a test of curl commands, each as one argument, or as - from standard input: browsers copy
    requests as such.

    \b
    Examples:
      groundswell import curl 'curl https://shop.example/products -H "Accept: application/json"'
      groundswell import curl - -o login.yaml < command.sh
    """
    from groundswell_coordinator.importers.curl.importer import import_curl

    return import_curl([sys.stdin.read() if one == "-" else one for one in commands])
