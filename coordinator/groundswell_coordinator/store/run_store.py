"""All that is stored about runs. Each method is one transaction, committed when it returns."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import TYPE_CHECKING, Self

from sqlalchemy import Connection, delete, insert, select, update
from sqlalchemy.exc import IntegrityError

from groundswell.errors import StoreFailed, UnknownRun
from groundswell.exit_codes import ExitCode
from groundswell_coordinator.store import run_lookup, run_rows
from groundswell_coordinator.store.database import Database
from groundswell_coordinator.store.records import Standing, StoredEvent
from groundswell_coordinator.store.schema import (
    clocks,
    contributions,
    events,
    handovers,
    intervals,
    runs,
    shares,
)

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence
    from types import TracebackType

    from groundswell_coordinator.store.records import (
        AgentClock,
        Amendment,
        Contribution,
        NewRun,
        RunLine,
        StoredHandover,
        StoredInterval,
        StoredRun,
        StoredShare,
    )

# Intervals that are read at once: an iteration over a long run holds no transaction open meanwhile.
_PAGE = 60

COORDINATOR_LOST = "coordinator_lost"


class RunStore:
    """Synchronous, for one thread. `with RunStore.open() as store: …` closes it."""

    def __init__(self, database: Database) -> None:
        self._database = database

    @classmethod
    def open(cls, url: str | None = None) -> Self:
        """None is the SQLite file in the user's data folder, made if it is not there."""
        return cls(Database(url))

    def close(self) -> None:
        self._database.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.close()

    # --- while a run lives ---------------------------------------------------------------------

    def create_run(self, run: NewRun) -> None:
        """Raises StoreFailed when the id is taken."""
        with self._database.writing() as connection:
            try:
                connection.execute(insert(runs).values(**run_rows.of_run(run)))
            except IntegrityError as error:
                raise StoreFailed(f"there is a run {run.run_id} already") from error

    def save_shares(self, run_id: str, entries: Sequence[StoredShare]) -> None:
        """The table of shares, with its order; saved once."""
        rows = run_rows.of_shares(run_id, entries)
        with self._database.writing() as connection:
            _must_be_open(connection, run_id)
            if rows:
                connection.execute(insert(shares), rows)

    def save_handover(self, run_id: str, handover: StoredHandover) -> None:
        """One share that moves; an epoch is saved once."""
        with self._database.writing() as connection:
            _must_be_open(connection, run_id)
            connection.execute(insert(handovers).values(**run_rows.of_handover(run_id, handover)))

    def save_start(self, run_id: str, start_at: datetime, agents: Sequence[AgentClock]) -> None:
        """T on the wall clock, and what is known of the clocks."""
        rows = run_rows.of_clocks(run_id, agents)
        with self._database.writing() as connection:
            _must_be_open(connection, run_id)
            connection.execute(
                update(runs).where(runs.c.run_id == run_id).values(start_at=start_at)
            )
            if rows:
                connection.execute(insert(clocks), rows)

    def save_skew(self, run_id: str, incarnation: str, skew_ns: int) -> None:
        """How late after T this agent's loop really started."""
        with self._database.writing() as connection:
            connection.execute(
                update(clocks)
                .where(clocks.c.run_id == run_id, clocks.c.incarnation == incarnation)
                .values(skew_ns=skew_ns)
            )

    def save_interval(
        self, run_id: str, interval: int, merged: bytes, contained: Sequence[Contribution]
    ) -> None:
        """A sealed interval and whose reports are in it; saved once."""
        rows = run_rows.of_contributions(run_id, interval, contained)
        with self._database.writing() as connection:
            _must_be_open(connection, run_id)
            connection.execute(
                insert(intervals).values(run_id=run_id, interval=interval, merged=merged)
            )
            if rows:
                connection.execute(insert(contributions), rows)

    def save_amendment(self, run_id: str, interval: int, amendment: Amendment) -> bool:
        """A late report of a sealed interval; False where it is contained: it counts once."""
        key = (
            contributions.c.run_id == run_id,
            contributions.c.interval == interval,
            contributions.c.incarnation == amendment.incarnation,
        )
        with self._database.writing() as connection:
            _must_be_open(connection, run_id)
            if connection.execute(select(contributions.c.interval).where(*key)).first():
                return False
            connection.execute(
                insert(contributions).values(
                    run_id=run_id,
                    interval=interval,
                    incarnation=amendment.incarnation,
                    accounts=amendment.accounts,
                    amendment=amendment.report,
                )
            )
        return True

    def save_event(self, run_id: str, event: StoredEvent) -> None:
        with self._database.writing() as connection:
            _insert_event(connection, run_id, event)

    def close_run(
        self,
        run_id: str,
        *,
        verdict: str | None,
        exit_code: int,
        summary_json: str | None,
        ended_at: datetime,
        duration_s: float,
    ) -> None:
        """The end, once. A run that never started has neither verdict nor summary."""
        with self._database.writing() as connection:
            _must_be_open(connection, run_id)
            connection.execute(
                update(runs)
                .where(runs.c.run_id == run_id)
                .values(
                    verdict=verdict,
                    exit_code=exit_code,
                    summary_json=summary_json,
                    ended_at=ended_at,
                    duration_s=duration_s,
                )
            )

    # --- afterwards ----------------------------------------------------------------------------

    def get_run(self, run: str) -> StoredRun:
        """By id, or by the start of an id where only one run has it."""
        with self._database.reading() as connection:
            return run_rows.whole_run(connection, run_lookup.find(connection, run))

    def list_runs(self, limit: int = 20) -> tuple[RunLine, ...]:
        """The newest first."""
        newest_first = run_rows.select_lines().order_by(runs.c.created_at.desc(), runs.c.run_id)
        with self._database.reading() as connection:
            return run_rows.lines(connection, newest_first.limit(limit))

    def intervals(self, run_id: str) -> Iterator[StoredInterval]:
        """In order. What is stored while this goes on is given too."""
        after = -1
        while True:
            with self._database.reading() as connection:
                page = run_rows.some_intervals(connection, run_id, after, _PAGE)
            if not page:
                return
            yield from page
            after = page[-1].interval

    def delete_run(self, run_id: str) -> None:
        """All of it. Takes the whole id, and refuses while the run's coordinator lives."""
        with self._database.writing() as connection:
            line = run_lookup.exactly(connection, run_id)
            if line.standing is Standing.OPEN:
                raise StoreFailed(f"run {run_id} has not ended", hint="stop it first")
            connection.execute(delete(runs).where(runs.c.run_id == run_id))

    def unowned_local_runs(self) -> tuple[RunLine, ...]:
        """Runs without an end whose coordinator has ended for certain."""
        with self._database.reading() as connection:
            unended = run_rows.lines(
                connection, run_rows.select_lines().where(runs.c.ended_at.is_(None))
            )
        return tuple(line for line in unended if line.is_local and line.standing is Standing.LOST)

    def mark_coordinator_lost(self, run_id: str, summary_json: str | None = None) -> bool:
        """Close an unowned run as INCONCLUSIVE at the last moment that is known of it.

        False where it has an end or a living owner after all: two processes may find it at once.
        """
        with self._database.writing() as connection:
            line = run_lookup.exactly(connection, run_id)
            if line.standing is not Standing.LOST:
                return False
            message = f"the coordinator (process {line.owner.pid}) ended before the run did"
            event = StoredEvent(datetime.now(UTC), COORDINATOR_LOST, message)
            _insert_event(connection, run_id, event)
            connection.execute(
                update(runs)
                .where(runs.c.run_id == run_id)
                .values(
                    verdict="INCONCLUSIVE",
                    exit_code=int(ExitCode.INCONCLUSIVE),
                    summary_json=summary_json,
                    ended_at=line.seen_until,
                    duration_s=float(line.intervals),
                )
            )
        return True


def _insert_event(connection: Connection, run_id: str, event: StoredEvent) -> None:
    connection.execute(
        insert(events).values(
            run_id=run_id,
            at=event.at,
            code=event.code,
            message=event.message,
            agent=event.agent,
            detail=None if event.detail is None else dict(event.detail),
        )
    )


def _must_be_open(connection: Connection, run_id: str) -> None:
    """A closed run never changes: its verdict is a function of what is stored."""
    row = connection.execute(select(runs.c.ended_at).where(runs.c.run_id == run_id)).first()
    if row is None:
        raise UnknownRun(f"there is no run {run_id} in the store")
    if row.ended_at is not None:
        raise StoreFailed(f"run {run_id} is closed")
