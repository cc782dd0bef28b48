"""`groundswell runs`: what was run before, and what goes on."""

from __future__ import annotations

import json
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING

import click

from groundswell_coordinator.cli.output import printing
from groundswell_coordinator.cli.past import ask, whose_option
from groundswell_coordinator.cli.table import table
from groundswell_coordinator.report import quantity

if TYPE_CHECKING:
    from groundswell.credentials import Remote
    from groundswell.v1.control_pb2 import RunLine

_EPILOG = """\b
Example:
  groundswell runs --limit 5
  groundswell runs --json | jq -r '.[0].run'
  groundswell runs --coordinator load.internal:9700
"""

_TITLES = ("RUN", "TEST", "VERDICT", "STARTED (UTC)", "DURATION", "AGENTS")
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)


@click.command("runs", epilog=_EPILOG)
@click.option(
    "--limit",
    type=click.IntRange(1, 10_000),
    default=20,
    show_default=True,
    help="How many, the newest first.",
)
@click.option("--json", "as_json", is_flag=True, help="Print them as a JSON list.")
@whose_option
def command(coordinator: Remote | None, limit: int, as_json: bool) -> None:
    """List past runs, and those that go on, the newest first."""
    lines = ask(coordinator, lambda runs: runs.lines(limit))
    with printing():
        if as_json:
            click.echo(json.dumps([_as_json(line) for line in lines], indent=2, ensure_ascii=False))
        elif lines:
            click.echo(table(_TITLES, [_cells(line) for line in lines]))
        else:
            click.echo("No runs yet: `groundswell run TEST` makes the first.", err=True)


def verdict_of(line: RunLine) -> str:
    """The verdict, or why there is none."""
    if line.standing == "open":
        return line.state or "running"
    if line.standing == "lost":
        return "INCONCLUSIVE"
    return line.verdict or "not started"


def _cells(line: RunLine) -> tuple[str, ...]:
    return (
        line.run_id,
        line.test,
        verdict_of(line),
        f"{_moment(line.start_at_us or line.created_at_us):%Y-%m-%d %H:%M:%S}",
        quantity.clock(line.duration_s) if line.ended_at_us else "",
        str(line.agents),
    )


def _as_json(line: RunLine) -> dict[str, object]:
    has_ended = bool(line.ended_at_us)
    return {
        "run": line.run_id,
        "test": line.test,
        "state": line.standing,
        "phase": line.state or None,
        "verdict": line.verdict or None,
        "exit_code": line.exit_code if has_ended else None,
        "labels": dict(line.labels),
        "created_at": _text(line.created_at_us),
        "started_at": _text(line.start_at_us),
        "ended_at": _text(line.ended_at_us),
        "duration_s": line.duration_s if has_ended else None,
        "agents": line.agents,
    }


def _moment(microseconds: int) -> datetime:
    return _EPOCH + timedelta(microseconds=microseconds)


def _text(microseconds: int) -> str | None:
    return _moment(microseconds).isoformat().replace("+00:00", "Z") if microseconds else None
