"""`groundswell stop RUN`: end a run that goes on."""

from __future__ import annotations

from typing import TYPE_CHECKING

import click

from groundswell_coordinator.cli.coordinator_options import needed_coordinator_option
from groundswell_coordinator.cli.pool import ask_coordinator

if TYPE_CHECKING:
    from groundswell.credentials import Remote

_EPILOG = """\b
Example:
  groundswell stop 20260304-050607-1f3a9c --coordinator load.internal:9700
"""


@click.command("stop", epilog=_EPILOG)
@click.argument("run")
@click.option("--abort", is_flag=True, help="Cancel running iterations, too.")
@needed_coordinator_option
def command(run: str, coordinator: Remote, abort: bool) -> None:
    """Stop RUN for everybody. It is named by its whole id.

    No iteration starts any more, and those that run have five seconds. Whoever follows the run gets
    its summary and exits with 103.
    """
    ask_coordinator(coordinator, lambda client: client.stop(run, abort=abort, cause="operator"))
    click.echo(f"run {run} is {'aborted' if abort else 'stopping'}", err=True)
