"""`groundswell schema`: the JSON schemas of a test, for editors, and of a summary, for scripts."""

from __future__ import annotations

import json
from importlib.resources import files

import click

from groundswell.scenario.schema import test_schema

_SUMMARY = "summary"


@click.command(name="schema")
@click.argument("what", type=click.Choice(["test", _SUMMARY]), default="test")
def command(what: str) -> None:
    """Print the JSON schema of a test file, or of the summary that --summary-json writes.

    Editors complete and check a test with the one (draft 2020-12, as the other); scripts know from
    the other what they may rely on.

    \b
    Examples:
      groundswell schema > groundswell.schema.json
      # and as the first line of a test, for the YAML language server:
      # yaml-language-server: $schema=groundswell.schema.json
      groundswell schema summary > summary.schema.json
    """
    if what == _SUMMARY:
        resource = files("groundswell_coordinator.report").joinpath("summary.schema.json")
        click.echo(resource.read_text(encoding="utf-8").rstrip())
    else:
        click.echo(json.dumps(test_schema(), indent=2, ensure_ascii=False))
