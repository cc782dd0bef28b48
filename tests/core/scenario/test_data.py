"""`data` in a test file: what it may say, and what is printed of what it may not."""

from __future__ import annotations

from textwrap import dedent
from typing import TYPE_CHECKING

import pytest

from groundswell.errors import InvalidTest
from groundswell.files.places import UNSEEN, Beside
from groundswell.rows.layout import Layout
from groundswell.scenario.data_source import DataSource
from groundswell.scenario.loader import TestSource, load

if TYPE_CHECKING:
    from pathlib import Path

    from groundswell.scenario.model import Test

STEPS = "scenarios: {s: {executor: constant-vus, duration: 1m, steps: [{get: /a}]}}\n"


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    (tmp_path / "users.csv").write_text("email,first name,sku\na@b.c,Ann,1\nd@e.f,Dan,2\n")
    (tmp_path / "users.tsv").write_text("email\tsku\na@b.c\t1\n")
    (tmp_path / "users.txt").write_text("email;sku\na@b.c;1\n")
    (tmp_path / "items.jsonl").write_text('{"id": 1, "tags": {"a": 2}}\n')
    (tmp_path / "items.json").write_text('[{"id": 1}]')
    (tmp_path / "wrong.csv").write_text("email,sku\na@b.c\n")
    return tmp_path


def read(folder: Path, text: str, env: dict[str, str] | None = None, *, seen: bool = True) -> Test:
    files = Beside(folder) if seen else UNSEEN
    return load(TestSource("t.yaml", text.encode(), env or {}, None, files))


def with_data(data: str, steps: str = STEPS) -> str:
    """From line 3 on."""
    return f"test: t\ntarget: http://shop.test\ndata: {data}\n{steps}"


def told(folder: Path, text: str) -> list[str]:
    with pytest.raises(InvalidTest) as invalid:
        read(folder, text)
    return [str(problem) for problem in invalid.value.problems]


def test_a_source_is_read_with_its_columns_and_its_rows_counted(folder: Path) -> None:
    test = read(folder, with_data("{users: {file: users.csv, pick: unique}}"))
    assert test.data == {
        "users": DataSource(
            file="users.csv",
            layout=Layout("csv"),
            pick="unique",
            on_end="stop",
            columns=("email", "first name", "sku"),
            rows=2,
        )
    }
    assert test.files == ("users.csv",)


@pytest.mark.parametrize(
    ("source", "layout"),
    [
        ("{file: users.tsv}", Layout("csv", "\t")),
        ("{file: users.txt, format: csv, delimiter: ';'}", Layout("csv", ";")),
        ("{file: items.jsonl}", Layout("jsonl")),
        ("{file: items.json}", Layout("json")),
        ("{file: '{{ env.USERS }}'}", Layout("csv")),
    ],
)
def test_the_name_of_a_file_tells_its_format(folder: Path, source: str, layout: Layout) -> None:
    test = read(folder, with_data(f"{{it: {source}}}"), {"USERS": "users.csv"})
    assert test.data["it"].layout == layout
    assert (test.data["it"].pick, test.data["it"].on_end) == ("sequential", "recycle")
    assert test.data["it"].rows in (1, 2)


def test_who_cannot_see_the_file_takes_it_on_trust(folder: Path) -> None:
    text = with_data("{users: {file: gone.csv}}", USES.format("email"))
    source = read(folder, text, seen=False).data["users"]
    assert (source.columns, source.rows) == (None, None)


