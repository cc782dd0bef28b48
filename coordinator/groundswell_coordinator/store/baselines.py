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
    from groundswell_coordinator.store.records import RunLine


def put(connection: Connection, name: str, run: str) -> RunLine:
    """A name that another run has moves to this one."""
    line = run_lookup.locked(connection, run_lookup.find(connection, run).run_id)
    run_lookup.must_be_closed(line)
    connection.execute(delete(baselines).where(baselines.c.name == name))
    connection.execute(
        insert(baselines).values(name=name, run_id=line.run_id, set_at=datetime.now(UTC))
    )
    return line


def remove(connection: Connection, name: str) -> None:
    if not connection.execute(delete(baselines).where(baselines.c.name == name)).rowcount:
        raise UnknownRun(
            f"there is no baseline {name!r}",
            hint="`groundswell baseline list` shows those there are",
        )


def all_of_them(connection: Connection) -> tuple[Baseline, ...]:
    """By name."""
    rows = connection.execute(select(baselines))
    found = (Baseline(row.name, row.run_id, row.set_at) for row in rows)
    return tuple(sorted(found, key=lambda baseline: baseline.name))


def must_have_none(connection: Connection, run_id: str) -> None:
    names = connection.scalars(select(baselines.c.name).where(baselines.c.run_id == run_id)).all()
    if names:
        name = min(names)
        raise StoreFailed(
            f"run {run_id} is the baseline {name!r}",
            hint=f"`groundswell baseline remove {name}` first",
        )
