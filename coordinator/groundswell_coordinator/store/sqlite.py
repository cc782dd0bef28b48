"""All that is true of SQLite only: its connections, how transactions begin, what errors mean."""

from __future__ import annotations

import sqlite3
import time
from typing import TYPE_CHECKING

from sqlalchemy import Connection, Engine, event

if TYPE_CHECKING:
    from sqlalchemy.engine.interfaces import DBAPIConnection
    from sqlalchemy.pool import ConnectionPoolEntry

# An execution option: the transaction will write.
WRITES = "groundswell_writes"

_BUSY_TIMEOUT_S = 10.0

_ELSEWHERE = "set GROUNDSWELL_HOME to another folder"
_LOCKED = f"another process has kept it locked for {_BUSY_TIMEOUT_S:.0f} s"

_HINTS = {
    sqlite3.SQLITE_FULL: f"the disk is full: make room, or {_ELSEWHERE}",
    sqlite3.SQLITE_READONLY: f"the folder or file is read-only: make it writable, or {_ELSEWHERE}",
    sqlite3.SQLITE_CANTOPEN: f"check the permissions of the folder and the file, or {_ELSEWHERE}",
    sqlite3.SQLITE_PERM: f"check the permissions of the folder and the file, or {_ELSEWHERE}",
    sqlite3.SQLITE_BUSY: _LOCKED,
    sqlite3.SQLITE_LOCKED: _LOCKED,
    sqlite3.SQLITE_IOERR: "the disk does not answer as it should: see the system's log",
    sqlite3.SQLITE_NOTADB: f"the file is no groundswell store: move it away, or {_ELSEWHERE}",
    sqlite3.SQLITE_CORRUPT: f"the file is damaged: move it away, or {_ELSEWHERE}",
}


def set_up(engine: Engine) -> None:
    """Make every connection and transaction of `engine` ours."""
    event.listen(engine, "connect", _on_connect)
    event.listen(engine, "begin", _on_begin)


def hint_of(error: BaseException | None) -> str | None:
    code = getattr(error, "sqlite_errorcode", None)
    # The low byte is the error; what is above it says more than a hint needs.
    return _HINTS.get(code & 0xFF) if isinstance(code, int) else None


def _on_connect(connection: DBAPIConnection, _entry: ConnectionPoolEntry) -> None:
    assert isinstance(connection, sqlite3.Connection)
    # Python's sqlite3 would begin transactions by itself, and only before some statements.
    connection.isolation_level = None
    connection.execute(f"PRAGMA busy_timeout = {_BUSY_TIMEOUT_S * 1000:.0f}")
    _enter_wal(connection)
    # With a write-ahead log, NORMAL hands every commit to the kernel before it returns: it
    # survives kill -9 of this process, and the file is never damaged. FULL would also fsync each
    # commit, against a power loss. An embedded coordinator goes down with its machine and takes up
    # nothing afterwards, so that fsync, once a second beside a load test and on slow disks 100 ms
    # long, would buy nothing.
    connection.execute("PRAGMA synchronous = NORMAL")
    connection.execute("PRAGMA foreign_keys = ON")


def _enter_wal(connection: sqlite3.Connection) -> None:
    """Readers do not wait for the writer, nor the writer for them.

    When several processes turn a new file to WAL at once, SQLite tells the losers "busy" without
    heeding the timeout.
    """
    deadline = time.monotonic() + _BUSY_TIMEOUT_S
    while True:
        try:
            connection.execute("PRAGMA journal_mode = WAL")
        except sqlite3.OperationalError as error:
            if error.sqlite_errorcode & 0xFF != sqlite3.SQLITE_BUSY or time.monotonic() > deadline:
                raise
            time.sleep(0.01)
        else:
            return


def _on_begin(connection: Connection) -> None:
    """A writer takes the lock first: one that began as a reader may be refused without a wait."""
    writes = connection.get_execution_options().get(WRITES, False)
    connection.exec_driver_sql("BEGIN IMMEDIATE" if writes else "BEGIN")
