"""`groundswell watch RUN`: follow a run that somebody has started."""

from __future__ import annotations

from typing import TYPE_CHECKING

import click

from groundswell.exit_codes import ExitCode
from groundswell_coordinator.cli.coordinator_options import needed_coordinator_option

if TYPE_CHECKING:
    from groundswell.address import Address

_EPILOG = """\b
Example:
  groundswell watch last --coordinator load.internal:9700
  groundswell watch "$(groundswell run checkout.yaml --agents 20 --detach)"
"""


@click.command("watch", epilog=_EPILOG)
@click.argument("run")
@click.option("--json", "as_json", is_flag=True, help="Print the summary as JSON, no progress.")
@click.option("-q", "--quiet", is_flag=True, help="Print nothing but errors.")
@click.option("-v", "--verbose", is_flag=True, help="Print every metric.")
@needed_coordinator_option
def command(run: str, coordinator: Address, as_json: bool, quiet: bool, verbose: bool) -> int:
    """Follow RUN to its end: its id, the start of its id, or `last`.

    Ctrl-C only looks away: the run goes on, and the exit code is 0. At the run's end it is that of
    its verdict.
    """
    from groundswell_coordinator.cli.ended import print_ended
    from groundswell_coordinator.cli.remote_session import watch

    ended = watch(run, str(coordinator), quiet=quiet or as_json)
    if ended is None:
        return ExitCode.OK
    print_ended(ended, as_json=as_json, quiet=quiet, verbose=verbose)
    return int(ended.exit_code)
