"""How the rows of a data file are written, and what is wrong with one that is not."""

from __future__ import annotations

from codecs import BOM_UTF8, BOM_UTF16_BE, BOM_UTF16_LE
from dataclasses import dataclass
from typing import TYPE_CHECKING, BinaryIO, Literal

if TYPE_CHECKING:
    from pathlib import Path

RowFormat = Literal["csv", "json", "jsonl"]

# Of one row, in bytes: more is a file whose line ends are not found.
LONGEST_ROW = 1024**2
# A list in JSON has no rows that could be found without reading it whole.
LARGEST_JSON = 64 * 1024**2


class BadData(Exception):
    """Why a file gives no rows. `line` counts from 1; 0 where it is not one line's fault."""

    def __init__(self, message: str, hint: str | None = None, *, line: int = 0) -> None:
        super().__init__(message)
        self.message = message
        self.hint = hint
        self.line = line


@dataclass(frozen=True, slots=True)
class Layout:
    format: RowFormat
    delimiter: str = ","

    @property
    def is_quoted(self) -> bool:
        """Whether a line end between quotes is part of a value."""
        return self.format == "csv"


def first_byte(file: BinaryIO) -> int:
    """Where the text of a file begins: after its byte order mark, if it has one."""
    head = file.read(3)
    if head.startswith((BOM_UTF16_BE, BOM_UTF16_LE)):
        raise BadData("it is UTF-16 text", "save it as UTF-8")
    return len(BOM_UTF8) if head == BOM_UTF8 else 0


def line_at(path: Path, offset: int) -> int:
    """The line, from 1, that a byte of a file is in."""
    line = 1
    with path.open("rb") as file:
        while offset > 0 and (data := file.read(min(offset, 1 << 20))):
            line += data.count(b"\n")
            offset -= len(data)
    return line
