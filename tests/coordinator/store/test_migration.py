from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from sqlalchemy import Connection, Engine, create_engine, inspect, text

from groundswell.errors import StoreFailed
from groundswell_coordinator.store import migration
from groundswell_coordinator.store.records import (
    AgentClock,
    Amendment,
    Contribution,
    Standing,
    StoredInterval,
    StoredShare,
)
from groundswell_coordinator.store.run_store import RunStore
from tests.coordinator.store import version_1
from tests.coordinator.store.runs import new_run

if TYPE_CHECKING:
    from collections.abc import Generator
    from pathlib import Path


@pytest.fixture
def engine(url: str) -> Generator[Engine]:
    """The way to the tables that goes past the store."""
    engine = create_engine(url.replace("postgresql:", "postgresql+psycopg:"))
    yield engine
    engine.dispose()


def version_in(engine: Engine) -> int:
    with engine.connect() as connection:
        version: int = connection.execute(text("SELECT version FROM schema_version")).scalar_one()
    return version


def make_store(url: str) -> None:
    with RunStore.open(url) as store:
        store.create_run(new_run())


def test_a_new_store_has_the_newest_version(url: str, engine: Engine) -> None:
    make_store(url)
    assert version_in(engine) == migration.newest_version() == 3


def test_a_store_of_a_newer_version_is_refused_and_left_alone(url: str, engine: Engine) -> None:
    make_store(url)
    with engine.begin() as connection:
        connection.execute(text("UPDATE schema_version SET version = 999"))
    with pytest.raises(StoreFailed) as caught:
        RunStore.open(url)
    assert "schema version 999" in caught.value.message
    assert caught.value.hint is not None
    assert "upgrade" in caught.value.hint
    assert version_in(engine) == 999


def test_a_store_of_version_1_keeps_all_it_has(url: str) -> None:
    version_1.make(url)
    with RunStore.open(url) as store:
        run = store.get_run("run-1")
        assert (run.source, run.seed) == (b"test: checkout", 2**64 - 1)
        assert run.shares == (StoredShare("zoe", "z-1", 1), StoredShare("amy", "a-1", 3))
        assert run.clocks == (AgentClock("amy", "a-1", -5, 2),)
        assert [event.message for event in run.events] == ["a note"]
        assert (run.line.verdict, run.line.standing) == ("PASS", Standing.CLOSED)
        assert run.line.is_local
        assert (run.on_agent_loss, run.agent_histograms) == ("reshare", False)
        assert (run.handovers, run.environment) == ((), {})
        assert list(store.intervals("run-1")) == [
            StoredInterval(0, b"0", (Contribution("a-1", b"1"), Contribution("z-1", b"0"))),
            StoredInterval(1, b"1", (Contribution("a-1", b"1"),), (Amendment("z-1", b"2", b"2"),)),
            StoredInterval(2, b"2"),
        ]


def test_a_store_of_version_1_can_be_owned_and_written(url: str) -> None:
    version_1.make(url)
    with RunStore.open(url) as store:
        assert store.own("the first owner").generation == 1
        store.create_run(new_run("run-2"))
        store.set_baseline("main", "run-1")
        assert [line.run_id for line in store.list_runs()] == ["run-1", "run-2"]


def test_a_baseline_of_version_2_keeps_its_run(
    url: str, engine: Engine, monkeypatch: pytest.MonkeyPatch
) -> None:
    version_1.make(url)
    with monkeypatch.context() as patch:
        patch.setattr(migration, "MIGRATIONS", migration.MIGRATIONS[:1])
        RunStore.open(url).close()
    with engine.begin() as connection:
        named = "INSERT INTO baselines (name, run_id, set_at) VALUES ('v1', 'run-1', 1000000)"
        connection.execute(text(named))
    with RunStore.open(url) as store:
        (kept,) = store.baselines()
        assert (kept.name, kept.run_id, kept.set_at.timestamp()) == ("v1", "run-1", 1.0)
        with pytest.raises(StoreFailed, match="baseline"):
            store.delete_run("run-1")


