"""One row says which schema a database has.

An empty database gets the newest one, an older one is brought up to date, a newer one is refused.
"""

from __future__ import annotations

from typing import TYPE_CHECKING
from uuid import uuid4

from sqlalchemy import Connection, insert, inspect, select, update

from groundswell.errors import StoreFailed
from groundswell_coordinator.store import version_2, version_3
from groundswell_coordinator.store.schema import metadata, ownership, schema_version

if TYPE_CHECKING:
    from collections.abc import Callable

# The migration at place n brings a database from version n + 1 to n + 2. One that was released
# never changes, and uses nothing that does.
MIGRATIONS: tuple[Callable[[Connection], None], ...] = (
    version_2.migrate,
    version_3.migrate,
)


def is_up_to_date(connection: Connection) -> bool:
    return _version_of(connection) == newest_version()


def bring_up_to_date(connection: Connection) -> None:
    """Within one write transaction, so that of two processes only one makes the tables."""
    newest = newest_version()
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


def newest_version() -> int:
    return len(MIGRATIONS) + 1


def _version_of(connection: Connection) -> int | None:
    if not inspect(connection).has_table(schema_version.name):
        return None
    version: int = connection.execute(select(schema_version.c.version)).scalar_one()
    return version


def _create(connection: Connection, version: int) -> None:
    metadata.create_all(connection)
    connection.execute(insert(ownership).values(store_id=uuid4().hex, generation=0, holder=""))
    connection.execute(insert(schema_version).values(version=version))


def _too_new(version: int, newest: int) -> StoreFailed:
    return StoreFailed(
        f"the store has schema version {version}; this groundswell knows versions up to {newest}",
        hint="a newer groundswell wrote it: upgrade, or use another store",
    )
