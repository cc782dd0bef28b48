"""A database by URL: transactions that read or write, and every failure as a StoreFailed."""

from __future__ import annotations

from contextlib import contextmanager
from typing import TYPE_CHECKING

from sqlalchemy import URL, Connection, Engine, create_engine, make_url
from sqlalchemy.exc import ArgumentError, DBAPIError, NoSuchModuleError, SQLAlchemyError

from groundswell.errors import StoreFailed
from groundswell_coordinator.store import sqlite
from groundswell_coordinator.store.location import prepare_database
from groundswell_coordinator.store.migration import bring_up_to_date

if TYPE_CHECKING:
    from collections.abc import Generator


class Database:
    """Open, with an up-to-date schema. Close it: a connection lives until then."""

    def __init__(self, url: str | None = None) -> None:
        """`url` as SQLAlchemy writes them; None is the file in the user's data folder."""
        self.place, self._engine = _engine_of(_url_of(url))
        try:
            with self.writing() as connection:
                bring_up_to_date(connection)
        except BaseException:
            self.close()
            raise

    @contextmanager
    def writing(self) -> Generator[Connection]:
        """One transaction: all of it is stored when the block has ended, or nothing."""
        with self._failures("cannot write"), self._engine.connect() as connection:
            connection = connection.execution_options(**{sqlite.WRITES: True})
            with connection.begin():
                yield connection

    @contextmanager
    def reading(self) -> Generator[Connection]:
        """One consistent view."""
        with (
            self._failures("cannot read"),
            self._engine.connect() as connection,
            connection.begin(),
        ):
            yield connection

    def close(self) -> None:
        self._engine.dispose()

    @contextmanager
    def _failures(self, doing: str) -> Generator[None]:
        try:
            yield
        except SQLAlchemyError as error:
            cause = error.orig if isinstance(error, DBAPIError) else None
            raise StoreFailed(
                f"{doing} {self.place}: {cause or error}", hint=sqlite.hint_of(cause)
            ) from error


def _url_of(text: str | None) -> URL:
    if text is None:
        return URL.create("sqlite", database=str(prepare_database()))
    try:
        return make_url(text)
    except ArgumentError as error:
        # The text stays out of the message: it may hold a password.
        raise StoreFailed("the store's URL does not parse", hint=_URL_HINT) from error


def _engine_of(url: URL) -> tuple[str, Engine]:
    place = url.render_as_string(hide_password=True)
    try:
        engine = create_engine(url)
    except (NoSuchModuleError, ModuleNotFoundError) as error:
        raise StoreFailed(f"no driver for the store {place}: {error}", hint=_URL_HINT) from error
    if url.get_backend_name() == "sqlite":
        sqlite.set_up(engine)
        place = url.database or place
    return place, engine


_URL_HINT = "for example sqlite:////var/lib/groundswell/groundswell.db"
