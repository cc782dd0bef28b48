"""Names for runs to compare with. A run that has one stays, whatever is forgotten around it."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import TYPE_CHECKING

from sqlalchemy import Connection, delete, insert, select

from groundswell.errors import StoreFailed, UnknownRun
from groundswell_coordinator.store import run_lookup
from groundswell_coordinator.store.records import Baseline
from groundswell_coordinator.store.schema import baselines

if TYPE_CHECKING:
    from collections.abc import Sequence


def put(connection: Connection, name: str, runs: Sequence[str]) -> tuple[str, ...]:
    """The runs' ids. A name that others have moves to these, all at once."""
    found = sorted({run_lookup.find(connection, run).run_id for run in runs})
    for run_id in found:
        run_lookup.must_be_closed(run_lookup.locked(connection, run_id))
    connection.execute(delete(baselines).where(baselines.c.name == name))
    now = datetime.now(UTC)
    rows = [{"name": name, "run_id": run_id, "set_at": now} for run_id in found]
    connection.execute(insert(baselines), rows)
    return tuple(found)


def remove(connection: Connection, name: str) -> None:
    if not connection.execute(delete(baselines).where(baselines.c.name == name)).rowcount:
        raise UnknownRun(
            f"there is no baseline {name!r}",
            hint="`groundswell baseline list` shows those there are",
        )


def all_of_them(connection: Connection) -> tuple[Baseline, ...]:
    """By name, then by run."""
    rows = connection.execute(select(baselines))
    found = (Baseline(row.name, row.run_id, row.set_at) for row in rows)
    return tuple(sorted(found, key=lambda one: (one.name, one.run_id)))


def must_have_none(connection: Connection, run_id: str) -> None:
    names = connection.scalars(select(baselines.c.name).where(baselines.c.run_id == run_id)).all()
    if names:
        name = min(names)
        raise StoreFailed(
            f"run {run_id} is the baseline {name!r}",
            hint=f"`groundswell baseline remove {name}` first",
        )
