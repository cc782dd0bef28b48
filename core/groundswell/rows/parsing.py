"""Rows as they are written to rows as templates see them: values by the names of their columns."""

from __future__ import annotations

import csv
from typing import TYPE_CHECKING, Any

import msgspec

from groundswell.rows.layout import LONGEST_ROW

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Sequence

    from groundswell.rows.layout import Layout

Row = dict[str, Any]

# A value may be as long as a row.
csv.field_size_limit(LONGEST_ROW)

_decode = msgspec.json.Decoder(Row).decode


def parser_of(layout: Layout, columns: Sequence[str]) -> Callable[[Iterable[bytes]], list[Row]]:
    """Parses rows, each without its line end, or with it. ValueError for one that is none."""
    if layout.format != "csv":
        return lambda lines: [_decode(line) for line in lines]
    delimiter = layout.delimiter

    def parse(lines: Iterable[bytes]) -> list[Row]:
        texts = [line.rstrip(b"\r\n").decode() for line in lines]
        reader = csv.reader(texts, delimiter=delimiter)
        return [dict(zip(columns, values, strict=True)) for values in reader]

    return parse


def header_of(line: bytes, delimiter: str) -> tuple[str, ...]:
    """The names of the columns; UnicodeDecodeError where it is no UTF-8, csv.Error where it is no row."""
    (names,) = csv.reader([line.rstrip(b"\r\n").decode()], delimiter=delimiter)
    return tuple(name.strip() for name in names)
