"""Rows of a file by their numbers, found once, and read when they are needed.

Only where each row begins and ends is kept, eight bytes a row, and of a whole file four: an agent's
memory grows with its own part and not with the file.
"""

from __future__ import annotations

import csv
import os
import weakref
from typing import TYPE_CHECKING, Protocol

import msgspec
import numpy as np
from numpy.typing import NDArray

from groundswell.errors import FileUnavailable
from groundswell.rows.parsing import parser_of
from groundswell.rows.scan import rows
from groundswell.rows.table import head, json_rows

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from groundswell.rows.layout import Layout
    from groundswell.rows.parsing import Row
    from groundswell.schedule.stripe import Stripe

# A file has at most a gigabyte.
_Places = NDArray[np.uint32]


class Rows(Protocol):
    """Some rows of a file, by their positions among these."""

    def __len__(self) -> int: ...

    def some(self, start: int, stop: int) -> list[Row]: ...

    def one(self, position: int) -> Row: ...


class IndexedRows:
    """Rows that stay in their file. Reading one takes some microseconds once the system has it in memory."""

    def __init__(self, path: Path, layout: Layout, starts: _Places, ends: _Places) -> None:
        self._path = path
        self._starts = starts
        self._ends = ends
        self._parse = parser_of(layout, head(path, layout).columns)
        self._file = os.open(path, os.O_RDONLY)
        weakref.finalize(self, os.close, self._file)

    def __len__(self) -> int:
        return self._starts.size

    def some(self, start: int, stop: int) -> list[Row]:
        file = self._file
        starts, ends = self._starts[start:stop].tolist(), self._ends[start:stop].tolist()
        read = zip(starts, ends, strict=True)
        try:
            return self._parse([os.pread(file, end - begin, begin) for begin, end in read])
        except (ValueError, csv.Error, msgspec.DecodeError, RecursionError) as error:
            # It was in order when it was looked through.
            raise FileUnavailable(
                f"the file {self._path.resolve()} has changed under the run",
                hint="a run on one machine reads its files where they are: write a new one, and "
                "rename it into its place",
            ) from error

    def one(self, position: int) -> Row:
        (row,) = self.some(position, position + 1)
        return row


class LoadedRows:
    """Rows of a list in JSON, which has to be read whole to find one."""

    def __init__(self, found: list[Row]) -> None:
        self._rows = found

    def __len__(self) -> int:
        return len(self._rows)

    def some(self, start: int, stop: int) -> list[Row]:
        return self._rows[start:stop]

    def one(self, position: int) -> Row:
        return self._rows[position]


def striped_rows(path: Path, layout: Layout, stripe: Stripe) -> Rows:
    """Those whose numbers, from 0, are in the stripe."""

    def owned(first: int, stop: int) -> NDArray[np.int64]:
        begin, end = stripe.count_below(first), stripe.count_below(stop)
        return stripe.slice(begin, end) - first

    if layout.format == "json":
        found = json_rows(path)
        return LoadedRows([found[number] for number in owned(0, len(found)).tolist()])
    return _indexed(path, layout, owned)


def first_rows(path: Path, layout: Layout, most: int | None = None) -> Rows:
    """So many from the beginning, or all."""
    if layout.format == "json":
        return LoadedRows(json_rows(path)[:most])

    def kept(first: int, stop: int) -> NDArray[np.int64]:
        end = stop if most is None else min(stop, most)
        return np.arange(max(end - first, 0))

    return _indexed(path, layout, kept)


def _indexed(
    path: Path, layout: Layout, choose: Callable[[int, int], NDArray[np.int64]]
) -> IndexedRows:
    """`choose` says which of the rows from one number up to another, counted from the first of them."""
    starts, ends = list[_Places](), list[_Places]()
    # The header is none.
    number = -1 if layout.format == "csv" else 0
    for found_starts, found_ends in rows(path, quoted=layout.is_quoted):
        skipped = 1 if number < 0 and found_starts.size else 0
        first = number + skipped
        number += found_starts.size
        if number <= first:
            continue
        chosen = choose(first, number) + skipped
        starts.append(found_starts[chosen].astype(np.uint32))
        ends.append(found_ends[chosen].astype(np.uint32))
    return IndexedRows(path, layout, _joined(starts), _joined(ends))


def _joined(pieces: list[_Places]) -> _Places:
    """One after the other, and the pieces no more: of a large file both take hundreds of megabytes."""
    joined = np.concatenate([*pieces, np.empty(0, dtype=np.uint32)])
    pieces.clear()
    return joined
