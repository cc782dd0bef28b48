"""How runs go: hidden at once, then taken away in steps too small to keep a writer waiting.

What an unexpected end leaves of one stays hidden; whoever removes a run a day later sweeps it up.
"""

from __future__ import annotations

import time
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING

from sqlalchemy import ColumnElement, Connection, and_, delete, select, update

from groundswell_coordinator.store import baselines, run_lookup
from groundswell_coordinator.store.records import Standing
from groundswell_coordinator.store.schema import baselines as baselines_table
from groundswell_coordinator.store.schema import intervals, runs

if TYPE_CHECKING:
    from collections.abc import Sequence

    from groundswell_coordinator.store.database import Database

INTERVALS_AT_ONCE = 8
# SQLite lets those who wait try again ten times a second at worst.
PAUSE_S = 0.01
_ABANDONED_AFTER = timedelta(days=1)


def remove(database: Database, run_id: str) -> None:
    """One run, by its whole id, that has no coordinator and no name."""
    with database.writing() as connection:
        line = run_lookup.locked(connection, run_id)
        if line.standing is Standing.OPEN:
            run_lookup.must_be_closed(line)
        baselines.must_have_none(connection, run_id)
        _hide(connection, run_id)
    sweep(database, run_id)
    _sweep_abandoned(database)


def forget(database: Database, before: datetime) -> int:
    """All that ended before that and have no name; how many."""
    forgotten = 0
    for run_id in _forgettable(database, before):
        with database.writing() as connection:
            # It may have got a name meanwhile.
            run_lookup.lock(connection, run_id)
            is_hidden = _hide(connection, run_id, _is_forgettable(before))
        if is_hidden:
            sweep(database, run_id)
            forgotten += 1
    _sweep_abandoned(database)
    return forgotten


def sweep(database: Database, run_id: str) -> None:
    """Take away what there is of a hidden run."""
    while sweep_some(database, run_id):
        time.sleep(PAUSE_S)


def sweep_some(database: Database, run_id: str) -> bool:
    """One step; False when nothing is left."""
    of_run = intervals.c.run_id == run_id
    some = select(intervals.c.interval).where(of_run).order_by(intervals.c.interval)
    with database.writing() as connection:
        numbers = connection.scalars(some.limit(INTERVALS_AT_ONCE)).all()
        if numbers:
            chosen = intervals.c.interval.between(numbers[0], numbers[-1])
            connection.execute(delete(intervals).where(of_run, chosen))
            return True
        # All the rest goes with it.
        connection.execute(
            delete(runs).where(runs.c.run_id == run_id, runs.c.hidden_since.is_not(None))
        )
    return False


def _hide(connection: Connection, run_id: str, *still: ColumnElement[bool]) -> bool:
    """False where it is not so any more."""
    hidden = update(runs).where(runs.c.run_id == run_id, runs.c.hidden_since.is_(None), *still)
    return connection.execute(hidden.values(hidden_since=datetime.now(UTC))).rowcount == 1


def _forgettable(database: Database, before: datetime) -> Sequence[str]:
    with database.reading() as connection:
        return connection.scalars(
            select(runs.c.run_id)
            .where(runs.c.hidden_since.is_(None), _is_forgettable(before))
            .order_by(runs.c.ended_at)
        ).all()


def _is_forgettable(before: datetime) -> ColumnElement[bool]:
    named = select(baselines_table.c.run_id)
    return and_(runs.c.ended_at < before, runs.c.run_id.not_in(named))


def _sweep_abandoned(database: Database) -> None:
    since = datetime.now(UTC) - _ABANDONED_AFTER
    with database.reading() as connection:
        abandoned = connection.scalars(
            select(runs.c.run_id).where(runs.c.hidden_since < since)
        ).all()
    for run_id in abandoned:
        sweep(database, run_id)
