"""Where the rows of a file begin and end, found block by block without reading any of them.

    block  ->  line ends that are no part of a quoted value  ->  rows that are not blank

About a gigabyte a second, in so much memory whatever the file's size. A quote is open where their
number so far is odd: one within a value is doubled, so that two of them change nothing.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from groundswell.rows.layout import LONGEST_ROW, BadData, first_byte, line_at

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

Bytes = NDArray[np.uint8]
Offsets = NDArray[np.int64]

_BLOCK = 2 * 1024**2
_NEWLINE, _RETURN, QUOTE = 10, 13, 34
_NONE = np.empty(0, dtype=np.int64)


@dataclass(frozen=True, slots=True, eq=False)
class Block:
    """A piece of a file from the byte `base` on, and the rows that end in it; those may begin before.

    `starts` and `ends` are bytes of the file, an end being that of the line's own `\\n` or of the file.
    Of `quotes`, places within `data`, the first one closes a value where one `was_open`.
    """

    base: int
    data: Bytes
    before: int  # the byte before the block
    starts: Offsets
    ends: Offsets
    quotes: Offsets
    was_open: bool

    @property
    def is_blank(self) -> NDArray[np.bool_]:
        """Of each row, whether nothing is on its line."""
        lengths = self.ends - self.starts
        blank: NDArray[np.bool_] = lengths == 0
        for row in np.flatnonzero(lengths == 1).tolist():
            place = int(self.starts[row]) - self.base
            blank[row] = (self.before if place < 0 else int(self.data[place])) == _RETURN
        return blank


def blocks(path: Path, *, quoted: bool) -> Iterator[Block]:
    """All of a file. Raises BadData for a row without an end, OSError."""
    with path.open("rb") as file:
        scan = _Scan(path, first_byte(file), quoted=quoted)
        file.seek(scan.base)
        while data := file.read(_BLOCK):
            yield scan.take(data)
        yield from scan.rest()


class _Scan:
    """Where a file has been read to: the next block is at `base`, and the row it goes on with at `_row`."""

    def __init__(self, path: Path, base: int, *, quoted: bool) -> None:
        self.base = self._row = base
        self._path = path
        self._quoted = quoted
        self._before = _NEWLINE
        self._is_open = False

    def take(self, data: bytes) -> Block:
        found = np.frombuffer(data, dtype=np.uint8)
        quotes = np.flatnonzero(found == QUOTE) if self._quoted else _NONE
        ends = _row_ends(found, quotes, is_open=self._is_open) + self.base
        starts = np.concatenate([[self._row], ends[:-1] + 1])[: ends.size].astype(np.int64)
        block = Block(self.base, found, self._before, starts, ends, quotes, self._is_open)
        self._row = int(ends[-1]) + 1 if ends.size else self._row
        self._is_open ^= bool(quotes.size % 2)
        self.base += len(data)
        self._before = data[-1]
        if self.base - self._row > LONGEST_ROW:
            raise _endless(self._path, self._row, is_open=self._is_open)
        return block

    def rest(self) -> Iterator[Block]:
        """A last row that no line end follows."""
        if self._is_open:
            line = line_at(self._path, self._row)
            raise BadData("a quote is opened and never closed", line=line)
        if self.base > self._row:
            start, end = np.array([self._row]), np.array([self.base])
            nothing = np.empty(0, dtype=np.uint8)
            yield Block(self.base, nothing, self._before, start, end, _NONE, was_open=False)


def rows(path: Path, *, quoted: bool) -> Iterator[tuple[Offsets, Offsets]]:
    """The starts and ends of all rows that are not blank, some at a time."""
    for block in blocks(path, quoted=quoted):
        is_row = ~block.is_blank
        yield block.starts[is_row], block.ends[is_row]


def _row_ends(data: Bytes, quotes: Offsets, *, is_open: bool) -> Offsets:
    newlines = np.flatnonzero(data == _NEWLINE)
    if not quotes.size:
        return newlines[:0] if is_open else newlines
    ends: Offsets = newlines[(quotes.searchsorted(newlines) + is_open) % 2 == 0]
    return ends


def _endless(path: Path, row: int, *, is_open: bool) -> BadData:
    hint = "a quote is not closed, or lines do not end with a line feed"
    if not is_open:
        hint = "lines end with a line feed, with or without a carriage return before"
    return BadData("a row is longer than 1 MiB", hint, line=line_at(path, row))
