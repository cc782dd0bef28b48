from __future__ import annotations

import stat
from typing import TYPE_CHECKING

import pytest

from groundswell.errors import StoreFailed
from groundswell_coordinator.store.location import data_folder, prepare_database
from groundswell_coordinator.store.run_store import RunStore
from tests.coordinator.store.runs import new_run

if TYPE_CHECKING:
    from pathlib import Path


@pytest.fixture(autouse=True)
def plain_environment(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.delenv("GROUNDSWELL_HOME", raising=False)
    monkeypatch.delenv("XDG_DATA_HOME", raising=False)
    monkeypatch.setenv("HOME", str(tmp_path))
    monkeypatch.setattr("sys.platform", "linux")


def permissions(path: Path) -> int:
    return stat.S_IMODE(path.stat().st_mode)


def test_groundswell_home_wins(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("GROUNDSWELL_HOME", str(tmp_path / "chosen"))
    monkeypatch.setenv("XDG_DATA_HOME", str(tmp_path / "data"))
    assert data_folder() == tmp_path / "chosen"


def test_the_xdg_folder_is_next(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("XDG_DATA_HOME", str(tmp_path / "data"))
    assert data_folder() == tmp_path / "data" / "groundswell"


@pytest.mark.parametrize("value", ["", "relative/folder"])
def test_an_xdg_folder_that_is_no_absolute_path_is_ignored(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path, value: str
) -> None:
    monkeypatch.setenv("XDG_DATA_HOME", value)
    assert data_folder() == tmp_path / ".local" / "share" / "groundswell"


def test_the_folder_and_all_files_are_the_users_alone(tmp_path: Path) -> None:
    with RunStore.open() as store:
        store.create_run(new_run())
        folder = tmp_path / ".local" / "share" / "groundswell"
        files = sorted(folder.iterdir())
        assert files[0].name == "groundswell.db"
        assert permissions(folder) == 0o700
        assert {permissions(file) for file in files} == {0o600}


def test_a_folder_that_cannot_be_made_is_an_error_with_a_hint(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    with pytest.raises(StoreFailed) as caught:
        prepare_database(tmp_path / "file" / "folder")
    assert caught.value.hint == "set GROUNDSWELL_HOME to a folder that you may write to"
