"""A database by URL: transactions that read or write, and every failure as a StoreFailed."""

from __future__ import annotations

from contextlib import contextmanager
from typing import TYPE_CHECKING

from sqlalchemy import URL, make_url
from sqlalchemy.exc import ArgumentError, DBAPIError, SQLAlchemyError

from groundswell.errors import StoreFailed
from groundswell_coordinator.store import ownership
from groundswell_coordinator.store.location import prepare_database
from groundswell_coordinator.store.migration import bring_up_to_date, is_up_to_date
from groundswell_coordinator.store.ownership import Hold
from groundswell_coordinator.store.sqlite import SQLite

if TYPE_CHECKING:
    from collections.abc import Generator
    from pathlib import Path

    from sqlalchemy import Connection

    from groundswell_coordinator.store.backend import Backend
    from groundswell_coordinator.store.records import Ownership


def open_database(url: str | URL | None = None) -> Database:
    """With an up-to-date schema. `None` is the file in the user's data folder."""
    database = Database(_backend_of(_url_of(url)))
    try:
        database.bring_up_to_date()
    except BaseException:
        database.close()
        raise
    return database


class Database:
    """Close it: its connections live until then."""

    def __init__(self, backend: Backend) -> None:
        self._backend = backend
        self._engine = backend.make_engine()
        self._reads = self._engine.execution_options(**backend.reads)
        self._writes = self._engine.execution_options(**backend.writes)
        self._hold: Hold | None = None

    @property
    def place(self) -> str:
        """For messages: a file, or a server's database."""
        return self._backend.place

    @contextmanager
    def writing(self) -> Generator[Connection]:
        """One transaction: all of it is stored when the block has ended, or nothing.

        An owner's transaction raises StoreFailed where the store is another coordinator's by now.
        """
        with self._failures("cannot write"):
            if self._hold is not None:
                self._hold.keep()
            with self._writes.connect() as connection, connection.begin():
                if self._hold is not None:
                    self._hold.fence(connection)
                yield connection

    @contextmanager
    def reading(self) -> Generator[Connection]:
        """One consistent view."""
        with (
            self._failures("cannot read"),
            self._reads.connect() as connection,
            connection.begin(),
        ):
            yield connection

    def bring_up_to_date(self) -> None:
        """The newest schema. Where it is there already, nobody who writes is waited for."""
        with self.reading() as connection:
            if is_up_to_date(connection):
                return
        with self.writing() as connection:
            self._backend.wait_for_other_makers(connection)
            bring_up_to_date(connection)

    def own(self, holder: str) -> Ownership:
        """Exclusively, until `close` or this process's end."""
        if self._hold is None:
            self._hold = self._take_hold(holder)
            self._backend.outlast_power_loss(self._engine)
        return self._hold.ownership

    @property
    def ownership(self) -> Ownership | None:
        return None if self._hold is None else self._hold.ownership

    def still_owned(self) -> bool:
        """False where it is another's, or never was ours."""
        if self._hold is None:
            return False
        with self._failures("cannot read"), self._writes.connect() as connection:
            try:
                self._hold.keep()
                self._hold.fence(connection)
            except StoreFailed:
                return False
        return True

    def close(self) -> None:
        if self._hold is not None:
            self._hold.release()
        self._engine.dispose()

    def _take_hold(self, holder: str) -> Hold:
        with self.reading() as connection:
            lock = self._backend.owner_lock(self._engine, ownership.store_id(connection))
        with self._failures("cannot lock"):
            is_taken = ownership.take_patiently(lock)
        if not is_taken:
            with self.reading() as connection:
                raise ownership.owned_by_another(self.place, ownership.holder(connection))
        try:
            with self.writing() as connection:
                return Hold(ownership.succeed(connection, holder), lock, self.place)
        except BaseException:
            lock.release()
            raise

    @contextmanager
    def _failures(self, doing: str) -> Generator[None]:
        try:
            yield
        except SQLAlchemyError as error:
            cause = error.orig if isinstance(error, DBAPIError) else None
            what = " ".join(str(cause or error).split())
            raise StoreFailed(
                f"{doing} {self.place}: {what}", hint=self._backend.hint_of(cause)
            ) from error


def url_of_file(path: Path) -> URL:
    """Whatever letters the path has: in a text some would mean something."""
    return URL.create("sqlite", database=str(path))


def _url_of(given: str | URL | None) -> URL:
    if given is None:
        return url_of_file(prepare_database())
    try:
        return make_url(given)
    except (ArgumentError, ValueError):
        # The text stays out of the message and its causes: it may hold a password.
        raise StoreFailed("the store's URL does not parse", hint=_URL_HINT) from None


def _backend_of(url: URL) -> Backend:
    if url.drivername in ("sqlite", "sqlite+pysqlite"):
        return SQLite(url)
    if url.drivername in ("postgresql", "postgres", "postgresql+psycopg"):
        # Its driver takes a while to import, and most stores are files.
        from groundswell_coordinator.store.postgresql import PostgreSQL

        return PostgreSQL(url)
    raise StoreFailed(f"a store cannot be a {url.drivername} database", hint=_URL_HINT)


_URL_HINT = (
    "for example sqlite:////var/lib/groundswell/groundswell.db,"
    " or postgresql://user:password@host/database"
)
