"""From what a person types to one run."""

from __future__ import annotations

from typing import TYPE_CHECKING

from groundswell.errors import UnknownRun
from groundswell_coordinator.store import run_rows
from groundswell_coordinator.store.schema import runs

if TYPE_CHECKING:
    from collections.abc import Sequence

    from sqlalchemy import Connection

    from groundswell_coordinator.store.records import RunLine

_AMBIGUOUS_SHOWN = 5


def exactly(connection: Connection, run_id: str) -> RunLine:
    """By the whole id."""
    found = run_rows.lines(connection, run_rows.select_lines().where(runs.c.run_id == run_id))
    if not found:
        raise _unknown(run_id)
    return found[0]


def find(connection: Connection, run: str) -> RunLine:
    """By the id, or by the start of an id where only one run has it."""
    alike = run_rows.select_lines().where(runs.c.run_id.startswith(run, autoescape=True))
    # LIKE heeds case in PostgreSQL and not in SQLite.
    found = [line for line in run_rows.lines(connection, alike) if line.run_id.startswith(run)]
    exact = [line for line in found if line.run_id == run]
    if not run or not found:
        raise _unknown(run)
    if len(found) > 1 and not exact:
        raise _ambiguous(run, [line.run_id for line in found])
    return exact[0] if exact else found[0]


def _unknown(run: str) -> UnknownRun:
    return UnknownRun(f"there is no run {run!r}", hint="`groundswell runs` lists those there are")


def _ambiguous(run: str, ids: Sequence[str]) -> UnknownRun:
    shown = ", ".join(ids[:_AMBIGUOUS_SHOWN])
    more = f" and {len(ids) - _AMBIGUOUS_SHOWN} more" if len(ids) > _AMBIGUOUS_SHOWN else ""
    return UnknownRun(
        f"{run!r} is the start of {len(ids)} runs: {shown}{more}", hint="give more of the id"
    )
