"""Whether each row of a CSV file has as many values as the header has names, block by block."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from groundswell.rows.layout import BadData, line_at
from groundswell.rows.scan import QUOTE

if TYPE_CHECKING:
    from pathlib import Path

    from groundswell.rows.scan import Block, Offsets

_NEWLINE, _RETURN = 10, 13


class CsvCheck:
    """Takes the blocks of one file in order; `columns` is 0 until the header has ended."""

    def __init__(self, path: Path, delimiter: str) -> None:
        self._path = path
        self._delimiter = ord(delimiter)
        # Delimiters of the row that goes on in the next block.
        self._begun = 0

    def take(self, block: Block, columns: int) -> None:
        """Raises BadData for the first row that is not in order."""
        delimiters = self._outside_quotes(block, np.flatnonzero(block.data == self._delimiter))
        if block.quotes.size:
            self._check_quotes(block)
        self._check_returns(block)
        before = delimiters.searchsorted(block.ends - block.base)
        counts = np.diff(before, prepend=0)
        if counts.size:
            counts[0] += self._begun
            self._begun = 0
            if columns:
                self._check_counts(block, counts, columns)
        self._begun += delimiters.size - (int(before[-1]) if before.size else 0)

    def _outside_quotes(self, block: Block, places: Offsets) -> Offsets:
        if not block.quotes.size:
            return places[:0] if block.was_open else places
        outside: Offsets = places[(block.quotes.searchsorted(places) + block.was_open) % 2 == 0]
        return outside

    def _check_quotes(self, block: Block) -> None:
        """A value is quoted from its beginning, or has no quote in it."""
        opening = block.quotes[int(block.was_open) :: 2]
        if not opening.size:
            return
        before = block.data[opening - 1]
        if opening[0] == 0:
            before[0] = block.before
        allowed = (before == self._delimiter) | (before == _NEWLINE) | (before == QUOTE)
        wrong = np.flatnonzero(~allowed)
        if wrong.size and not self._is_first(block, int(opening[wrong[0]])):
            place = block.base + int(opening[wrong[0]])
            raise BadData(
                "a quote stands within a value",
                "put the whole value between quotes, and write the quote in it twice",
                line=line_at(self._path, place),
            )

    def _check_returns(self, block: Block) -> None:
        """A carriage return stands before a line feed, or between quotes."""
        returns = self._outside_quotes(block, np.flatnonzero(block.data == _RETURN))
        # What follows the block's last byte is seen in the next one.
        inner = returns[returns < block.data.size - 1]
        alone = inner[block.data[inner + 1] != _NEWLINE]
        place = block.base + int(alone[0]) if alone.size else None
        if block.before == _RETURN and block.data.size and block.data[0] != _NEWLINE:
            place = None if block.was_open else block.base - 1
        if place is not None:
            raise BadData(
                "a carriage return without a line feed",
                "lines end with a line feed, with or without a carriage return before",
                line=line_at(self._path, place),
            )

    def _is_first(self, block: Block, place: int) -> bool:
        """After a byte order mark."""
        return bool(block.starts.size) and block.base + place == int(block.starts[0])

    def _check_counts(self, block: Block, counts: Offsets, columns: int) -> None:
        for row in np.flatnonzero(counts != columns - 1).tolist():
            if not block.is_blank[row]:
                values = int(counts[row]) + 1
                raise BadData(
                    f"{values} {'value' if values == 1 else 'values'} where the header has {columns}",
                    "a value with the delimiter in it stands between quotes",
                    line=line_at(self._path, int(block.starts[row])),
                )
