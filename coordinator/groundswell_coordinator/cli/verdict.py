"""`groundswell verdict RUN`: what the stored numbers of a run say, asked again."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

import click

from groundswell.exit_codes import ExitCode
from groundswell_coordinator.cli.inconclusive import as_asked, inconclusive_option
from groundswell_coordinator.cli.output import printing
from groundswell_coordinator.cli.past import ask, env_option, environment, whose_option
from groundswell_coordinator.cli.report_files import report_options

if TYPE_CHECKING:
    from groundswell.credentials import Remote
    from groundswell_coordinator.cli.report_files import ReportFiles
    from groundswell_coordinator.history.answers import Judged

_EPILOG = """\b
Example:
  groundswell verdict last
  groundswell verdict 20260304-05 -e RATE=500/s --coordinator load.internal:9700
"""


@click.command("verdict", epilog=_EPILOG)
@click.argument("run")
@env_option
@click.option("--json", "as_json", is_flag=True, help="Print the answer as JSON.")
@inconclusive_option
@whose_option
@report_options("run")
def command(
    run: str,
    coordinator: Remote | None,
    files: ReportFiles,
    env: tuple[tuple[str, str], ...],
    inconclusive: str,
    as_json: bool,
) -> int:
    """Work out the verdict of RUN anew, from the seconds that are stored of it.

    Exits as the run itself would, and with 1 if the run had said something else.
    """
    variables = environment(coordinator, env)
    judged = ask(coordinator, lambda runs: runs.judge(run, variables))
    with files.written(judged.summary, coordinator), printing():
        if as_json:
            click.echo(json.dumps(_as_json(judged), indent=2, ensure_ascii=False))
        else:
            _print(judged)
    if judged.not_given:
        click.echo(_warning(judged), err=True)
    if not judged.agrees:
        said = f"the run said {judged.stored_verdict}, its store says {judged.summary.verdict}"
        click.echo(f"error: the verdicts differ: {said}", err=True)
        return ExitCode.ERROR
    return files.exit_code(as_asked(inconclusive, judged.summary.exit_code))


def _print(judged: Judged) -> None:
    from groundswell_coordinator.report.console import print_verdict

    if judged.stored_verdict is None:
        note = "The run itself never said one."
    elif judged.agrees:
        note = "This is what the run said at its end."
    else:
        note = f"At its end the run said {judged.stored_verdict}."
    print_verdict(judged.summary, note)


def _warning(judged: Judged) -> str:
    names = ", ".join(f"env.{name}" for name in judged.not_given)
    return f"warning: judged with the test's defaults of {names}: if the run had others, give -e"


def _as_json(judged: Judged) -> dict[str, object]:
    summary = json.loads(judged.summary.to_json())
    return {
        "run": judged.summary.run,
        "verdict": judged.summary.verdict,
        "exit_code": judged.summary.exit_code,
        "stored_verdict": judged.stored_verdict,
        "agrees": judged.agrees,
        "env_not_given": list(judged.not_given),
        "reasons": summary["reasons"],
        "thresholds": summary["thresholds"],
    }
