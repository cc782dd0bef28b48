"""From what a person types to one run."""

from __future__ import annotations

from typing import TYPE_CHECKING

from sqlalchemy import select

from groundswell.errors import StoreFailed, UnknownRun
from groundswell_coordinator.store import run_rows
from groundswell_coordinator.store.records import Standing
from groundswell_coordinator.store.schema import runs

if TYPE_CHECKING:
    from collections.abc import Sequence

    from sqlalchemy import Connection

    from groundswell_coordinator.store.records import RunLine

_AMBIGUOUS_SHOWN = 5


def exactly(connection: Connection, run_id: str) -> RunLine:
    """By the whole id."""
    line = find_exactly(connection, run_id)
    if line is None:
        raise _unknown(run_id)
    return line


def find_exactly(connection: Connection, run_id: str) -> RunLine | None:
    found = run_rows.lines(connection, run_rows.select_lines().where(runs.c.run_id == run_id))
    return found[0] if found else None


def locked(connection: Connection, run_id: str) -> RunLine:
    """By the whole id, and nobody else changes the run until the transaction ends."""
    lock(connection, run_id)
    return exactly(connection, run_id)


def lock(connection: Connection, run_id: str) -> None:
    """What is asked after it sees all that was committed while it waited."""
    connection.execute(
        select(runs.c.run_id).where(runs.c.run_id == run_id).with_for_update(key_share=True)
    )


def find(connection: Connection, run: str) -> RunLine:
    """By the id, or by the start of an id where only one run has it."""
    alike = run_rows.select_lines().where(runs.c.run_id.startswith(run, autoescape=True))
    # LIKE heeds case in PostgreSQL and not in SQLite.
    found = [line for line in run_rows.lines(connection, alike) if line.run_id.startswith(run)]
    exact = [line for line in found if line.run_id == run]
    if not run or not found:
        raise _unknown(run)
    if len(found) > 1 and not exact:
        raise _ambiguous(run, sorted(line.run_id for line in found))
    return exact[0] if exact else found[0]


def must_be_closed(line: RunLine) -> None:
    if line.standing is not Standing.CLOSED:
        raise StoreFailed(f"run {line.run_id} has not ended", hint="stop it first")


def _unknown(run: str) -> UnknownRun:
    return UnknownRun(f"there is no run {run!r}", hint="`groundswell runs` lists those there are")


def _ambiguous(run: str, ids: Sequence[str]) -> UnknownRun:
    shown = ", ".join(ids[:_AMBIGUOUS_SHOWN])
    more = f" and {len(ids) - _AMBIGUOUS_SHOWN} more" if len(ids) > _AMBIGUOUS_SHOWN else ""
    return UnknownRun(
        f"{run!r} is the start of {len(ids)} runs: {shown}{more}", hint="give more of the id"
    )