def test_a_migrated_store_has_the_tables_of_a_new_one(url: str, engine: Engine) -> None:
    version_1.make(url)
    with RunStore.open(url):
        migrated = shape_of(engine)
    drop_all(engine)
    with RunStore.open(url):
        assert shape_of(engine) == migrated


def shape_of(engine: Engine) -> dict[str, object]:
    """Columns with type and whether they may be null, keys and indexes, by table."""
    look = inspect(engine)
    return {
        name: (
            {column["name"]: (str(column["type"]), column["nullable"]) for column in columns},
            look.get_pk_constraint(name)["constrained_columns"],
            sorted(str(key["constrained_columns"]) for key in look.get_foreign_keys(name)),
            sorted(str(index["name"]) for index in look.get_indexes(name)),
        )
        for name in look.get_table_names()
        for columns in [look.get_columns(name)]
    }


def drop_all(engine: Engine) -> None:
    cascade = " CASCADE" if engine.dialect.name == "postgresql" else ""
    with engine.begin() as connection:
        for name in inspect(engine).get_table_names():
            connection.execute(text(f"DROP TABLE {name}{cascade}"))


def test_an_older_store_is_migrated_step_by_step(
    url: str, engine: Engine, monkeypatch: pytest.MonkeyPatch
) -> None:
    def add_column(connection: Connection) -> None:
        connection.execute(text("ALTER TABLE runs ADD COLUMN note TEXT"))

    def fill_column(connection: Connection) -> None:
        connection.execute(text("UPDATE runs SET note = 'migrated'"))

    make_store(url)
    steps = (*migration.MIGRATIONS, add_column, fill_column)
    monkeypatch.setattr(migration, "MIGRATIONS", steps)
    with RunStore.open(url) as store:
        assert store.get_run("run-1").line.test == "checkout"
    assert version_in(engine) == 5
    with engine.connect() as connection:
        assert connection.execute(text("SELECT note FROM runs")).scalars().all() == ["migrated"]


def test_a_migration_that_fails_changes_nothing(
    url: str, engine: Engine, monkeypatch: pytest.MonkeyPatch
) -> None:
    def add_column_twice(connection: Connection) -> None:
        for _ in range(2):
            connection.execute(text("ALTER TABLE runs ADD COLUMN note TEXT"))

    make_store(url)
    before = shape_of(engine)
    monkeypatch.setattr(migration, "MIGRATIONS", (*migration.MIGRATIONS, add_column_twice))
    with pytest.raises(StoreFailed, match=r"duplicate column|already exists"):
        RunStore.open(url)
    monkeypatch.undo()
    assert shape_of(engine) == before
    with RunStore.open(url) as store:
        assert store.get_run("run-1").line.test == "checkout"


def test_a_file_that_is_no_database_is_refused_with_a_hint(tmp_path: Path) -> None:
    path = tmp_path / "notes.txt"
    path.write_text("not a database, but long enough to be looked at\n" * 50)
    with pytest.raises(StoreFailed) as caught:
        RunStore.open(f"sqlite:///{path}")
    assert caught.value.hint is not None
    assert "no groundswell store" in caught.value.hint


@pytest.mark.parametrize(
    "url",
    [
        "nonsense",
        "oracle9://host/db",
        "sqlite+nodriver:///x",
        "mysql://host/db",
        "postgresql+asyncpg://host/db",
        "postgresql://user:hunter2@host:port/db",
        "sqlite://",
        "sqlite:///:memory:",
    ],
)
def test_a_url_that_leads_nowhere_is_refused_with_an_example(url: str) -> None:
    with pytest.raises(StoreFailed) as caught:
        RunStore.open(url)
    assert caught.value.hint is not None
    assert "sqlite:///" in caught.value.hint
    assert "hunter2" not in str(caught.value)
