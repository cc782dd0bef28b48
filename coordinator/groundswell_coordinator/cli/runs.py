"""`groundswell runs`: what was run before."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

import click

from groundswell_coordinator.report import quantity

if TYPE_CHECKING:
    from datetime import datetime

    from groundswell_coordinator.store.records import RunLine

_EPILOG = """\b
Example:
  groundswell runs --limit 5
  groundswell runs --json | jq -r '.[0].run'
"""

_TITLES = ("RUN", "TEST", "VERDICT", "STARTED (UTC)", "DURATION", "AGENTS")


@click.command("runs", epilog=_EPILOG)
@click.option(
    "--limit",
    type=click.IntRange(min=1),
    default=20,
    show_default=True,
    help="How many, the newest first.",
)
@click.option("--json", "as_json", is_flag=True, help="Print them as a JSON list.")
def command(limit: int, as_json: bool) -> None:
    """List past runs, and those that go on, the newest first."""
    # SQLAlchemy takes a third of a second to import: not for --help.
    from groundswell_coordinator.store.run_store import RunStore

    with RunStore.open() as store:
        lines = store.list_runs(limit)
    if as_json:
        click.echo(json.dumps([_as_json(line) for line in lines], indent=2, ensure_ascii=False))
    elif lines:
        click.echo(_table([_TITLES, *(_cells(line) for line in lines)]))
    else:
        click.echo("No runs yet: `groundswell run TEST` makes the first.", err=True)


def verdict_of(line: RunLine) -> str:
    """The verdict, or why there is none."""
    # Imported here for the same reason as the store.
    from groundswell_coordinator.store.records import Standing

    if line.standing is Standing.OPEN:
        return "running"
    if line.standing is Standing.LOST:
        return "INCONCLUSIVE"
    return line.verdict or "not started"


def _cells(line: RunLine) -> tuple[str, ...]:
    duration = "" if line.duration_s is None else quantity.clock(line.duration_s)
    started = line.start_at or line.created_at
    return (
        line.run_id,
        line.test,
        verdict_of(line),
        f"{started:%Y-%m-%d %H:%M:%S}",
        duration,
        str(line.agents),
    )


def _table(rows: list[tuple[str, ...]]) -> str:
    widths = [max(len(row[column]) for row in rows) for column in range(len(_TITLES))]
    return "\n".join(
        "  ".join(cell.ljust(width) for cell, width in zip(row, widths, strict=True)).rstrip()
        for row in rows
    )


def _as_json(line: RunLine) -> dict[str, object]:
    return {
        "run": line.run_id,
        "test": line.test,
        "state": line.standing.value,
        "verdict": line.verdict,
        "exit_code": line.exit_code,
        "labels": dict(line.labels),
        "created_at": _moment(line.created_at),
        "started_at": _moment(line.start_at),
        "ended_at": _moment(line.ended_at),
        "duration_s": line.duration_s,
        "agents": line.agents,
    }


def _moment(moment: datetime | None) -> str | None:
    return None if moment is None else moment.isoformat().replace("+00:00", "Z")
