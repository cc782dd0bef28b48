"""What is written about a run while it lives, each within the transaction that it is given."""

from __future__ import annotations

from typing import TYPE_CHECKING

from sqlalchemy import Connection, bindparam, delete, insert, select, update
from sqlalchemy.exc import IntegrityError

from groundswell.errors import StoreFailed, UnknownRun
from groundswell_coordinator.store import contained, run_rows
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
    from collections.abc import Mapping, Sequence
    from datetime import datetime

    from groundswell_coordinator.store.records import (
        AgentClock,
        Amendment,
        Contribution,
        NewRun,
        StoredEvent,
        StoredHandover,
        StoredShare,
    )


def create(connection: Connection, run: NewRun) -> None:
    try:
        connection.execute(insert(runs).values(**run_rows.of_run(run)))
    except IntegrityError as error:
        raise StoreFailed(f"there is a run {run.run_id} already") from error


def add_shares(
    connection: Connection,
    run_id: str,
    entries: Sequence[StoredShare],
    environment: Mapping[str, object] | None,
) -> None:
    must_be_open(connection, run_id)
    if environment is not None:
        known = update(runs).where(runs.c.run_id == run_id)
        connection.execute(known.values(environment=dict(environment)))
    if entries:
        connection.execute(insert(shares), run_rows.of_shares(run_id, entries))


def add_handover(connection: Connection, run_id: str, handover: StoredHandover) -> None:
    must_be_open(connection, run_id)
    connection.execute(insert(handovers).values(**run_rows.of_handover(run_id, handover)))


def set_start(
    connection: Connection, run_id: str, start_at: datetime, agents: Sequence[AgentClock]
) -> None:
    must_be_open(connection, run_id)
    connection.execute(update(runs).where(runs.c.run_id == run_id).values(start_at=start_at))
    # A start that took too long to store is put off, and stored anew.
    connection.execute(delete(clocks).where(clocks.c.run_id == run_id))
    if agents:
        connection.execute(insert(clocks), run_rows.of_clocks(run_id, agents))


def set_skews(connection: Connection, run_id: str, skews_ns: Mapping[str, int]) -> None:
    if not skews_ns:
        return
    key = (clocks.c.run_id == run_id, clocks.c.incarnation == bindparam("of"))
    rows = [{"of": incarnation, "by": skew} for incarnation, skew in skews_ns.items()]
    connection.execute(update(clocks).where(*key).values(skew_ns=bindparam("by")), rows)


def add_interval(
    connection: Connection,
    run_id: str,
    interval: int,
    merged: bytes,
    parts: Sequence[Contribution],
) -> None:
    must_be_open(connection, run_id)
    try:
        row = run_rows.of_interval(run_id, interval, merged, parts)
    except ValueError as error:
        raise StoreFailed(f"interval {interval} of run {run_id}: {error}") from error
    connection.execute(insert(intervals).values(**row))


def add_amendments(
    connection: Connection, run_id: str, interval: int, late: Sequence[Amendment]
) -> int:
    """How many; not those that are contained in their interval, or amend it already."""
    must_be_open(connection, run_id)
    key = (intervals.c.run_id == run_id, intervals.c.interval == interval)
    sealed = connection.execute(select(intervals.c.contained).where(*key)).first()
    if sealed is None:
        raise StoreFailed(f"interval {interval} of run {run_id} is not sealed")
    known = {part.incarnation for part in contained.unpack(sealed.contained, None)}
    known |= _amending(connection, run_id, interval)
    rows = [
        run_rows.of_amendment(run_id, interval, amendment)
        for amendment in late
        if amendment.incarnation not in known
    ]
    if rows:
        connection.execute(insert(amendments), rows)
    return len(rows)


def _amending(connection: Connection, run_id: str, interval: int) -> set[str]:
    found = select(amendments.c.incarnation).where(
        amendments.c.run_id == run_id, amendments.c.interval == interval
    )
    return set(connection.scalars(found))


def add_event(connection: Connection, run_id: str, event: StoredEvent) -> None:
    connection.execute(insert(events).values(**run_rows.of_event(run_id, event)))


def close(connection: Connection, run_id: str, end: Mapping[str, object]) -> None:
    """`end` has the columns that only a closed run has."""
    must_be_open(connection, run_id)
    connection.execute(update(runs).where(runs.c.run_id == run_id).values(**end))


def must_be_open(connection: Connection, run_id: str) -> None:
    """A closed run never changes: its verdict is a function of what is stored.

    The run stays as it is until the transaction ends.
    """
    row = connection.execute(
        select(runs.c.ended_at, runs.c.hidden_since)
        .where(runs.c.run_id == run_id)
        .with_for_update(key_share=True)
    ).first()
    if row is None or row.hidden_since is not None:
        raise UnknownRun(f"there is no run {run_id} in the store")
    if row.ended_at is not None:
        raise StoreFailed(f"run {run_id} is closed")
