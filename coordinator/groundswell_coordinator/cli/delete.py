"""`groundswell delete RUN`: forget a run."""

from __future__ import annotations

from typing import TYPE_CHECKING

import click

from groundswell_coordinator.cli.past import ask, whose_option

if TYPE_CHECKING:
    from groundswell.credentials import Remote

_EPILOG = """\b
Example:
  groundswell delete 20260304-050607-1f3a9c
"""


@click.command("delete", epilog=_EPILOG)
@click.argument("run")
@whose_option
def command(run: str, coordinator: Remote | None) -> None:
    """Delete RUN and all that was measured in it. It is named by its whole id."""
    ask(coordinator, lambda runs: runs.delete(run))
    click.echo(f"deleted run {run}", err=True)
