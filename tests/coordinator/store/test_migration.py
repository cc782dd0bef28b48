from __future__ import annotations

import sqlite3
from contextlib import closing
from typing import TYPE_CHECKING

import pytest
from sqlalchemy import Connection, text

from groundswell.errors import StoreFailed
from groundswell_coordinator.store import migration
from groundswell_coordinator.store.run_store import RunStore
from tests.coordinator.store.runs import new_run

if TYPE_CHECKING:
    from pathlib import Path


def execute(path: Path, statement: str) -> list[tuple[object, ...]]:
    with closing(sqlite3.connect(path)) as connection, connection:
        return connection.execute(statement).fetchall()


@pytest.fixture
def path(tmp_path: Path) -> Path:
    """A store of version 1 with one run."""
    path = tmp_path / "groundswell.db"
    with RunStore.open(f"sqlite:///{path}") as store:
        store.create_run(new_run())
    return path


def test_a_new_store_has_the_newest_version(path: Path) -> None:
    newest = len(migration.MIGRATIONS) + 1
    assert execute(path, "SELECT version FROM schema_version") == [(newest,)]


def test_a_store_of_a_newer_version_is_refused_and_left_alone(path: Path) -> None:
    execute(path, "UPDATE schema_version SET version = 999")
    with pytest.raises(StoreFailed) as caught:
        RunStore.open(f"sqlite:///{path}")
    assert "schema version 999" in caught.value.message
    assert caught.value.hint is not None
    assert "upgrade" in caught.value.hint
    assert execute(path, "SELECT version FROM schema_version") == [(999,)]


def test_an_older_store_is_migrated_step_by_step(
    path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def add_column(connection: Connection) -> None:
        connection.execute(text("ALTER TABLE runs ADD COLUMN note TEXT"))

    def fill_column(connection: Connection) -> None:
        connection.execute(text("UPDATE runs SET note = 'migrated'"))

    monkeypatch.setattr(migration, "MIGRATIONS", (add_column, fill_column))
    with RunStore.open(f"sqlite:///{path}") as store:
        assert store.get_run("run-1").line.test == "checkout"
    assert execute(path, "SELECT version FROM schema_version") == [(3,)]
    assert execute(path, "SELECT note FROM runs") == [("migrated",)]


def test_a_migration_that_fails_changes_nothing(
    path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def add_column_twice(connection: Connection) -> None:
        for _ in range(2):
            connection.execute(text("ALTER TABLE runs ADD COLUMN note TEXT"))

    monkeypatch.setattr(migration, "MIGRATIONS", (add_column_twice,))
    with pytest.raises(StoreFailed, match="duplicate column"):
        RunStore.open(f"sqlite:///{path}")
    monkeypatch.undo()
    with RunStore.open(f"sqlite:///{path}") as store:
        assert store.get_run("run-1").line.test == "checkout"


def test_a_file_that_is_no_database_is_refused_with_a_hint(tmp_path: Path) -> None:
    path = tmp_path / "notes.txt"
    path.write_text("not a database, but long enough to be looked at\n" * 50)
    with pytest.raises(StoreFailed) as caught:
        RunStore.open(f"sqlite:///{path}")
    assert caught.value.hint is not None
    assert "no groundswell store" in caught.value.hint


@pytest.mark.parametrize("url", ["nonsense", "oracle9://host/db", "sqlite+nodriver:///x"])
def test_a_url_that_leads_nowhere_is_refused_with_an_example(url: str) -> None:
    with pytest.raises(StoreFailed) as caught:
        RunStore.open(url)
    assert caught.value.hint is not None
    assert "sqlite:///" in caught.value.hint
