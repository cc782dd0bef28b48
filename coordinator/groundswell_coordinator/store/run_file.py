"""One closed run as a file: a store of its own in SQLite, compressed by gzip.

It has the store's own tables, so that the migrations of stores bring old files up to date, and any
tool that reads SQLite reads it.
"""

from __future__ import annotations

import gzip
import os
import shutil
import sqlite3
import tempfile
import zlib
from contextlib import closing, contextmanager
from itertools import zip_longest
from pathlib import Path
from typing import TYPE_CHECKING

from groundswell.errors import StoreFailed
from groundswell_coordinator.store import run_lookup, run_rows
from groundswell_coordinator.store.carry import carry
from groundswell_coordinator.store.database import open_database, url_of_file
from groundswell_coordinator.store.foreign_run import opened
from groundswell_coordinator.store.pages import all_intervals

if TYPE_CHECKING:
    from collections.abc import Generator, Iterable
    from typing import IO

    from groundswell_coordinator.store.database import Database
    from groundswell_coordinator.store.foreign_run import ForeignRun
    from groundswell_coordinator.store.records import StoredInterval, StoredRun

# A gigabyte of zeros is a megabyte of gzip: what is unpacked has an end.
LARGEST_UNPACKED = 8 * 1024**3

_PIECE = 1024 * 1024


def write(source: Database, run: str, path: Path) -> None:
    """Whole or not at all; a file that is at `path` is replaced."""
    with source.reading() as connection:
        line = run_lookup.find(connection, run)
        run_lookup.must_be_closed(line)
        stored = run_rows.whole_run(connection, line)
    with _failures("write", path), tempfile.TemporaryDirectory(dir=path.parent) as folder:
        plain = Path(folder) / "run.db"
        _write_plain(stored, all_intervals(source, line.run_id), plain)
        # It was read page by page: had it been removed meanwhile, some would be missing.
        with source.reading() as connection:
            run_lookup.exactly(connection, line.run_id)
        packed = Path(folder) / "run.gz"
        _pack(plain, packed)
        packed.replace(path)


def read(path: Path, target: Database) -> str:
    """The run's id. A run that is there already, the same in everything, stays as it is."""
    with reading(path) as foreign:
        run_id = foreign.run.line.run_id
        own = _find(target, run_id)
        if own is None:
            carry(foreign.run, foreign.intervals(), target)
        elif not _is_same(own, all_intervals(target, run_id), foreign):
            raise StoreFailed(
                f"there is another run {run_id} in the store, not the one in {path}",
                hint=f"if that one can go, `groundswell delete {run_id}` first",
            )
    return run_id


@contextmanager
def reading(path: Path) -> Generator[ForeignRun]:
    """The run in a file, which goes into no store."""
    with _failures("read", path), tempfile.TemporaryDirectory() as folder:
        plain = Path(folder) / "run.db"
        _unpack(path, plain)
        with opened(plain, path) as foreign:
            yield foreign


def _write_plain(run: StoredRun, its_intervals: Iterable[StoredInterval], plain: Path) -> None:
    with closing(open_database(url_of_file(plain))) as database:
        carry(run, its_intervals, database)
    # One file, not one and its log.
    with closing(sqlite3.connect(plain)) as connection:
        connection.execute("PRAGMA journal_mode = DELETE")


def _pack(plain: Path, packed: Path) -> None:
    with plain.open("rb") as whole, packed.open("wb") as file:
        with gzip.GzipFile(filename="", fileobj=file, mode="wb", compresslevel=6, mtime=0) as small:
            shutil.copyfileobj(whole, small, _PIECE)
        file.flush()
        os.fsync(file.fileno())


def _unpack(path: Path, plain: Path) -> None:
    with gzip.open(path, "rb") as small, plain.open("wb") as whole:
        try:
            _copy_bounded(small, whole, path)
        except (gzip.BadGzipFile, zlib.error, EOFError) as error:
            raise StoreFailed(
                f"{path} is no run, or not the whole of one: {error}",
                hint="`groundswell export` writes such files",
            ) from error


def _copy_bounded(small: gzip.GzipFile, whole: IO[bytes], path: Path) -> None:
    size = 0
    while piece := small.read(_PIECE):
        size += len(piece)
        if size > LARGEST_UNPACKED:
            raise StoreFailed(
                f"{path} would unpack to more than {LARGEST_UNPACKED} bytes",
                hint="no run is that large: do not trust where it comes from",
            )
        whole.write(piece)


def _find(database: Database, run_id: str) -> StoredRun | None:
    with database.reading() as connection:
        line = run_lookup.find_exactly(connection, run_id)
        return None if line is None else run_rows.whole_run(connection, line)


def _is_same(own: StoredRun, its_intervals: Iterable[StoredInterval], foreign: ForeignRun) -> bool:
    if own != foreign.run:
        return False
    pairs = zip_longest(its_intervals, foreign.intervals())
    return all(ours == theirs for ours, theirs in pairs)


@contextmanager
def _failures(doing: str, path: Path) -> Generator[None]:
    try:
        yield
    except OSError as error:
        raise StoreFailed(
            f"cannot {doing} {path}: {error.strerror or error}",
            hint="it takes room for the run uncompressed: beside a file that is written, and in"
            " the folder that TMPDIR names for one that is read",
        ) from error
