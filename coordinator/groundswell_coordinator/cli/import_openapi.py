"""`groundswell import openapi`: the description of an API."""

from __future__ import annotations

from typing import TYPE_CHECKING

import click

from groundswell_coordinator.cli.import_output import import_options

if TYPE_CHECKING:
    from pathlib import Path

    from groundswell_coordinator.importers.draft import Draft

_METHODS = ("get", "post", "put", "patch", "delete", "head", "options")


@click.command("openapi")
@click.argument("file", type=click.Path(dir_okay=False, allow_dash=True))
@click.option(
    "--method",
    "methods",
    multiple=True,
    type=click.Choice(_METHODS, case_sensitive=False),
    help="Only operations of this method. May be repeated.",
)
@click.option(
    "--tag", "tags", multiple=True, help="Only operations with this tag. May be repeated."
)
@import_options
def command(
    file: str, methods: tuple[str, ...], tags: tuple[str, ...], output: Path | None
) -> Draft:
    """Make a test of an OpenAPI description, 3.0 or 3.1, in YAML or JSON, - is standard input:
    every operation once.

    Paths, required parameters and bodies have the examples of the description, or values made of
    their schemas; each check wants the status of success that is described.

    \b
    Examples:
      groundswell import openapi openapi.yaml -o api.yaml
      groundswell import openapi openapi.json --method get --tag products
    """
    from groundswell_coordinator.importers.openapi.importer import ApiOptions, import_openapi

    return import_openapi(file, ApiOptions(methods, tags))
