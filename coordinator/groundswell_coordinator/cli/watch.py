"""`groundswell watch RUN`: follow a run that somebody has started."""

from __future__ import annotations

from typing import TYPE_CHECKING

import click

from groundswell.exit_codes import ExitCode
from groundswell_coordinator.cli.coordinator_options import needed_coordinator_option
from groundswell_coordinator.cli.inconclusive import as_asked, inconclusive_option
from groundswell_coordinator.cli.report_files import report_options

if TYPE_CHECKING:
    from groundswell.credentials import Remote
    from groundswell_coordinator.cli.report_files import ReportFiles

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
@inconclusive_option
@needed_coordinator_option
@report_options("run", is_step=True)
def command(
    run: str,
    coordinator: Remote,
    files: ReportFiles,
    inconclusive: str,
    as_json: bool,
    quiet: bool,
    verbose: bool,
) -> int:
    """Follow RUN to its end: its id, the start of its id, or `last`.

    Ctrl-C only looks away: the run goes on, and the exit code is 0. At the run's end it is that of
    its verdict.
    """
    from groundswell_coordinator.cli.ended import tell_ended
    from groundswell_coordinator.cli.remote_session import watch

    ended = watch(run, coordinator, quiet=quiet or as_json)
    if ended is None:
        return ExitCode.OK
    tell_ended(ended, files, coordinator, as_json=as_json, quiet=quiet, verbose=verbose)
    return files.exit_code(as_asked(inconclusive, ended.exit_code))
