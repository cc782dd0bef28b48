"""Rows of data files."""

from __future__ import annotations

from typing import TYPE_CHECKING

from groundswell.rows.index import first_rows
from groundswell.rows.layout import BadData, Layout
from groundswell.rows.table import inspect
from tests.fuzz.decoder import Decoder
from tests.fuzz.scratch import scratch_folder

if TYPE_CHECKING:
    from collections.abc import Callable

    from groundswell.rows.layout import RowFormat


def _rows(format_: RowFormat, delimiter: str = ",") -> Callable[[bytes], None]:
    """What was found to be in order can be read, row by row, and every row has all columns."""
    layout = Layout(format_, delimiter)
    path = scratch_folder() / f"rows.{format_}"

    def take(data: bytes) -> None:
        path.write_bytes(data)
        table = inspect(path, layout)
        rows = first_rows(path, layout)
        assert len(rows) == table.rows
        for row in rows.some(0, len(rows)):
            assert set(table.columns) <= set(row)

    return take


DECODERS = (
    Decoder(
        "rows in CSV",
        _rows("csv"),
        seeds=(
            b"email,sku\na@b.c,1\nd@e.f,2\n",
            b'\xef\xbb\xbfa,b\r\n"x,1","y ""z"""\r\n\r\n"two\nlines",2\r\n',
            b"a\n1\n2",
        ),
        words=(b'"', b'""', b",", b"\n", b"\r\n", b"\r", b"\xef\xbb\xbf", b"\xff\xfe", b"\x00", b'",'),
        refusals=(BadData,),
    ),
    Decoder(
        "rows in JSONL",
        _rows("jsonl"),
        seeds=(b'{"a": 1, "b": "x"}\n{"a": null, "b": [1, 2]}\n', b'{"a": {"b": 1e5}}\r\n\r\n{"a": 2}'),
        words=(b"{", b"}", b"[", b'"', b"\\u", b"\\ud800", b":", b"null", b"\n", b"\r", b"1e999", b"\x00"),
        refusals=(BadData,),
    ),
    Decoder(
        "rows in JSON",
        _rows("json"),
        seeds=(b'[{"a": 1, "b": "x"}, {"a": null, "b": [1, 2]}]', b'\xef\xbb\xbf[{"a": {"b": 1e5}}]'),
        words=(b"{", b"}", b"[" * 2000, b'"', b"\\u", b"\\ud800", b":", b"null", b"9" * 400, b"-0"),
        refusals=(BadData,),
    ),
)  # fmt: skip
