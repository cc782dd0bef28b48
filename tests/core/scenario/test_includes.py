"""`include`: steps of other files, read by the client, in one text that travels and is stored."""

# One row of a table is one line.
# ruff: noqa: E501

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from groundswell.errors import InvalidTest
from groundswell.scenario.bundle import Bundle, bundled
from groundswell.scenario.loader import TestSource, load, read_source
from groundswell.scenario.model import all_requests

if TYPE_CHECKING:
    from pathlib import Path

MAIN = """\
test: t
target: http://shop.test
scenarios:
  s:
    executor: per-vu-iterations
    steps:
      - include: steps/login.yaml
      - get: /cart
        headers: {X: "{{ token }}"}
"""
LOGIN = """\
- post: /login
  capture: {token: $.token}
- include: ../more.yaml
"""
MORE = "- get: /more/{{ env.X | default('x') }}\n"


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    (tmp_path / "steps").mkdir()
    (tmp_path / "t.yaml").write_text(MAIN)
    (tmp_path / "steps" / "login.yaml").write_text(LOGIN)
    (tmp_path / "more.yaml").write_text(MORE)
    return tmp_path


def paths(source: TestSource) -> list[object]:
    return [step.path for step in all_requests(load(source).scenarios["s"].steps)]


def printed(folder: Path) -> list[str]:
    try:
        load(read_source(str(folder / "t.yaml")))
    except InvalidTest as error:
        return [line.removeprefix(f"{folder}/") for line in str(error).splitlines()]
    return []


def test_the_steps_stand_where_they_are_included(folder: Path) -> None:
    source = read_source(str(folder / "t.yaml"), env={"X": "env", "Y": "no"})
    assert paths(source) == ["/login", "/more/env", "/cart"]
    # All of it is in the text: the agents have no such files.
    assert paths(TestSource("t.yaml", source.text, source.env)) == ["/login", "/more/env", "/cart"]
    assert source.env == {"X": "env"}


def test_what_is_included_is_part_of_the_hash(folder: Path) -> None:
    before = read_source(str(folder / "t.yaml")).hash
    (folder / "more.yaml").write_text("- get: /other\n")
    assert read_source(str(folder / "t.yaml")).hash != before


def test_a_test_that_includes_nothing_travels_as_it_is(folder: Path) -> None:
    text = MAIN.replace("      - include: steps/login.yaml\n", "").replace('"{{ token }}"', "y")
    (folder / "t.yaml").write_text(text)
    assert read_source(str(folder / "t.yaml")).text == text.encode()


def test_includes_work_in_every_list_of_steps(folder: Path) -> None:
    (folder / "t.yaml").write_text(
        MAIN + "      - if: vu == 1\n        then: [{include: more.yaml}]\n"
        "        else: [{include: more.yaml}]\n"
        "      - parallel: [{include: steps/login.yaml}, {get: /p}]\n"
        "      - weighted: [{weight: 1, steps: [{include: more.yaml}]}]\n"
        "      - group: g\n        steps: [{include: more.yaml}, {get: /z}]\n"
    )
    expected = ["/login", "/more/x", "/cart", *["/more/x"] * 2, "/login", "/more/x", "/p",
                "/more/x", "/more/x", "/z"]  # fmt: skip
    assert paths(read_source(str(folder / "t.yaml"))) == expected


@pytest.mark.parametrize(
    ("file", "text", "lines"),
    [
        ("more.yaml", "- get: x\n", ["more.yaml:1:8: `get` x starts with no `/` (write /x, or a whole URL)"]),
        ("more.yaml", "\n\n- {get: /, nam: a}\n", ["more.yaml:3:12: unknown key `nam` in a request (did you mean `name`?)"]),
        ("more.yaml", "- get: /{{ tokn }}\n", ["more.yaml:1:8: nothing is known here by the name `tokn` (did you mean `token`?)"]),
        ("more.yaml", "- get: /\n  get: /b\n", ["more.yaml:2:3: `get` is given twice (first on line 1)"]),
        ("more.yaml", "a: b\n", ["more.yaml:1:1: an included file holds a list of steps, not a mapping (a file of steps starts with a step, such as `- get: /login`)"]),
        ("more.yaml", "", ["more.yaml:1:1: the file is empty (`groundswell validate --help` shows a test)"]),
        ("more.yaml", "- get: [\n", ["more.yaml:2:1: this is not YAML: while parsing a flow node, did not find expected node content"]),
        ("more.yaml", "- get: /\n- include: steps/login.yaml\n", ["more.yaml:2:12: the file steps/login.yaml includes itself"]),
        ("t.yaml", MAIN + "      - include: none.yaml\n", ["t.yaml:10:18: the included file none.yaml: there is no such file (look at the path)"]),
        ("more.yaml", "- include: none.yaml\n", ["more.yaml:1:12: the included file none.yaml: there is no such file (look at the path)"]),
        ("t.yaml", MAIN + "      - include: steps\n", ["t.yaml:10:18: the included file steps: this is a directory (name the test file in it)"]),
        ("t.yaml", MAIN + "      - include: '{{ env.X }}'\n", ["t.yaml:10:18: the environment variable X is not set (pass -e X=…, set it, or write {{ env.X | default('…') }})"]),
        ("t.yaml", MAIN + "      - include: [a]\n", ["t.yaml:10:18: `include` must be the path of a file, not a list"]),
    ],
)  # fmt: skip
def test_problems_are_told_by_the_file_they_are_in(
    folder: Path, file: str, text: str, lines: list[str]
) -> None:
    (folder / file).write_text(text)
    assert printed(folder) == lines


def test_problems_of_all_files_are_told_at_once(folder: Path) -> None:
    (folder / "more.yaml").write_text("- gett: /\n")
    (folder / "t.yaml").write_text(MAIN.replace("get: /cart", "get: cart"))
    assert [line.split(": ")[0] for line in printed(folder)] == ["t.yaml:8:14", "more.yaml:1:3"]


def test_a_file_that_does_not_travel_along_is_told(folder: Path) -> None:
    with pytest.raises(
        InvalidTest, match=r"t.yaml:7:18: the included file steps/login.yaml is not"
    ):
        load(TestSource("t.yaml", MAIN.encode()))


def test_many_includes_of_one_file_are_bounded(folder: Path) -> None:
    (folder / "more.yaml").write_text("- get: /a\n" * 2000)
    (folder / "t.yaml").write_text(MAIN + "      - include: more.yaml\n" * 60)
    assert printed(folder) == ["t.yaml:42:18: more than 200000 values, included ones too"]


@pytest.mark.parametrize("text", [b"", b"a", b"a\n#%include x\n", "ü\r\n\u2028\x85".encode()])
def test_a_bundle_gives_back_what_it_holds(text: bytes) -> None:
    included = {"a b/ü.yaml": text, "c.yaml": b"- x\n", "d.yaml": text}
    bundle = Bundle.of(bundled(b"test: t", included))
    assert bundle.main == b"test: t\n"
    assert {path: part.text for path, part in bundle.parts.items()} == included


@pytest.mark.parametrize(
    "head",
    [
        b'#%include "\na" 1\n',
        b'#%include "\\x" 1\n',
        b'#%include "\xff" 1\n',
        b'#%include "\\ud8" 1\n',
    ],
)
def test_what_only_looks_like_the_head_of_a_part_is_a_comment_or_told(head: bytes) -> None:
    whole = b"test: t\n" + head + b"a\n"

    assert Bundle.of(whole).main == whole
