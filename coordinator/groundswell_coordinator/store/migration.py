"""One row says which schema a database has.

An empty database gets the newest one, an older one is brought up to date, a newer one is refused.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from sqlalchemy import Connection, LargeBinary, insert, inspect, select, update

from groundswell.errors import StoreFailed
from groundswell_coordinator.store.schema import handovers, metadata, ownership, schema_version

if TYPE_CHECKING:
    from collections.abc import Callable


def _move_shares(connection: Connection) -> None:
    """Handovers, coordinators that own a store, histograms of single agents."""
    for table in (handovers, ownership):
        table.create(connection)
    binary = LargeBinary().compile(connection.dialect)
    for statement in (
        "ALTER TABLE runs ADD COLUMN is_local BOOLEAN DEFAULT true NOT NULL",
        "ALTER TABLE runs ADD COLUMN on_agent_loss TEXT DEFAULT 'reshare' NOT NULL",
        "ALTER TABLE runs ADD COLUMN agent_histograms BOOLEAN DEFAULT false NOT NULL",
        f"ALTER TABLE contributions ADD COLUMN report {binary}",
        "ALTER TABLE events ADD COLUMN detail JSON",
    ):
        connection.exec_driver_sql(statement)


# The migration at place n brings a database from version n + 1 to n + 2. One that was released
# never changes.
MIGRATIONS: tuple[Callable[[Connection], None], ...] = (_move_shares,)


def bring_up_to_date(connection: Connection) -> None:
    """Within one write transaction, so that of two processes only one makes the tables."""
    newest = len(MIGRATIONS) + 1
    version = _version_of(connection)
    if version is None:
        _create(connection, newest)
    elif version > newest:
        raise _too_new(version, newest)
    else:
        for migrate in MIGRATIONS[version - 1 :]:
            migrate(connection)
        if version < newest:
            connection.execute(update(schema_version).values(version=newest))


def _version_of(connection: Connection) -> int | None:
    if not inspect(connection).has_table(schema_version.name):
        return None
    version: int = connection.execute(select(schema_version.c.version)).scalar_one()
    return version


def _create(connection: Connection, version: int) -> None:
    metadata.create_all(connection)
    connection.execute(insert(schema_version).values(version=version))


def _too_new(version: int, newest: int) -> StoreFailed:
    return StoreFailed(
        f"the store has schema version {version}; this groundswell knows versions up to {newest}",
        hint="a newer groundswell wrote it: upgrade, or set GROUNDSWELL_HOME to another folder",
    )
