"""All that is true of PostgreSQL only: its connections, how long they wait, what errors mean."""

from __future__ import annotations

import re
import time
from types import MappingProxyType
from typing import TYPE_CHECKING, Any

import psycopg
from sqlalchemy import URL, Connection, Engine, create_engine, event, func, select

from groundswell_coordinator.store.advisory_lock import AdvisoryLock

if TYPE_CHECKING:
    from collections.abc import Mapping

    from psycopg.abc import RV, PQGen
    from sqlalchemy.engine.interfaces import DBAPIConnection
    from sqlalchemy.pool import ConnectionPoolEntry

# Whoever makes or migrates the tables holds this advisory lock: "groundsw" in ASCII.
_MAKERS = 0x67726F756E647377

_LOCK_TIMEOUT_S = 5.0
_STATEMENT_TIMEOUT_S = 10.0
# Above the server's own limits: for one that is there and does nothing, not even tell the time.
SILENCE_S = 15.0

# For libpq. A URL that says otherwise wins.
_CONNECT = {
    "application_name": "groundswell",
    # A database that knows no encoding would give text as bytes.
    "client_encoding": "UTF8",
    "connect_timeout": 5,
    # A server behind a cut wire is noticed after seven seconds, busy or idle.
    "keepalives_idle": 3,
    "keepalives_interval": 2,
    "keepalives_count": 2,
    "tcp_user_timeout": 7000,
}

# The server notices a cut wire as soon as we do: it gives back our locks, for others wait for them.
SESSION = f"""
SET tcp_keepalives_idle = 3;
SET tcp_keepalives_interval = 2;
SET tcp_keepalives_count = 2;
SET tcp_user_timeout = 7000;
SET idle_in_transaction_session_timeout = '{_STATEMENT_TIMEOUT_S:.0f}s';
SET lock_timeout = '{_LOCK_TIMEOUT_S:.0f}s';
SET statement_timeout = '{_STATEMENT_TIMEOUT_S:.0f}s';
""".encode()

_ACCESS = "check the user and the password in the store's URL, and the server's pg_hba.conf"
_DATABASE = "create the database first, for example by `createdb`"
_MANY = "the server has no more connections to give: raise its max_connections"
_AWAY = "the server is stopping or starting: try again"

# By the start of the SQLSTATE; the longest that fits.
_HINTS = {
    "08": "the connection broke: see whether the server runs, and the way to it",
    "25006": "the server is a standby or read-only: name the primary in the store's URL",
    "28": _ACCESS,
    "3D000": _DATABASE,
    "42501": "the user may not do that: let it own the database",
    "53": "the server lacks memory or disk: see its log",
    "53100": "the server's disk is full: make room there",
    "53300": _MANY,
    "55P03": f"another session has kept it locked for {_LOCK_TIMEOUT_S:.0f} s",
    "57014": f"the server has not done it within {_STATEMENT_TIMEOUT_S:.0f} s: it is overloaded",
    "57P": _AWAY,
    "58": "the server's disk does not answer as it should: see its log",
    "XX": "the server's data are damaged: see its log",
}

# A refused connection has no SQLSTATE, only the server's words.
_REFUSALS = (
    (re.compile("authentication|no password supplied|pg_hba|role .* does not exist"), _ACCESS),
    (re.compile("database .* does not exist"), _DATABASE),
    (re.compile("too many clients|connection slots"), _MANY),
    (re.compile("starting up|shutting down|recovery mode"), _AWAY),
)

_UNREACHABLE = "no server answers there: is it running, and do host and port lead to it?"


class PostgreSQL:
    """A database of a server, by psycopg."""

    # One view for all statements of a transaction, as in SQLite.
    reads: Mapping[str, object] = MappingProxyType(
        {"isolation_level": "REPEATABLE READ", "postgresql_readonly": True}
    )
    writes: Mapping[str, object] = MappingProxyType({"isolation_level": "READ COMMITTED"})

    def __init__(self, url: URL) -> None:
        self._url = url.set(drivername="postgresql+psycopg")
        # A query, too, may hold a password.
        self.place = URL.create(
            "postgresql",
            username=url.username,
            host=url.host,
            port=url.port,
            database=url.database,
        ).render_as_string()

    def make_engine(self) -> Engine:
        options = {name: value for name, value in _CONNECT.items() if name not in self._url.query}
        engine = create_engine(
            self._url, connect_args=options, pool_pre_ping=True, hide_parameters=True
        )
        event.listen(engine, "do_connect", _connect)
        event.listen(engine, "connect", _on_connect)
        return engine

    def hint_of(self, error: BaseException | None) -> str | None:
        if not isinstance(error, psycopg.Error):
            return None
        if error.sqlstate is not None:
            fitting = [start for start in _HINTS if error.sqlstate.startswith(start)]
            return _HINTS[max(fitting, key=len)] if fitting else None
        if not isinstance(error, psycopg.OperationalError):
            return None
        words = str(error)
        return next((hint for said, hint in _REFUSALS if said.search(words)), _UNREACHABLE)

    def wait_for_other_makers(self, connection: Connection) -> None:
        connection.execute(select(func.pg_advisory_xact_lock(_MAKERS)))

    def owner_lock(self, engine: Engine, store_id: str) -> AdvisoryLock:
        """Of this store: a database may hold others, in schemas of their own."""
        half = bytes.fromhex(store_id)[:8]
        return AdvisoryLock(engine, int.from_bytes(half, "big", signed=True))

    def outlast_power_loss(self, engine: Engine) -> None:
        """The server decides that, by its `synchronous_commit`."""


class _BoundedConnection(psycopg.Connection[Any]):
    """Gives up a server that keeps the connection and says nothing: libpq would wait for ever."""

    # Versions of psycopg differ in what follows the generator.
    def wait(self, gen: PQGen[RV], *rest: Any, **options: Any) -> RV:  # noqa: ANN401
        return super().wait(self._bounded(gen), *rest, **options)

    def _bounded(self, gen: PQGen[RV]) -> PQGen[RV]:
        """`gen` with an end; psycopg resumes it ten times a second also while nothing comes."""
        deadline = time.monotonic() + SILENCE_S
        try:
            wanted = next(gen)
            while True:
                ready = yield wanted
                if time.monotonic() > deadline:
                    self.close()
                    raise psycopg.OperationalError(
                        f"the server has said nothing for {SILENCE_S:.0f} s"
                    )
                wanted = gen.send(ready)
        except StopIteration as done:
            result: RV = done.value
            return result


def _connect(
    _dialect: object, _record: object, _words: object, options: dict[str, Any]
) -> psycopg.Connection[Any]:
    return _BoundedConnection.connect(**options)


def _on_connect(connection: DBAPIConnection, _entry: ConnectionPoolEntry) -> None:
    assert isinstance(connection, psycopg.Connection)
    connection.execute(SESSION)
    connection.commit()
