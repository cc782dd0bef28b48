"""Rows are found where Python's own csv module finds them, whatever the blocks that a file is read in."""

from __future__ import annotations

import csv
import io
from typing import TYPE_CHECKING

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from groundswell.errors import FileUnavailable
from groundswell.rows import scan
from groundswell.rows.index import first_rows, striped_rows
from groundswell.rows.layout import BadData, Layout
from groundswell.rows.table import Table, inspect
from groundswell.schedule.shares import ShareEntry, ShareTable

if TYPE_CHECKING:
    from pathlib import Path

    from groundswell.rows.parsing import Row

CSV = Layout("csv")

# What makes CSV hard, and letters between.
VALUES = st.text(st.sampled_from('ab,;"\n\r é\U0001f40d'), max_size=6)
FILES = st.integers(1, 4).flatmap(
    lambda width: st.lists(st.lists(VALUES, min_size=width, max_size=width), max_size=12)
)
COLUMNS: list[str] = ["email", "sku", "price", "name"]


def written(rows: list[list[str]], line_end: str, *, quote_all: bool) -> bytes:
    """As the csv module writes it, with a header of as many columns."""
    out = io.StringIO()
    # Older versions of the module write a carriage return as it is.
    quote_all = quote_all or any("\r" in value for row in rows for value in row)
    writer = csv.writer(
        out, lineterminator=line_end, quoting=csv.QUOTE_ALL if quote_all else csv.QUOTE_MINIMAL
    )
    writer.writerow(header(rows))
    writer.writerows(rows)
    return out.getvalue().encode()


def header(rows: list[list[str]]) -> list[str]:
    return COLUMNS[: len(rows[0]) if rows else 2]


def expected(rows: list[list[str]]) -> list[Row]:
    return [dict(zip(header(rows), row, strict=True)) for row in rows]


@settings(max_examples=150, deadline=None)
@given(
    rows=FILES,
    block=st.integers(1, 40),
    line_end=st.sampled_from(["\n", "\r\n"]),
    quote_all=st.booleans(),
    has_bom=st.booleans(),
)
def test_the_csv_module_finds_the_same_rows(
    tmp_path_factory: pytest.TempPathFactory,
    rows: list[list[str]],
    block: int,
    line_end: str,
    quote_all: bool,
    has_bom: bool,
) -> None:
    path = tmp_path_factory.mktemp("rows") / "x.csv"
    path.write_bytes(b"\xef\xbb\xbf" * has_bom + written(rows, line_end, quote_all=quote_all))
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(scan, "_BLOCK", block)
        if not rows:
            with pytest.raises(BadData, match="it has no rows"):
                inspect(path, CSV)
            return
        assert inspect(path, CSV) == Table(tuple(header(rows)), len(rows))
        found = first_rows(path, CSV)
        assert found.some(0, len(found)) == expected(rows)


@settings(max_examples=60, deadline=None)
@given(
    count=st.integers(1, 60),
    weights=st.lists(st.integers(1, 4), min_size=1, max_size=5),
    block=st.integers(1, 200),
)
def test_the_agents_rows_are_disjoint_and_all_together_the_file(
    tmp_path_factory: pytest.TempPathFactory, count: int, weights: list[int], block: int
) -> None:
    path = tmp_path_factory.mktemp("rows") / "x.csv"
    path.write_text("id\n" + "".join(f"{number}\n\n" for number in range(count)))
    table = ShareTable(tuple(ShareEntry(f"a{n}", weight) for n, weight in enumerate(weights)))
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(scan, "_BLOCK", block)
        owned = {agent: striped_rows(path, CSV, table.stripe(agent)) for agent in table.agents}
    ids = {
        agent: [int(row["id"]) for row in rows.some(0, len(rows))] for agent, rows in owned.items()
    }
    assert sorted(one for found in ids.values() for one in found) == list(range(count))
    for agent, found in ids.items():
        assert all(table.owner(one) == agent for one in found)
        assert found == sorted(found)


def test_json_and_jsonl_are_divided_the_same_way(tmp_path: Path) -> None:
    (tmp_path / "x.jsonl").write_text('\ufeff{"id": 0}\n\n{"id": 1}\r\n{"id": 2}')
    (tmp_path / "x.json").write_text('[{"id": 0}, {"id": 1}, {"id": 2}]')
    table = ShareTable((ShareEntry("a"), ShareEntry("b")))
    for kind in ("jsonl", "json"):
        path, layout = tmp_path / f"x.{kind}", Layout(kind)
        assert inspect(path, layout) == Table(("id",), 3)
        rows = striped_rows(path, layout, table.stripe("a"))
        assert rows.some(0, len(rows)) == [{"id": 0}, {"id": 2}]
        assert len(first_rows(path, layout, 2)) == 2


@pytest.mark.parametrize("delimiter", [";", "\t", "|"])
def test_a_delimiter_may_be_another(tmp_path: Path, delimiter: str) -> None:
    path = tmp_path / "x.csv"
    path.write_text(f'a{delimiter}b\n1{delimiter}"x{delimiter}y"\n')
    layout = Layout("csv", delimiter)
    assert inspect(path, layout).rows == 1
    assert first_rows(path, layout).one(0) == {"a": "1", "b": f"x{delimiter}y"}