WRONG = {
    "5": "3:7: `data` must be a mapping, not 5 (such as {users: {file: users.csv, pick: unique}})",
    "{users: users.csv}": "3:15: `users` must be a mapping, not users.csv",
    "{users: {pick: unique}}": "3:15: `file` is missing in a data source",
    "{users: {file: users.csv, pik: unique}}": (
        "3:33: unknown key `pik` in a data source (did you mean `pick`?)"
    ),
    "{users: {file: user.csv}}": "3:22: the file user.csv: there is no such file (it is looked for at",
    "{users: {file: ''}}": "3:22: `file` is empty",
    "{users: {file: '{{ vu }}.csv'}}": "3:22: `file` must be known before the run, and",
    "{users: {file: users.txt}}": (
        "3:22: `format` is missing: the file's name does not tell it (one of csv, json, jsonl)"
    ),
    "{users: {file: wrong.csv}}": (
        "3:22: the file wrong.csv, line 2: 1 value where the header has 2 "
        "(a value with the delimiter in it stands between quotes)"
    ),
    "{users: {file: users.csv, format: json}}": "3:22: the file users.csv: it is no JSON: ",
    "{users: {file: users.csv, delimiter: ab}}": '3:44: `delimiter` is one character (such as ";"',
    "{users: {file: items.json, delimiter: ','}}": "3:45: `delimiter` is for CSV, and this is json",
    "{users: {file: users.csv, pick: uniqe}}": (
        "3:39: `pick` is uniqe, not one of unique, sequential, random, per-vu (did you mean unique?)"
    ),
    "{users: {file: users.csv, pick: unique, on_end: recycle}}": (
        "3:55: a `unique` row is never given twice, so it cannot `recycle` "
        "(pick: sequential begins again at the end)"
    ),
    "{users: {file: users.csv, pick: random, on_end: stop}}": (
        "3:55: `pick: random` has no end to stop at (leave `on_end` away)"
    ),
    "{users: {file: users.csv, pick: per-vu, on_end: stop}}": (
        "3:55: `pick: per-vu` has no end to stop at (leave `on_end` away)"
    ),
    "{vu: {file: users.csv}}": (
        "3:8: `vu` has a meaning of its own in templates (call the data otherwise)"
    ),
    "{my-users: {file: users.csv}}": (
        "3:8: `my-users` cannot be the name of a data source (letters, digits and _"
    ),
}


@pytest.mark.parametrize(("data", "said"), WRONG.items(), ids=range(len(WRONG)))
def test_what_is_printed_of_a_wrong_source(folder: Path, data: str, said: str) -> None:
    (line,) = told(folder, with_data(data))
    assert line.startswith(f"t.yaml:{said}")


USES = dedent("""\
    scenarios:
      s:
        executor: constant-vus
        duration: 1m
        steps:
          - get: "/a?x={{{{ users.{} }}}}"
""")


def test_a_column_that_is_not_there_is_told_where_it_is_named(folder: Path) -> None:
    text = with_data("{users: {file: users.csv}}", USES.format("emial"))
    assert told(folder, text) == [
        "t.yaml:9:14: `users` has no field `emial` (did you mean `email`?)"
    ]


def test_a_column_may_have_a_name_that_is_no_word(folder: Path) -> None:
    steps = USES.format("email").replace("users.email", "users['first name']")
    assert read(folder, with_data("{users: {file: users.csv}}", steps)).scenarios["s"].data == (
        "users",
    )


def test_a_source_that_is_wrong_is_told_once_and_its_names_not_at_all(folder: Path) -> None:
    text = with_data("{users: {file: gone.csv}}", USES.format("email"))
    assert len(told(folder, text)) == 1


def test_a_capture_may_not_have_the_name_of_a_source(folder: Path) -> None:
    steps = USES.format("email") + "        capture: {users: $.id}\n"
    assert told(folder, with_data("{users: {file: users.csv}}", steps)) == [
        "t.yaml:10:19: `users` is the name of a data source (capture it under another name)"
    ]


def test_a_scenario_knows_which_sources_it_names(folder: Path) -> None:
    text = dedent("""\
        test: t
        target: http://shop.test
        data:
          users: {file: users.csv}
          items: {file: items.jsonl}
          more: {file: items.json}
          idle: {file: items.json}
        defaults: {headers: {X: "{{ more.id | default('') }}"}}
        scenarios:
          plain: {executor: constant-vus, duration: 1m, steps: [{get: /a}]}
          deep:
            executor: constant-vus
            duration: 1m
            steps:
              - while: items.id < 3
                max: 2
                steps: [{post: /a, json: {a: ["{{ users.sku }}"]}}]
    """)
    scenarios = read(folder, text).scenarios
    assert scenarios["plain"].data == ("more",)
    assert scenarios["deep"].data == ("users", "items", "more")
    assert read(folder, text, seen=False).scenarios == scenarios
