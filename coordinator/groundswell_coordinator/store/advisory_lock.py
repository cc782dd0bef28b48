"""A lock that a PostgreSQL server keeps for a session, and gives back when the session has ended."""

from __future__ import annotations

import select
from typing import TYPE_CHECKING, Any, cast

from sqlalchemy import func, text
from sqlalchemy import select as select_columns
from sqlalchemy.exc import DBAPIError

if TYPE_CHECKING:
    import psycopg
    from sqlalchemy import Connection, Engine


class AdvisoryLock:
    """On a connection that does nothing else. `key` is any signed number of 64 bits."""

    def __init__(self, engine: Engine, key: int) -> None:
        self._engine = engine
        self._key = key
        self._connection: Connection | None = None

    def try_take(self) -> bool:
        self.release()
        # Without a transaction, for one that is open for days holds up the server's cleaning.
        connection = self._engine.connect().execution_options(isolation_level="AUTOCOMMIT")
        self._connection = connection
        try:
            taken = connection.scalar(select_columns(func.pg_try_advisory_lock(self._key)))
        except BaseException:
            self.release()
            raise
        if not taken:
            self.release()
        return bool(taken)

    def is_held(self) -> bool:
        """Asks the server only where something has come from it: nothing does, but the end."""
        if self._connection is None:
            return False
        if not _has_news(_driver_of(self._connection)):
            return True
        try:
            self._connection.execute(text("SELECT 1"))
        except DBAPIError:
            self.release()
            return False
        return True

    def release(self) -> None:
        connection, self._connection = self._connection, None
        if connection is None:
            return
        # No more words with a server that may be gone: the session ends with its connection.
        if not connection.invalidated:
            _driver_of(connection).close()
            connection.invalidate()
        connection.close()


def _driver_of(connection: Connection) -> psycopg.Connection[Any]:
    return cast("psycopg.Connection[Any]", connection.connection.driver_connection)


def _has_news(driver: psycopg.Connection[Any]) -> bool:
    if driver.closed:
        return True
    poll = select.poll()
    poll.register(driver.fileno(), select.POLLIN)
    return bool(poll.poll(0))
