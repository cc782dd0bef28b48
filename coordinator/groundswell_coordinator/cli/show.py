"""`groundswell show RUN`: the summary of a past run, as it was printed at its end, or of a part of it."""

from __future__ import annotations

from typing import TYPE_CHECKING

import click

from groundswell.exit_codes import ExitCode
from groundswell_coordinator.cli.output import printing
from groundswell_coordinator.cli.past import ask, env_option, environment, whose_option
from groundswell_coordinator.cli.report_files import report_options
from groundswell_coordinator.cli.times import Time

if TYPE_CHECKING:
    from groundswell.credentials import Remote
    from groundswell_coordinator.cli.report_files import ReportFiles

_EPILOG = """\b
Example:
  groundswell show last
  groundswell show 20260304-05 --json | jq .metrics.http_req_duration.values
  groundswell show last --from 60s --to 2m
  groundswell show last --junit junit.xml --markdown summary.md
"""


@click.command("show", epilog=_EPILOG)
@click.argument("run")
@click.option("--from", "from_s", type=Time(), metavar="TIME", help="Only from here on.")
@click.option("--to", "to_s", type=Time(), metavar="TIME", help="Only up to here.")
@env_option
@click.option("--json", "as_json", is_flag=True, help="Print the summary as JSON.")
@click.option("-v", "--verbose", is_flag=True, help="Every metric, and every agent by name.")
@whose_option
@report_options("run")
def command(
    run: str,
    coordinator: Remote | None,
    files: ReportFiles,
    from_s: float | None,
    to_s: float | None,
    env: tuple[tuple[str, str], ...],
    as_json: bool,
    verbose: bool,
) -> int:
    """Print the summary of RUN: its id, the start of its id, or `last`.

    With --from or --to it is that of a part of the run, worked out from the histograms of its
    seconds; both count from the start of the run. The files are those that `run` writes.
    """
    from groundswell_coordinator.history.answers import Part
    from groundswell_coordinator.report.console import print_summary

    if to_s is not None and to_s <= (from_s or 0.0):
        raise click.UsageError("--to is not after --from: that is no part of a run")
    part = None if from_s is None and to_s is None else Part(from_s or 0.0, to_s)
    if part is not None:
        files.refuse_part()
    variables = environment(coordinator, env)
    summary = ask(coordinator, lambda runs: runs.summary(run, part, variables))
    with files.written(summary, coordinator), printing():
        if as_json:
            click.echo(summary.to_json(indent=2))
        else:
            print_summary(summary, verbose=verbose)
    return files.exit_code(ExitCode.OK)
