"""`groundswell schema`: the JSON schema of a test, for editors."""

from __future__ import annotations

import json

import click

from groundswell.scenario.schema import test_schema


@click.command(name="schema")
def command() -> None:
    """Print the JSON schema of a test file (draft 2020-12).

    Editors complete and check a test with it.

    \b
    Example:
      groundswell schema > groundswell.schema.json
      # and as the first line of a test, for the YAML language server:
      # yaml-language-server: $schema=groundswell.schema.json
    """
    click.echo(json.dumps(test_schema(), indent=2, ensure_ascii=False))
