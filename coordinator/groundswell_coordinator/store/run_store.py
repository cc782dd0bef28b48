"""All that is stored about runs. Each method is one transaction, committed when it returns.

Those that move a whole run are several, between which others write: `delete_run`, `forget`,
`export_run`, `import_run`.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Self

from groundswell.errors import StoreFailed
from groundswell_coordinator.store import (
    adoption,
    baselines,
    live_run,
    pages,
    removal,
    run_lookup,
    run_rows,
)
from groundswell_coordinator.store.adoption import COORDINATOR_LOST as COORDINATOR_LOST
from groundswell_coordinator.store.database import Database, open_database
from groundswell_coordinator.store.schema import runs

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence
    from datetime import datetime
    from pathlib import Path

    from groundswell_coordinator.store.records import (
        AgentClock,
        Amendment,
        Baseline,
        Contribution,
        NewRun,
        Ownership,
        RunLine,
        StoredEvent,
        StoredHandover,
        StoredInterval,
        StoredRun,
        StoredShare,
    )


class RunStore:
    """Synchronous, for one thread. `with RunStore.open() as store: …` closes it.

    Another thread opens its own by the same URL; the two do not wait for each other.
    """

    def __init__(self, database: Database) -> None:
        self._database = database

    @classmethod
    def open(cls, url: str | None = None) -> Self:
        """None is the SQLite file in the user's data folder, made if it is not there."""
        return cls(open_database(url))

    def close(self) -> None:
        """Gives the store back where it was owned."""
        self._database.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *exception: object) -> None:
        self.close()

    # --- whose it is ---------------------------------------------------------------------------

    def own(self, holder: str) -> Ownership:
        """Exclusively, until `close` or the process's end. `holder` is told to whoever is refused.

        Raises StoreFailed where another coordinator has it and keeps it for three seconds more.
        From now on everything that is written by this object raises StoreFailed once another has
        become the owner, which takes that the lock was lost: with the server, or with its file.
        """
        return self._database.own(holder)

    def still_owned(self) -> bool:
        """Whether writes go on. Raises StoreFailed where the server does not say."""
        return self._database.still_owned()

    def unended_runs(self) -> tuple[StoredRun, ...]:
        """Runs of a pool without an end, the oldest first: for the owner to take up."""
        if self._database.ownership is None:
            raise StoreFailed("only the owner of a store takes up its runs", hint="own it first")
        with self._database.reading() as connection:
            return adoption.unended_runs(connection)

    # --- while a run lives ---------------------------------------------------------------------

    def create_run(self, run: NewRun) -> None:
        """Raises StoreFailed when the id is taken."""
        with self._database.writing() as connection:
            live_run.create(connection, run)

    def save_shares(
        self,
        run_id: str,
        entries: Sequence[StoredShare],
        environment: Mapping[str, object] | None = None,
    ) -> None:
        """The table of shares, with its order; saved once. `environment` replaces that of `create_run`."""
        with self._database.writing() as connection:
            live_run.add_shares(connection, run_id, entries, environment)

    def save_handover(self, run_id: str, handover: StoredHandover) -> None:
        """One share that moves; an epoch is saved once."""
        with self._database.writing() as connection:
            live_run.add_handover(connection, run_id, handover)

    def save_start(self, run_id: str, start_at: datetime, agents: Sequence[AgentClock]) -> None:
        """T on the wall clock, and what is known of the clocks."""
        with self._database.writing() as connection:
            live_run.set_start(connection, run_id, start_at, agents)

    def save_skews(self, run_id: str, skews_ns: Mapping[str, int]) -> None:
        """How late after T these agents' loops really started, by incarnation."""
        with self._database.writing() as connection:
            live_run.set_skews(connection, run_id, skews_ns)

    def save_interval(
        self, run_id: str, interval: int, merged: bytes, contained: Sequence[Contribution]
    ) -> None:
        """A sealed interval and whose reports are in it; saved once."""
        with self._database.writing() as connection:
            live_run.add_interval(connection, run_id, interval, merged, contained)

    def save_amendments(self, run_id: str, interval: int, late: Sequence[Amendment]) -> int:
        """Late reports of a sealed interval, each of another agent.

        How many: what is contained already counts once.
        """
        with self._database.writing() as connection:
            return live_run.add_amendments(connection, run_id, interval, late)

    def save_event(self, run_id: str, event: StoredEvent) -> None:
        with self._database.writing() as connection:
            live_run.add_event(connection, run_id, event)

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
        end = {
            "verdict": verdict,
            "exit_code": exit_code,
            "summary_json": summary_json,
            "ended_at": ended_at,
            "duration_s": duration_s,
        }
        with self._database.writing() as connection:
            live_run.close(connection, run_id, end)

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
        return pages.all_intervals(self._database, run_id)

    def unowned_local_runs(self) -> tuple[RunLine, ...]:
        """Runs without an end whose coordinator has ended for certain."""
        with self._database.reading() as connection:
            return adoption.unowned_local_runs(connection)

    def mark_coordinator_lost(self, run_id: str, summary_json: str | None = None) -> bool:
        """Close an unowned run as INCONCLUSIVE at the last moment that is known of it.

        False where it has an end or a living owner after all: two processes may find it at once.
        """
        with self._database.writing() as connection:
            return adoption.mark_coordinator_lost(connection, run_id, summary_json)

    # --- what stays, what goes -----------------------------------------------------------------

    def set_baseline(self, name: str, *runs: str) -> tuple[str, ...]:
        """Of closed runs, by the starts of their ids, which it returns whole.

        The name moves if other runs have it.
        """
        with self._database.writing() as connection:
            return baselines.put(connection, name, runs)

    def remove_baseline(self, name: str) -> None:
        """The name; its runs stay. Raises UnknownRun where there is none."""
        with self._database.writing() as connection:
            baselines.remove(connection, name)

    def baselines(self) -> tuple[Baseline, ...]:
        """By name, then by run."""
        with self._database.reading() as connection:
            return baselines.all_of_them(connection)

    def delete_run(self, run_id: str) -> None:
        """All of it. Takes the whole id; refuses while its coordinator lives, and a baseline."""
        removal.remove(self._database, run_id)

    def forget(self, before: datetime) -> int:
        """Delete the runs that ended before that, except baselines; how many they were."""
        return removal.forget(self._database, before)

    def export_run(self, run: str, path: Path) -> None:
        """A closed run, by the start of its id, as one file with all that is stored of it."""
        from groundswell_coordinator.store import run_file

        run_file.write(self._database, run, path)

    def import_run(self, path: Path) -> str:
        """The id of the run that `export_run` wrote; one that is here already stays as it is.

        Raises StoreFailed where the file is anything else, or another run has the id.
        """
        from groundswell_coordinator.store import run_file

        return run_file.read(path, self._database)
