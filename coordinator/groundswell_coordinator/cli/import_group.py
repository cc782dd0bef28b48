"""`groundswell import`: a test out of what there is already."""

from __future__ import annotations

import click

from groundswell.command_table import CommandTable

# importer -> (module that exports `command`, the line `groundswell import --help` shows)
IMPORTERS: dict[str, tuple[str, str]] = {
    "har": ("groundswell_coordinator.cli.import_har", "What a browser recorded."),
    "curl": ("groundswell_coordinator.cli.import_curl", "Commands of curl."),
    "openapi": ("groundswell_coordinator.cli.import_openapi", "The description of an API."),
    "access-log": (
        "groundswell_coordinator.cli.import_access_log",
        "The access log of nginx, Apache and others.",
    ),
}


class _Importers(CommandTable):
    """The group over `IMPORTERS`."""

    table = IMPORTERS


@click.group("import", cls=_Importers)
def command() -> None:
    """Make a test file of something else, to be edited.

    The test is valid as it is written. What it cannot have of its source is listed, on stderr and at
    its top; passwords, tokens and cookies become variables of the environment.

    \b
    Examples:
      groundswell import har shop.har -o shop.yaml
      groundswell import curl 'curl https://shop.example/api -H "Accept: application/json"'
      groundswell import openapi openapi.yaml --tag cart -o cart.yaml
      groundswell import access-log access.log --timing --speed 2x -o day.yaml
    """
