"""What a data file holds: looked through once by the client, so that whoever reads it later need not
doubt it.
"""

from __future__ import annotations

import codecs
import csv
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, cast

import msgspec

from groundswell.rows.csv_check import CsvCheck
from groundswell.rows.layout import LARGEST_JSON, BadData, Layout, line_at
from groundswell.rows.parsing import Row, header_of
from groundswell.rows.scan import blocks, rows

if TYPE_CHECKING:
    from pathlib import Path

    from groundswell.rows.scan import Block


# Of JSON; the last where a thousand lists are in one another.
_UNREADABLE = (msgspec.DecodeError, UnicodeDecodeError, RecursionError)
# Of files that are called CSV all the same.
_OTHER_DELIMITERS = ";\t|"


@dataclass(frozen=True, slots=True)
class Table:
    """The columns of a file, and how many rows it has: None where only its beginning was looked at."""

    columns: tuple[str, ...]
    rows: int | None = None


def head(path: Path, layout: Layout) -> Table:
    """The columns alone, of a file that was looked through before. Raises BadData, OSError."""
    if layout.format == "json":
        return Table(_fields(json_rows(path)[0]))
    for starts, ends in rows(path, quoted=layout.is_quoted):
        if starts.size:
            return Table(_columns(path, layout, _read(path, int(starts[0]), int(ends[0]))))
    raise _empty(layout)


def inspect(path: Path, layout: Layout) -> Table:
    """All of it. Raises BadData with the line of what is wrong first, OSError."""
    if layout.format == "json":
        return _inspect_json(path)
    found = _inspect_jsonl(path) if layout.format == "jsonl" else _inspect_csv(path, layout)
    if not found.rows:
        raise _empty(layout)
    return found


def json_rows(path: Path) -> list[Row]:
    """A whole file of JSON. Raises BadData where it is no list of objects with equal keys."""
    if path.stat().st_size > LARGEST_JSON:
        raise BadData("a list in JSON is read whole, and is at most 64 MiB", "write JSONL instead")
    try:
        found = msgspec.json.decode(path.read_bytes().removeprefix(codecs.BOM_UTF8))
    except _UNREADABLE as error:
        raise BadData(
            f"it is no JSON: {error}", "JSONL, one object a line, has its own format"
        ) from None
    if not isinstance(found, list) or not found:
        raise BadData("it is no list of objects", 'such as [{"email": "a@b.c"}, …]')
    listed: list[Any] = found  # pyright: ignore[reportUnknownVariableType]  # JSON may be anything
    for number, row in enumerate(listed, 1):
        _check_row(row, _fields(listed[0]), f"the object {number} of the list")
    return listed


def _inspect_csv(path: Path, layout: Layout) -> Table:
    check, decoder = CsvCheck(path, layout.delimiter), codecs.getincrementaldecoder("utf-8")()
    columns: tuple[str, ...] = ()
    count = 0
    for block in blocks(path, quoted=True):
        _check_text(path, block, decoder)
        found = int((~block.is_blank).sum())
        if found and not columns:
            first = int(block.is_blank.argmin())
            line = _read(path, int(block.starts[first]), int(block.ends[first]))
            columns = _columns(path, layout, line)
            # The header is no row.
            count -= 1
        count += found
        check.take(block, len(columns))
    return Table(columns, max(count, 0))


def _check_text(path: Path, block: Block, decoder: codecs.IncrementalDecoder) -> None:
    pending = len(decoder.getstate()[0])
    try:
        decoder.decode(block.data.tobytes(), final=not block.data.size)
    except UnicodeDecodeError as error:
        place = block.base - pending + error.start
        raise BadData(
            "it is no UTF-8 text", "save it as UTF-8", line=line_at(path, place)
        ) from None


def _inspect_jsonl(path: Path) -> Table:
    fields: tuple[str, ...] = ()
    count = 0
    with path.open("rb") as file:
        for number, line in enumerate(file, 1):
            text = line.removeprefix(codecs.BOM_UTF8) if number == 1 else line
            # Just as a scan sees it: two returns are a line with something on it.
            if text.removesuffix(b"\n") in (b"", b"\r"):
                continue
            row = _decoded(text, number)
            fields = fields or _fields(row)
            _check_row(row, fields, "this one", number)
            count += 1
    return Table(fields, count)


def _inspect_json(path: Path) -> Table:
    found = json_rows(path)
    return Table(_fields(found[0]), len(found))


def _columns(path: Path, layout: Layout, line: bytes) -> tuple[str, ...]:
    if layout.format == "jsonl":
        return _fields(_decoded(line, 1))
    try:
        names = header_of(line, layout.delimiter)
    except UnicodeDecodeError:
        raise BadData("it is no UTF-8 text", "save it as UTF-8", line=1) from None
    except csv.Error as error:
        raise BadData(f"the header is no row of CSV: {error}", line=1) from None
    other = next((one for one in _OTHER_DELIMITERS if len(names) == 1 and one in names[0]), None)
    if other is not None:
        shown = r"\t" if other == "\t" else other
        raise BadData(
            f"the header is one name, {names[0]!r}", f'add `delimiter: "{shown}"`', line=1
        )
    for place, name in enumerate(names):
        if not name:
            raise BadData(f"column {place + 1} has no name in the header", line=1)
        if name in names[:place]:
            raise BadData(f"the header names {name!r} twice", line=1)
    return names


def _decoded(line: bytes, number: int) -> Any:  # noqa: ANN401  # whatever JSON is
    try:
        return msgspec.json.decode(line)
    except _UNREADABLE as error:
        hint = "JSONL has one object a line"
        raise BadData(f"it is no JSON: {error}", hint, line=number) from None


def _fields(row: Any) -> tuple[str, ...]:  # noqa: ANN401  # whatever JSON is
    return tuple(cast("Row", row)) if isinstance(row, dict) else ()


def _check_row(row: Any, fields: tuple[str, ...], what: str, line: int = 0) -> None:  # noqa: ANN401  # whatever JSON is
    if not isinstance(row, dict) or not row:
        raise BadData(f"{what} is no object with keys", line=line)
    for field in fields:
        if field not in row:
            hint = "every object has the keys of the first one"
            raise BadData(f"{what} has no {field!r}", hint, line=line)


def _read(path: Path, start: int, end: int) -> bytes:
    with path.open("rb") as file:
        file.seek(start)
        return file.read(end - start)


def _empty(layout: Layout) -> BadData:
    if layout.format == "csv":
        return BadData("it has no rows", "the first line names the columns, the rows follow")
    return BadData("it has no rows")
