"""Reading a test in Python from its folder: what belongs to it, and what it may do meanwhile."""

from __future__ import annotations

import sys
from textwrap import dedent
from typing import TYPE_CHECKING

import pytest

from groundswell.errors import InvalidTest
from groundswell.scenario.bundle import Bundle
from groundswell.scenario.loader import load, read_source
from groundswell.script import source as reading
from groundswell.script.declaration import DECLARATION
from groundswell.script.modules import beside
from tests.core.script.writing import loaded

if TYPE_CHECKING:
    from pathlib import Path

_TEST = """
    import json
    import helpers.words
    from helpers import numbers
    from groundswell import Test, VU, constant_vus, env
    test = Test(helpers.words.NAME, target=env.get("BASE_URL", "http://shop.test"))
    @test.scenario(constant_vus(numbers.VUS, duration="1s"))
    async def s(vu: VU) -> None:
        import late
        vu.env["ONLY_THERE"]
    """


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    _write(tmp_path / "t.py", _TEST)
    _write(tmp_path / "helpers" / "words.py", "from .deeper.names import NAME")
    _write(tmp_path / "helpers" / "numbers.py", "VUS = 3")
    _write(tmp_path / "helpers" / "deeper" / "__init__.py", "")
    _write(tmp_path / "helpers" / "deeper" / "names.py", "from ... import nothing\nNAME = 'deep'")
    _write(tmp_path / "late.py", "import os")
    _write(tmp_path / "unused.py", "1 / 0")
    _write(tmp_path / "notes.txt", "nothing")
    return tmp_path


def _write(path: Path, text: str) -> None:
    path.parent.mkdir(exist_ok=True)
    path.write_text(dedent(text))


def test_all_that_it_imports_from_beside_it_belongs_to_it_and_nothing_else(folder: Path) -> None:
    (folder / "helpers" / "deeper" / "names.py").write_text("NAME = 'deep'")
    source = read_source(str(folder / "t.py"), {"ONLY_THERE": "1", "OTHER": "2"})
    assert set(Bundle.of(source.text).parts) == {
        "helpers/deeper/__init__.py",
        "helpers/deeper/names.py",
        "helpers/numbers.py",
        "helpers/words.py",
        "late.py",
        DECLARATION,
    }
    test = load(source)
    assert (test.test, test.target) == ("deep", "http://shop.test")
    assert source.env == {"ONLY_THERE": "1"}


def test_the_same_test_has_the_same_hash_whatever_the_environment(folder: Path) -> None:
    (folder / "helpers" / "deeper" / "names.py").write_text("NAME = 'deep'")
    path = str(folder / "t.py")
    there = read_source(path, {"BASE_URL": "http://there.test", "ONLY_THERE": "1"})
    elsewhere = read_source(path, {"BASE_URL": "http://elsewhere.test"})
    assert load(there).target == "http://there.test"
    assert there.hash == elsewhere.hash


def test_an_import_from_above_the_folder_is_told_like_any_error(folder: Path) -> None:
    with pytest.raises(InvalidTest) as refused:
        read_source(str(folder / "t.py"))
    (problem,) = refused.value.problems
    assert problem.file == f"{folder}/helpers/deeper/names.py"
    assert problem.line == 1


def test_a_module_that_is_no_python_is_told_by_its_own_line(folder: Path) -> None:
    (folder / "late.py").write_text("x = 1\nif x\n")
    with pytest.raises(InvalidTest) as refused:
        read_source(str(folder / "t.py"))
    assert str(refused.value) == f"{folder}/late.py:2:5: expected ':'"


def _alone(tmp_path: Path, text: str) -> str:
    path = tmp_path / "alone.py"
    path.write_text(dedent(text))
    return str(path)


def test_what_it_prints_goes_to_standard_error(
    tmp_path: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    path = _alone(
        tmp_path,
        """
        import os
        from groundswell import *
        print("hello"); os.system("echo there")
        test = Test("t", target="http://shop.test")
        @test.scenario(constant_vus(duration="1s"))
        async def s(vu: VU) -> None: ...
        """,
    )
    assert load(read_source(path)).test == "t"
    out, err = capfd.readouterr()
    assert out == ""
    assert set(err.split()) == {"hello", "there"}


def test_a_thread_that_never_ends_does_not_keep_the_client(tmp_path: Path) -> None:
    path = _alone(
        tmp_path,
        """
        import threading, time
        from groundswell import *
        threading.Thread(target=time.sleep, args=(3600,)).start()
        test = Test("t", target="http://shop.test")
        @test.scenario(constant_vus(duration="1s"))
        async def s(vu: VU) -> None: ...
        """,
    )
    assert load(read_source(path)).test == "t"


def test_a_process_that_dies_is_told(tmp_path: Path) -> None:
    with pytest.raises(InvalidTest, match="the process that reads the file ended with 7"):
        read_source(_alone(tmp_path, "import os\nos._exit(7)\n"))


def test_a_file_that_never_ends_is_given_up(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(reading, "PATIENCE_S", 0.5)
    with pytest.raises(InvalidTest, match=r"did not come to its end within 0\.5 s"):
        read_source(_alone(tmp_path, "while True: pass\n"))


@pytest.mark.parametrize(
    ("text", "found"),
    [
        ("import a", ["a.py"]),
        ("import p.b as x", ["p/__init__.py", "p/b.py"]),
        ("from p import b", ["p/__init__.py", "p/b.py"]),
        ("from p.b import c", ["p/__init__.py", "p/b.py"]),
        ("def f():\n    if 1:\n        import a", ["a.py"]),
        ("import json, a", ["a.py"]),
        ("from . import a", ["a.py"]),
        ("import p", ["p/__init__.py"]),
        ("import nothing.b", []),
        ("'import a'", []),
        # A name of Python's own means that.
        ("import json", []),
    ],
)
def test_which_files_an_import_means(text: str, found: list[str]) -> None:
    files = {
        "a.py": b"",
        "json.py": b"",
        "p/__init__.py": b"",
        "p/b.py": b"import p",
        "p/unused.py": b"(",
    }
    assert sorted(beside(text.encode(), "t.py", files.get, str)) == found


def test_another_test_has_modules_of_its_own() -> None:
    """An agent serves one run after the other."""
    text = """
        from parts import name
        from groundswell import *
        test = Test(name.NAME, target="http://shop.test")
        @test.scenario(constant_vus(duration="1s"))
        async def s(vu: VU) -> None: ...
        """
    # A folder without an __init__.py, then one with it.
    assert loaded(text, modules={"parts/name.py": "NAME = 'first'"}).test == "first"
    package = {"parts/__init__.py": "name = type('N', (), {'NAME': 'second'})"}
    assert loaded(text, modules=package).test == "second"
    assert loaded(text, modules={"parts/name.py": "NAME = 'third'"}).test == "third"
    left = [name for name in sys.modules if name.partition(".")[0] == "parts"]
    assert sorted(left) == ["parts", "parts.name"]


def test_a_module_that_the_process_has_already_is_no_name_for_another() -> None:
    with pytest.raises(InvalidTest, match=r"pytest\.py:1:1: a module 'pytest' is there already"):
        loaded("import pytest", modules={"pytest.py": ""})
