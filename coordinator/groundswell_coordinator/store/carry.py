"""A closed run from one database into another, as the records that the store gives and takes."""

from __future__ import annotations

import time
from contextlib import suppress
from datetime import UTC, datetime
from itertools import islice
from typing import TYPE_CHECKING

from sqlalchemy import Connection, insert, select, update
from sqlalchemy.exc import IntegrityError

from groundswell.errors import StoreFailed
from groundswell_coordinator.store import removal, run_rows
from groundswell_coordinator.store.schema import (
    amendments,
    clocks,
    events,
    handovers,
    intervals,
    runs,
    shares,
)

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from groundswell_coordinator.store.database import Database
    from groundswell_coordinator.store.records import StoredInterval, StoredRun


def carry(run: StoredRun, its_intervals: Iterable[StoredInterval], target: Database) -> None:
    """Hidden until all of it is there, so that it can go in small steps between other writers.

    Raises StoreFailed where the id is taken.
    """
    run_id = run.line.run_id
    _clear_remains(target, run_id)
    with target.writing() as connection:
        _insert_hidden(connection, run)
    try:
        rest = iter(its_intervals)
        while some := list(islice(rest, removal.INTERVALS_AT_ONCE)):
            with target.writing() as connection:
                _insert_intervals(connection, run_id, some)
            time.sleep(removal.PAUSE_S)
        with target.writing() as connection:
            _show(connection, run_id)
    except BaseException:
        # Whatever is left is hidden, and swept up some day. The first failure is the one to tell.
        with suppress(StoreFailed):
            removal.sweep(target, run_id)
        raise


def _clear_remains(target: Database, run_id: str) -> None:
    remains = select(runs.c.run_id).where(runs.c.run_id == run_id, runs.c.hidden_since.is_not(None))
    with target.reading() as connection:
        is_there = connection.execute(remains).first() is not None
    if is_there:
        removal.sweep(target, run_id)


def _insert_hidden(connection: Connection, run: StoredRun) -> None:
    run_id = run.line.run_id
    row = run_rows.of_stored_run(run)
    try:
        connection.execute(insert(runs).values(**row, hidden_since=datetime.now(UTC)))
    except IntegrityError as error:
        raise StoreFailed(f"there is a run {run_id} already") from error
    for table, rows in (
        (shares, run_rows.of_shares(run_id, run.shares)),
        (handovers, [run_rows.of_handover(run_id, handover) for handover in run.handovers]),
        (clocks, run_rows.of_clocks(run_id, run.clocks)),
        (events, [run_rows.of_event(run_id, event) for event in run.events]),
    ):
        if rows:
            connection.execute(insert(table), rows)


def _insert_intervals(connection: Connection, run_id: str, some: Sequence[StoredInterval]) -> None:
    rows = [run_rows.of_interval(run_id, one.interval, one.merged, one.contained) for one in some]
    late = [
        run_rows.of_amendment(run_id, one.interval, amendment)
        for one in some
        for amendment in one.amendments
    ]
    connection.execute(insert(intervals), rows)
    if late:
        connection.execute(insert(amendments), late)


def _show(connection: Connection, run_id: str) -> None:
    shown = update(runs).where(runs.c.run_id == run_id).values(hidden_since=None)
    if connection.execute(shown).rowcount != 1:
        raise StoreFailed(f"run {run_id} was removed while it was carried over")
