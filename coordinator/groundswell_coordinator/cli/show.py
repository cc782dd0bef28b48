"""`groundswell show RUN`: the summary of a past run, as it was printed at its end."""

from __future__ import annotations

from typing import TYPE_CHECKING

import click

from groundswell.errors import GroundswellError, UnknownRun
from groundswell.exit_codes import ExitCode
from groundswell_coordinator.report.console import print_summary
from groundswell_coordinator.report.summary import (
    AgentSummary,
    ReasonSummary,
    Summary,
)

if TYPE_CHECKING:
    from groundswell_coordinator.store.records import StoredRun
    from groundswell_coordinator.store.run_store import RunStore

_EPILOG = """\b
Example:
  groundswell show last
  groundswell show 20260304-05 --json | jq .metrics.http_req_duration.values
"""

LAST = "last"


@click.command("show", epilog=_EPILOG)
@click.argument("run")
@click.option("--json", "as_json", is_flag=True, help="Print the summary as JSON.")
@click.option("-v", "--verbose", is_flag=True, help="Every metric, and every agent by name.")
def command(run: str, as_json: bool, verbose: bool) -> None:
    """Print the summary of RUN: its id, the start of its id, or `last`."""
    # SQLAlchemy takes a third of a second to import: not for --help.
    from groundswell_coordinator.store.run_store import RunStore

    with RunStore.open() as store:
        summary = _summary_of(store.get_run(_id_of(run, store)))
    if as_json:
        click.echo(summary.to_json(indent=2))
    else:
        print_summary(summary, verbose=verbose)


def _id_of(run: str, store: RunStore) -> str:
    if run != LAST:
        return run
    newest = store.list_runs(limit=1)
    if not newest:
        raise UnknownRun("there are no runs yet", hint="`groundswell run TEST` makes the first")
    return newest[0].run_id


def _summary_of(run: StoredRun) -> Summary:
    from groundswell_coordinator.store.records import Standing

    line = run.line
    if line.standing is Standing.OPEN:
        raise GroundswellError(
            f"run {line.run_id} goes on", hint="its summary is there when it has ended"
        )
    if run.summary_json is not None:
        return Summary.from_json(run.summary_json)
    if line.standing is Standing.LOST or line.verdict is not None:
        return _summary_of_lost(run)
    raise GroundswellError(f"run {line.run_id} never started{_why(run)}")


def _why(run: StoredRun) -> str:
    return f": {run.events[-1].message}" if run.events else ""


def _summary_of_lost(run: StoredRun) -> Summary:
    """A run whose coordinator ended before it has no numbers, but a reason."""
    message = f"the coordinator (process {run.line.owner.pid}) ended before the run did"
    return Summary(
        run=run.line.run_id,
        test=run.line.test,
        test_hash=run.test_hash,
        groundswell_version=run.groundswell_version,
        verdict="INCONCLUSIVE",
        exit_code=int(ExitCode.INCONCLUSIVE),
        reasons=(ReasonSummary("coordinator_lost", message),),
        labels=run.line.labels,
        started_at=run.line.start_at,
        duration_s=float(run.line.intervals),
        agents=tuple(AgentSummary(share.agent, share.weight) for share in run.shares),
    )
