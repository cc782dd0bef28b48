"""`groundswell history TEST`: how a test fared from run to run, and where that changed."""

from __future__ import annotations

import json
import math
import os
from datetime import UTC
from itertools import pairwise
from pathlib import Path
from typing import TYPE_CHECKING

import click

from groundswell.errors import UnknownRun
from groundswell.scenario.loader import load
from groundswell.scenario.source import read_source
from groundswell_coordinator.cli.output import printing
from groundswell_coordinator.cli.past import ask, ended_summaries, whose_option
from groundswell_coordinator.cli.table import table
from groundswell_coordinator.report import quantity

if TYPE_CHECKING:
    from collections.abc import Sequence

    from groundswell.credentials import Remote
    from groundswell_coordinator.history.trend import Change
    from groundswell_coordinator.report.summary import Summary

_EPILOG = """\b
Examples:
  groundswell history checkout
  groundswell history checkout.yaml --limit 100 --json | jq .changes
"""

_TITLES = ("RUN", "STARTED (UTC)", "VERDICT", "MED", "P(95)", "P(99)", "FAILED", "REQUESTS", "")


@click.command("history", epilog=_EPILOG)
@click.argument("test")
@click.option(
    "--limit",
    type=click.IntRange(1, 1000),
    default=30,
    show_default=True,
    help="How many runs, the newest.",
)
@click.option("--json", "as_json", is_flag=True, help="Print runs and changes as JSON.")
@whose_option
def command(test: str, coordinator: Remote | None, limit: int, as_json: bool) -> None:
    """Show the runs of TEST, the name of a test or its file, with the points at which they changed.

    A change is told where the order of the runs could hardly be chance, and levels differ by more than
    2%. It takes about a dozen runs to see one. Figures are those of the summaries, of the whole run.
    """
    from groundswell_coordinator.history.trend import changes_of

    name = _name_of(test)
    summaries = ask(coordinator, lambda runs: ended_summaries(runs, name, limit))
    if not summaries:
        raise UnknownRun(
            f"there is no run of a test {name!r} that has ended",
            hint="`groundswell runs` lists those there are",
        )
    changes = changes_of(summaries)
    with printing():
        if as_json:
            click.echo(json.dumps(_as_json(name, summaries, changes), indent=2, ensure_ascii=False))
        else:
            click.echo(_text(name, summaries, changes))


def _name_of(test: str) -> str:
    if not Path(test).is_file():
        return test
    return load(read_source(test, os.environ)).test


def _text(name: str, summaries: Sequence[Summary], changes: Sequence[Change]) -> str:
    from groundswell_coordinator.history.trend import FIGURES, value_of
    from groundswell_coordinator.report.sparks import spark_between

    notes = _notes(summaries, changes)
    rows = [_cells(summary, notes[place]) for place, summary in enumerate(summaries)]
    width = max(map(len, FIGURES))
    lines = ["", f"{name}: {len(rows)} runs, the newest last", "", table(_TITLES, rows), ""]
    for figure in FIGURES:
        values = [value_of(summary, figure) for summary in summaries]
        known = [value for value in values if value is not None]
        if known:
            bounds = f"{_shown(figure, min(known))} to {_shown(figure, max(known))}"
            lines.append(f"{figure:{width}}  {spark_between(values)}  {bounds}")
    return "\n".join([*lines, "", *_conclusion(summaries, changes)])


def _notes(summaries: Sequence[Summary], changes: Sequence[Change]) -> list[str]:
    """What is to be said beside each run."""
    notes: list[list[str]] = [[] for _ in summaries]
    for change in changes:
        notes[change.place].append(f"{change.figure} {_share(change)}")
    for place, (one, next_) in enumerate(pairwise(summaries), 1):
        if one.test_hash != next_.test_hash:
            notes[place].append("test changed")
    return [", ".join(said) for said in notes]


def _cells(summary: Summary, note: str) -> tuple[str, ...]:
    from groundswell_coordinator.history.trend import FIGURES, value_of

    started = summary.started_at
    figures = ((figure, value_of(summary, figure)) for figure in FIGURES)
    return (
        summary.run,
        "" if started is None else f"{started.astimezone(UTC):%Y-%m-%d %H:%M:%S}",
        summary.verdict or "",
        *("" if value is None else _shown(figure, value) for figure, value in figures),
        f"← {note}" if note else "",
    )


def _conclusion(summaries: Sequence[Summary], changes: Sequence[Change]) -> list[str]:
    from groundswell_coordinator.history.trend import FEWEST_RUNS

    if not changes:
        few = f"; it takes {FEWEST_RUNS} runs to see one" if len(summaries) < FEWEST_RUNS else ""
        return [f"No change{few}."]
    return [
        f"{change.figure} changed with run {change.run}:"
        f" {_shown(change.figure, change.before)} → {_shown(change.figure, change.after)}"
        f" ({_share(change)})"
        for change in changes
    ]


def _shown(figure: str, value: float) -> str:
    if figure == "failed":
        return quantity.percent(value)
    return quantity.per_second(value) if figure == "requests/s" else quantity.duration(value)


def _share(change: Change) -> str:
    if math.isinf(change.share) or change.figure == "failed":
        return (
            f"{100 * (change.after - change.before):+.2f}pp"
            if change.figure == "failed"
            else "from 0"
        )
    return f"{100 * change.share:+.1f}%"


def _as_json(
    name: str, summaries: Sequence[Summary], changes: Sequence[Change]
) -> dict[str, object]:
    return {
        "version": 1,
        "test": name,
        "runs": [_run_as_json(summary) for summary in summaries],
        "changes": [
            {
                "figure": change.figure,
                "run": change.run,
                "before": change.before,
                "after": change.after,
            }
            for change in changes
        ],
    }


def _run_as_json(summary: Summary) -> dict[str, object]:
    from groundswell_coordinator.history.trend import FIGURES, value_of

    started = summary.started_at
    return {
        "run": summary.run,
        "started_at": None
        if started is None
        else started.astimezone(UTC).isoformat().replace("+00:00", "Z"),
        "verdict": summary.verdict,
        "labels": dict(summary.labels),
        "test_hash": summary.test_hash,
        "figures": {figure: value_of(summary, figure) for figure in FIGURES},
    }
