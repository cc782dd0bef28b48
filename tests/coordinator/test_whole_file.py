from __future__ import annotations

from contextlib import suppress
from typing import TYPE_CHECKING

import pytest

from groundswell.errors import GroundswellError
from groundswell_coordinator.whole_file import replacing

if TYPE_CHECKING:
    from pathlib import Path


def test_it_is_there_when_it_is_whole(tmp_path: Path) -> None:
    path = tmp_path / "file"
    path.write_text("before")
    with replacing(path) as file:
        file.write(b"after")
        assert path.read_text() == "before"
    assert path.read_text() == "after"
    assert list(tmp_path.iterdir()) == [path]


def test_what_was_there_stays_where_it_fails(tmp_path: Path) -> None:
    path = tmp_path / "file"
    path.write_text("before")
    with suppress(ZeroDivisionError), replacing(path) as file:
        file.write(b"half")
        raise ZeroDivisionError
    assert path.read_text() == "before"
    assert list(tmp_path.iterdir()) == [path]


@pytest.mark.parametrize("name", ["no-folder/file", "a-file/file", "x" * 255])
def test_where_no_file_can_be_made_it_says_so(tmp_path: Path, name: str) -> None:
    (tmp_path / "a-file").touch()
    with pytest.raises(GroundswellError, match=r"^cannot write "), replacing(tmp_path / name):
        pytest.fail("there is no file to write to")
