"""The run in a file that others have made: checked, brought up to date, read as a store's records."""

from __future__ import annotations

import sqlite3
from contextlib import closing, contextmanager
from dataclasses import asdict
from typing import TYPE_CHECKING

import msgspec
from sqlalchemy import func, select

from groundswell.errors import StoreFailed
from groundswell_coordinator.store import run_rows
from groundswell_coordinator.store.database import Database, open_database, url_of_file
from groundswell_coordinator.store.foreign_shape import check_content, check_schema
from groundswell_coordinator.store.migration import newest_version
from groundswell_coordinator.store.pages import all_intervals
from groundswell_coordinator.store.records import Standing, StoredRun
from groundswell_coordinator.store.schema import runs
from groundswell_coordinator.store.sqlite import SQLite

if TYPE_CHECKING:
    from collections.abc import Generator, Iterator
    from pathlib import Path

    from sqlalchemy import Connection

    from groundswell_coordinator.store.records import RunLine, StoredInterval


_HIGHEST_EXIT_CODE = 255
# Ten years: longer than any run.
_MOST_SECONDS = 10 * 366 * 86_400


class ForeignRun:
    """Use `opened`, which checks the file first."""

    def __init__(self, database: Database, path: Path) -> None:
        self._database = database
        self._path = path
        with _refusals(path), database.reading() as connection:
            self.run = _the_run(connection)

    def intervals(self) -> Iterator[StoredInterval]:
        """In order. Raises StoreFailed where one cannot be read."""
        stored = all_intervals(self._database, self.run.line.run_id)
        while True:
            with _refusals(self._path):
                one = next(stored, None)
            if one is None:
                return
            yield one


@contextmanager
def opened(file: Path, path: Path) -> Generator[ForeignRun]:
    """`file` is what `path` was unpacked to, and ours to change."""
    with _refusals(path):
        version = check_schema(file)
        if version > newest_version():
            raise ValueError(
                f"it has schema version {version}, and this groundswell knows versions up to"
                f" {newest_version()}: upgrade"
            )
        if version < newest_version():
            open_database(url_of_file(file)).close()
        check_content(file)
    with closing(Database(SQLite(url_of_file(file), is_foreign=True))) as database:
        yield ForeignRun(database, path)


def _the_run(connection: Connection) -> StoredRun:
    if connection.scalar(select(func.count()).select_from(runs)) != 1:
        raise ValueError("it does not hold exactly one run")
    (line,) = run_rows.lines(connection, run_rows.select_lines())
    if line.standing is not Standing.CLOSED:
        raise ValueError("its run has not ended")
    _check_line(line)
    # The columns' types are right; this checks what is in their JSON.
    return msgspec.convert(asdict(run_rows.whole_run(connection, line)), StoredRun)


def _check_line(line: RunLine) -> None:
    """It is listed among all others, and told over the wire."""
    if not 0 <= (line.exit_code or 0) <= _HIGHEST_EXIT_CODE:
        raise ValueError(f"its run ended with exit code {line.exit_code}")
    if line.intervals > _MOST_SECONDS:
        raise ValueError(f"its run lasted for {line.intervals} s")


@contextmanager
def _refusals(path: Path) -> Generator[None]:
    """Whatever reading it meets in a wrong file, as one kind of error."""
    try:
        yield
    except (
        StoreFailed,
        sqlite3.Error,
        msgspec.MsgspecError,
        ValueError,
        TypeError,
        OverflowError,
        RecursionError,
    ) as error:
        raise StoreFailed(
            f"{path} cannot be imported: {error.message if isinstance(error, StoreFailed) else error}",
            hint="`groundswell export` writes such files, and newer versions read older ones",
        ) from error
