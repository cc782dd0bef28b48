"""Columns as wide as they must be, for people and for `awk`."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Sequence


def table(titles: Sequence[str], rows: Sequence[Sequence[str]]) -> str:
    """Control characters are replaced: a name is no order to the terminal."""
    cells = [titles, *([_plain(cell) for cell in row] for row in rows)]
    widths = [max(len(row[column]) for row in cells) for column in range(len(titles))]
    return "\n".join(
        "  ".join(cell.ljust(width) for cell, width in zip(row, widths, strict=True)).rstrip()
        for row in cells
    )


def _plain(cell: str) -> str:
    return "".join(letter if letter.isprintable() else "�" for letter in cell)
