"""Files that a test names: where they are looked for, and what is said of those that cannot be used."""

from __future__ import annotations

import os
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from groundswell.errors import FileUnavailable
from groundswell.files.named import NamedFiles
from groundswell.files.places import UNSEEN, Beside, Files, Kept, Sent
from groundswell.files.stamp import LARGEST_FILE, FileStamp
from groundswell.scenario.file_path import FILE
from groundswell.scenario.nodes import Mapping
from groundswell.scenario.problems import Problems
from groundswell.scenario.source import TestSource, read_source, sealed
from groundswell.scenario.yaml_source import parse

if TYPE_CHECKING:
    from collections.abc import Sequence


def named(text: str, files: Files, parts: Sequence[tuple[int, str]] = ()) -> Problems:
    """Every value of a mapping read as a file."""
    problems = Problems("t.yaml", parts, NamedFiles(files, parts))
    root = parse(text.encode(), problems)
    assert isinstance(root, Mapping)
    for key, value in root.pairs:
        FILE.read(value, key.text, problems)
    return problems


def told(text: str, files: Files) -> str:
    return str(named(text, files).as_error())


def test_paths_are_seen_from_the_folder_of_the_test(tmp_path: Path) -> None:
    (tmp_path / "steps" / "pictures").mkdir(parents=True)
    for path in ("users.csv", "steps/pictures/a.png", "above.csv"):
        (tmp_path / path).write_text("x")
    text = "a: users.csv\nb: ./users.csv\nc: pictures/a.png\nd: ../above.csv\n"
    problems = named(text, Beside(tmp_path), [(3, "steps/login.yaml")])
    assert len(problems) == 0
    assert problems.files.paths == ("users.csv", "steps/pictures/a.png", "above.csv")


def test_a_path_may_lead_out_of_the_folder_or_be_absolute(tmp_path: Path) -> None:
    (tmp_path / "tests").mkdir()
    (tmp_path / "data.csv").write_text("x")
    text = f"a: ../data.csv\nb: {tmp_path}/data.csv\n"
    problems = named(text, Beside(tmp_path / "tests"))
    assert problems.files.paths == ("../data.csv", f"{tmp_path}/data.csv")
    assert len(problems) == 0


def test_a_symbolic_link_is_the_file_that_it_leads_to(tmp_path: Path) -> None:
    (tmp_path / "real").write_text("content")
    (tmp_path / "link").symlink_to("real")
    assert len(named("a: link\n", Beside(tmp_path))) == 0
    (tmp_path / "real").unlink()
    assert "there is no such file" in told("a: link\n", Beside(tmp_path))


def test_a_missing_file_is_told_with_its_place(tmp_path: Path) -> None:
    assert told("a:\n  user.csv\n", Beside(tmp_path)) == (
        "t.yaml:2:3: the file user.csv: there is no such file "
        f"(it is looked for at {tmp_path}/user.csv, seen from the test file's folder)"
    )


def test_a_home_is_not_filled_in(tmp_path: Path) -> None:
    assert "`~` is not filled in here" in told("a: ~/user.csv\n", Beside(tmp_path))


def test_what_is_no_regular_file_is_refused(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "pipe")
    (tmp_path / "folder").mkdir()
    (tmp_path / "file").write_text("")
    text = "a: pipe\nb: folder\nc: file/x\nd: 'a\\0b'\n"
    lines = told(text.replace("'a\\0b'", '"a\\0b"'), Beside(tmp_path)).splitlines()
    assert "t.yaml:1:4: the file pipe: this is no regular file" in lines[0]
    assert "t.yaml:2:4: the file folder: this is a directory" in lines[1]
    assert "t.yaml:3:4: the file file/x: it cannot be read: Not a directory" in lines[2]
    assert "t.yaml:4:4: `d` must be one line" in lines[3]


def test_a_file_that_is_too_large_is_refused_without_being_read(tmp_path: Path) -> None:
    with (tmp_path / "huge").open("wb") as file:
        file.truncate(LARGEST_FILE + 1)
    assert "the file is larger than 1 GiB (split it" in told("a: huge\n", Beside(tmp_path))


@pytest.mark.skipif(os.geteuid() == 0, reason="root may read everything")
def test_a_file_that_may_not_be_read_is_refused(tmp_path: Path) -> None:
    (tmp_path / "closed").write_text("x")
    (tmp_path / "closed").chmod(0)
    assert "you may not read this file" in told("a: closed\n", Beside(tmp_path))


def test_only_the_client_looks_at_the_files(tmp_path: Path) -> None:
    stamp = FileStamp("0" * 64, 1)
    assert len(named("a: gone\n", UNSEEN)) == 0
    assert len(named("a: gone\n", Sent({"gone": stamp}))) == 0
    assert "it did not come with the test" in told("a: other\n", Sent({"gone": stamp}))
    kept = Kept({"gone": stamp}, {"gone": tmp_path})
    assert len(named("a: gone\n", kept)) == 0
    assert kept.find("gone") == tmp_path
    assert "it did not come with the test" in told("a: other\n", kept)


def test_too_many_files_are_refused() -> None:
    text = "".join(f"k{number}: f{number}\n" for number in range(1001))
    assert told(text, UNSEEN) == "t.yaml:1001:8: the test names more than 1000 files"


def test_a_sealed_source_knows_what_its_files_hold(tmp_path: Path) -> None:
    (tmp_path / "users.csv").write_bytes(b"abc")
    (tmp_path / "t.yaml").write_text("test: x\n")
    source = read_source(str(tmp_path / "t.yaml"))
    assert sealed(source, ()) is source
    stamps = sealed(source, ["users.csv"]).files.stamps
    # sha256sum says the same.
    expected = "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad"
    assert stamps == {"users.csv": FileStamp(expected, 3)}
    (tmp_path / "users.csv").unlink()
    with pytest.raises(FileUnavailable, match=r"users\.csv cannot be read: No such file"):
        sealed(source, ["users.csv"])


def test_the_files_of_standard_input_are_beside_whoever_gives_it() -> None:
    assert Beside(Path()).find("pyproject.toml") == Path("pyproject.toml")
    assert sealed(TestSource("t.yaml", b""), ["x"]).files.stamps == {}
