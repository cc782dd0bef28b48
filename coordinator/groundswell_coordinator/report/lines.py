"""The pieces of the printed summary: headings, rows with dotted leaders, wrapped text."""

from __future__ import annotations

import textwrap
from dataclasses import dataclass
from typing import TYPE_CHECKING

from rich.cells import cell_len
from rich.text import Text

if TYPE_CHECKING:
    from collections.abc import Iterable

    from rich.console import Console

GOOD, BAD, DOUBTFUL, QUIET, STRONG = "green", "red", "yellow", "dim", "bold"
PASSED, FAILED, UNSURE, WARNING = "✓", "✗", "?", "!"
# Of what holds, what does not, and what cannot be told.
STANDINGS = {True: (PASSED, GOOD), False: (FAILED, BAD), None: (UNSURE, DOUBTFUL)}

INDENT = "    "
CELL = 8
# The narrowest layout: six cells of a trend beside a name fill 80 columns exactly.
NARROWEST = 80
_SHORTEST_NAME = 27

# What a terminal would obey, it must not get from the name of a check.
_CONTROL = dict.fromkeys((*range(0x20), *range(0x7F, 0xA0)), "�")
# One for one, so that what is aligned stays so.
_ASCII = str.maketrans("✓✗█━─µ≥≤·↳—�…▁▂▃▄▅▆▇", "+x#=-u><->-?._.-:=+*")


@dataclass(frozen=True, slots=True)
class Row:
    """A name, dots, and cells. `depth` indents what belongs to the row above.

    `picture` is shown behind them where there is room for it.
    """

    name: str
    cells: tuple[str, ...]
    depth: int = 0
    style: str = ""
    picture: str = ""


def heading(title: str) -> Text:
    return Text.assemble(("  █ ", QUIET), (title, STRONG))


def name_width(rows: Iterable[Row], width: int, columns: int) -> int:
    """One for all blocks, so that the eye runs down one edge; a name may be longer."""
    longest = max((2 * row.depth + cell_len(row.name) + 2 for row in rows), default=0)
    room = max(width, NARROWEST) - len(INDENT) - 1 - columns * CELL
    return max(_SHORTEST_NAME, min(longest, room))


def leader(row: Row, width: int, *, pictures: bool = False) -> list[Text]:
    """`name......: cells`, on two lines where the name leaves no room for a dot.

    A row without a name continues the one above.
    """
    name = "  " * row.depth + row.name
    dots = width - cell_len(name)
    cells = "".join(row.cells) + (f"  {row.picture}" if pictures and row.picture else "")
    if not row.name:
        return [Text.assemble(INDENT, " " * (width + 1), (cells, row.style))]
    if dots < 1:
        under = Text.assemble(INDENT, "  ", ("." * (width - 2) + ":", QUIET), (cells, row.style))
        return [Text(INDENT + name), under]
    return [Text.assemble(INDENT, name, ("." * dots + ":", QUIET), (cells, row.style))]


def column_titles(title: str, columns: Iterable[str], width: int) -> Text:
    """The title of a block of trends, with what their cells are."""
    cells = "".join(column.rjust(CELL) for column in columns)
    return Text.assemble(INDENT, (title.ljust(width + 1), STRONG), (cells, QUIET))


def hanging(mark: str, style: str, text: str, width: int, indent: str = INDENT) -> list[Text]:
    """`mark text`, wrapped under its own first letter."""
    room = max(width, NARROWEST) - len(indent) - 2
    first, *rest = textwrap.wrap(text, room, break_on_hyphens=False) or [""]
    lines = [Text.assemble(indent, (mark, style), " ", first)]
    return lines + [Text(f"{indent}  {line}") for line in rest]


def page(blocks: Iterable[list[Text]], *, ascii_only: bool = False) -> Text:
    """Blocks with an empty line between them; empty blocks leave none."""
    lines: list[Text] = []
    for block in blocks:
        if block:
            lines += [Text(), *block]
    return joined([*lines, Text()], ascii_only=ascii_only)


def joined(lines: Iterable[Text], *, ascii_only: bool = False) -> Text:
    """Lines as one text, without anything that a terminal would obey."""
    lines = list(lines)
    for line in lines:
        line.plain = line.plain.translate(_CONTROL)
        if ascii_only:
            line.plain = line.plain.translate(_ASCII).encode("ascii", "replace").decode()
        line.rstrip()
    return Text("\n").join(lines)


def is_ascii_only(console: Console) -> bool:
    return not console.encoding.lower().startswith("utf")
