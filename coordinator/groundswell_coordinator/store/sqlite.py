"""All that is true of SQLite only: its connections, how transactions begin, what errors mean."""

from __future__ import annotations

import sqlite3
import time
from pathlib import Path
from types import MappingProxyType
from typing import TYPE_CHECKING

from sqlalchemy import URL, Connection, Engine, create_engine, event

from groundswell.errors import StoreFailed
from groundswell_coordinator.store.file_lock import FileLock

if TYPE_CHECKING:
    from collections.abc import Mapping

    from sqlalchemy.engine.interfaces import DBAPIConnection
    from sqlalchemy.pool import ConnectionPoolEntry

# An execution option: the transaction will write.
_WRITES = "groundswell_writes"

_BUSY_TIMEOUT_S = 10.0

# A value that others have made may ask for no more memory than this.
_LARGEST_FOREIGN_VALUE = 256 * 1024 * 1024

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


class SQLite:
    """A database in one file."""

    reads: Mapping[str, object] = MappingProxyType({})
    writes: Mapping[str, object] = MappingProxyType({_WRITES: True})

    def __init__(self, url: URL, *, is_foreign: bool = False) -> None:
        """A foreign file was made by others and checked: it is read, and nothing in it is run."""
        if url.database in (None, "", ":memory:"):
            raise StoreFailed(
                "a store in memory would be gone with its first connection",
                hint="name a file: sqlite:////var/lib/groundswell/groundswell.db",
            )
        self.place = url.database or ""
        self._url = url
        self._is_foreign = is_foreign
        # With a write-ahead log, NORMAL hands every commit to the kernel before it returns: it
        # survives kill -9 of this process, and the file is never damaged. FULL would also fsync
        # each commit, against a power loss. An embedded coordinator goes down with its machine and
        # takes up nothing afterwards, so that fsync, once a second beside a load test and on slow
        # disks 100 ms long, would buy nothing.
        self._synchronous = "NORMAL"

    def make_engine(self) -> Engine:
        engine = create_engine(self._url, hide_parameters=True)
        event.listen(engine, "connect", self._on_connect)
        event.listen(engine, "begin", _on_begin)
        return engine

    def hint_of(self, error: BaseException | None) -> str | None:
        code = getattr(error, "sqlite_errorcode", None)
        # The low byte is the error; what is above it says more than a hint needs.
        return _HINTS.get(code & 0xFF) if isinstance(code, int) else None

    def wait_for_other_makers(self, connection: Connection) -> None:
        """A transaction that writes has done so when it began."""

    def owner_lock(self, engine: Engine, store_id: str) -> FileLock:
        """Beside the file, whichever of its names was given."""
        return FileLock(Path(f"{Path(self.place).resolve()}.lock"))

    def outlast_power_loss(self, engine: Engine) -> None:
        self._synchronous = "FULL"
        engine.dispose()

    def _on_connect(self, connection: DBAPIConnection, _entry: ConnectionPoolEntry) -> None:
        assert isinstance(connection, sqlite3.Connection)
        # Python's sqlite3 would begin transactions by itself, and only before some statements.
        connection.isolation_level = None
        connection.execute(f"PRAGMA busy_timeout = {_BUSY_TIMEOUT_S * 1000:.0f}")
        connection.execute("PRAGMA trusted_schema = OFF")
        if self._is_foreign:
            distrust(connection)
            return
        _enter_wal(connection)
        connection.execute(f"PRAGMA synchronous = {self._synchronous}")
        connection.execute("PRAGMA foreign_keys = ON")


def distrust(connection: sqlite3.Connection) -> None:
    """For a file that others have made, perhaps to harm its reader."""
    connection.execute("PRAGMA trusted_schema = OFF")
    connection.execute("PRAGMA cell_size_check = ON")
    connection.execute("PRAGMA mmap_size = 0")
    connection.execute("PRAGMA query_only = ON")
    connection.setlimit(sqlite3.SQLITE_LIMIT_LENGTH, _LARGEST_FOREIGN_VALUE)


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
    writes = connection.get_execution_options().get(_WRITES, False)
    connection.exec_driver_sql("BEGIN IMMEDIATE" if writes else "BEGIN")
