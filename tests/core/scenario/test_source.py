"""Reading a test from a file or standard input: all that the loader has to do with the world."""

from __future__ import annotations

import io
import sys
from typing import TYPE_CHECKING

import pytest

from groundswell.errors import InvalidTest
from groundswell.scenario.loader import TestSource, load, read_source
from tests.core.scenario.writing import with_top

if TYPE_CHECKING:
    from pathlib import Path


def test_a_file_is_read_with_the_variables_it_mentions(tmp_path: Path) -> None:
    path = tmp_path / "checkout.yaml"
    path.write_text("a: '{{ env.A }} {{ env.B }}'")
    source = read_source(str(path), {"A": "1", "HOME": "/root"})
    assert source == TestSource(str(path), path.read_bytes(), {"A": "1"}, None)


def test_a_dash_is_standard_input(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sys, "stdin", io.TextIOWrapper(io.BytesIO(with_top("").encode())))
    source = read_source("-", {}, "http://other.test")
    assert source.name == "<stdin>"
    assert load(source).target == "http://other.test"


def test_the_hash_is_of_the_text_alone() -> None:
    assert TestSource("a", b"x", {"A": "1"}).hash == TestSource("b", b"x", {}, "http://y").hash
    assert TestSource("a", b"x").hash != TestSource("a", b"y").hash


def test_a_file_that_cannot_be_read_is_an_invalid_test(tmp_path: Path) -> None:
    large = tmp_path / "large.yaml"
    large.write_bytes(b"#" * (10 * 1024 * 1024 + 1))
    for path, printed in (
        (tmp_path / "none.yaml", "there is no such file (look at the path)"),
        (tmp_path, "this is a directory (name the test file in it)"),
        (large / "x", "the file cannot be read: Not a directory"),
        (large, "the file is larger than 10 MiB (a test is text, data has its own file)"),
    ):
        with pytest.raises(InvalidTest) as caught:
            read_source(str(path))
        assert str(caught.value) == f"{path}: {printed}"


def test_a_name_with_a_null_byte_is_an_invalid_test() -> None:
    with pytest.raises(InvalidTest):
        read_source("a\0b")