WRONG = {
    "": "it has no rows",
    "\n\n": "it has no rows",
    "a,b\n": "it has no rows",
    "a,b\n1,2\n3\n": "line 3: 1 value where the header has 2",
    "a,b\n1,2\n\n\n3,4,5\n": "line 5: 3 values where the header has 2",
    'a,b\n"1\n1",2\n3\n': "line 4: 1 value where the header has 2",
    "a,a\n1,2\n": "line 1: the header names 'a' twice",
    "a,,c\n1,2,3\n": "line 1: column 2 has no name in the header",
    'a,b\n1,"2\n3,4\n': "line 2: a quote is opened and never closed",
    'a,b\n1,2"\n3,4\n': "line 2: a quote stands within a value",
    'a,b\n1,x"2,3"\n': "line 2: a quote stands within a value",
    "a;b\n1;2\n": "line 1: the header is one name, 'a;b'",
    "a,b\r1,2\r": "a carriage return without a line feed",
    "a,b\n1,2\r3\n": "line 2: a carriage return without a line feed",
    "a\n" + "x" * (1024**2 + 1) * 2: "line 2: a row is longer than 1 MiB",
    'a\n"' + "\n" * (1024**2 + 1) * 2: "line 2: a row is longer than 1 MiB",
}


@pytest.mark.parametrize(("text", "said"), WRONG.items(), ids=range(len(WRONG)))
@pytest.mark.parametrize("block", [1, 3, 2 * 1024**2])
def test_what_is_wrong_with_a_csv_file_is_said_with_its_line(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, text: str, said: str, block: int
) -> None:
    if len(text) > 1000 and block < 1000:
        pytest.skip("a byte at a time takes a minute")
    monkeypatch.setattr(scan, "_BLOCK", block)
    path = tmp_path / "x.csv"
    path.write_bytes(text.encode())
    with pytest.raises(BadData) as bad:
        inspect(path, CSV)
    line = f"line {bad.value.line}: " if bad.value.line else ""
    assert f"{line}{bad.value.message}".endswith(said)


@pytest.mark.parametrize(
    ("data", "said", "line"),
    [
        ("a\nx\n".encode("utf-16"), "it is UTF-16 text", 0),
        (b"a\nx\ncaf\xe9\n", "it is no UTF-8 text", 3),
        (b"caf\xe9\nx\n", "it is no UTF-8 text", 1),
        (b"a\ncaf\xc3", "it is no UTF-8 text", 2),
    ],
)
@pytest.mark.parametrize("block", [1, 4, 1000])
def test_text_that_is_not_utf_8_is_refused(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, data: bytes, said: str, line: int, block: int
) -> None:
    monkeypatch.setattr(scan, "_BLOCK", block)
    (tmp_path / "x.csv").write_bytes(data)
    with pytest.raises(BadData, match=said) as bad:
        inspect(tmp_path / "x.csv", CSV)
    assert bad.value.line == line


@pytest.mark.parametrize(
    ("kind", "text", "said", "line"),
    [
        ("jsonl", '{"a": 1}\n{"b": 2}\n', "this one has no 'a'", 2),
        ("jsonl", '{"a": 1}\n\n[1]\n', "this one is no object with keys", 3),
        ("jsonl", '{"a": 1}\n{"a": 2\n', "it is no JSON", 2),
        ("jsonl", "   \n", "it is no JSON", 1),
        ("jsonl", "", "it has no rows", 0),
        ("json", '{"a": 1}', "it is no list of objects", 0),
        ("json", "[]", "it is no list of objects", 0),
        ("json", '[{"a": 1}, {"b": 1}]', "the object 2 of the list has no 'a'", 0),
        ("json", "[1]", "the object 1 of the list is no object", 0),
        ("json", '{"a": 1}\n{"a": 2}', "it is no JSON", 0),
    ],
)
def test_what_is_wrong_with_json_is_said_too(
    tmp_path: Path, kind: str, text: str, said: str, line: int
) -> None:
    path = tmp_path / "x"
    path.write_text(text)
    layout = Layout("json") if kind == "json" else Layout("jsonl")
    with pytest.raises(BadData, match=said) as bad:
        inspect(path, layout)
    assert bad.value.line == line


def test_a_list_in_json_is_bounded(tmp_path: Path) -> None:
    with (tmp_path / "x.json").open("wb") as file:
        file.truncate(64 * 1024**2 + 1)
    with pytest.raises(BadData, match="at most 64 MiB") as bad:
        inspect(tmp_path / "x.json", Layout("json"))
    assert bad.value.hint == "write JSONL instead"


def test_a_file_that_changes_under_its_index_is_said(tmp_path: Path) -> None:
    path = tmp_path / "x.csv"
    path.write_text("a,b\n1,2\n3,4\n")
    rows = first_rows(path, CSV)
    # Another file in its place is nothing to a run that has begun.
    (tmp_path / "new").write_text("other\n")
    (tmp_path / "new").rename(path)
    assert rows.one(1) == {"a": "3", "b": "4"}
    path.write_text("a,b\n1,2\n3,4\n")
    rows = first_rows(path, CSV)
    path.write_text("x\n")
    with pytest.raises(FileUnavailable, match="has changed under the run"):
        rows.one(1)
