"""A run travels whole, and a file that is anything else is refused."""

from __future__ import annotations

import gzip
import sqlite3
from contextlib import closing
from dataclasses import replace
from datetime import timedelta
from typing import TYPE_CHECKING

import pytest

from groundswell.errors import StoreFailed, UnknownRun
from groundswell_coordinator.store import carry, removal, run_file
from groundswell_coordinator.store.records import (
    AgentClock,
    Amendment,
    Contribution,
    StoredEvent,
    StoredHandover,
    StoredShare,
)
from groundswell_coordinator.store.run_store import RunStore
from tests.coordinator.store import version_1
from tests.coordinator.store.runs import CREATED, close, contributions, new_run

if TYPE_CHECKING:
    from collections.abc import Callable, Generator
    from pathlib import Path


def record(store: RunStore, run_id: str = "run-1", seconds: int = 30) -> None:
    """A closed run that has something of everything."""
    environment = {"python": "3.11.7", "cpus": 2}
    store.create_run(replace(new_run(run_id), is_local=False, environment=environment))
    store.save_shares(run_id, (StoredShare("zoe", "z-1", 1), StoredShare("amy", "a-1", 3)))
    store.save_handover(run_id, StoredHandover(1, "zoe", 2**40, (("amy", 3),), {"browse": 7}))
    store.save_start(run_id, CREATED + timedelta(seconds=2), (AgentClock("amy", "a-1", -5, 2),))
    store.save_skews(run_id, {"a-1": 400_000})
    store.save_event(run_id, StoredEvent(CREATED, "lost", "zoe is lost", "zoe", {"at_s": 1.5}))
    store.save_event(run_id, StoredEvent(CREATED, "note", "a note"))
    for interval in range(seconds):
        parts = [*contributions("a"), Contribution("b", b"accounts", b"report %d" % interval)]
        store.save_interval(run_id, interval, b"merged %d" % interval, parts)
    store.save_amendments(run_id, 3, [Amendment("late", b"accounts", b"report")])
    close(store, run_id, summary_json='{"version": 1}')


@pytest.fixture
def file(tmp_path: Path) -> Path:
    return tmp_path / "run.groundswell"


@pytest.fixture
def other(tmp_path: Path) -> Generator[RunStore]:
    """A store that had nothing to do with the run."""
    with RunStore.open(f"sqlite:///{tmp_path / 'other.db'}") as store:
        yield store


def test_a_run_arrives_as_it_was(store: RunStore, other: RunStore, file: Path) -> None:
    record(store)
    store.export_run("run", file)
    assert other.import_run(file) == "run-1"
    assert other.get_run("run-1") == store.get_run("run-1")
    assert list(other.intervals("run-1")) == list(store.intervals("run-1"))


def test_a_run_comes_back_to_where_it_was_deleted(store: RunStore, file: Path) -> None:
    record(store)
    before = (store.get_run("run-1"), list(store.intervals("run-1")))
    store.export_run("run-1", file)
    store.delete_run("run-1")
    store.import_run(file)
    assert (store.get_run("run-1"), list(store.intervals("run-1"))) == before


def test_a_run_that_never_started_travels_too(store: RunStore, other: RunStore, file: Path) -> None:
    store.create_run(new_run())
    close(store, summary_json=None)
    store.export_run("run-1", file)
    other.import_run(file)
    assert other.get_run("run-1") == store.get_run("run-1")
    assert list(other.intervals("run-1")) == []


def test_a_file_may_lie_anywhere(store: RunStore, other: RunStore, tmp_path: Path) -> None:
    folder = tmp_path / "a ?b=c%20d#e"
    folder.mkdir()
    record(store)
    for _ in range(2):
        store.export_run("run-1", folder / "run")
    assert [path.name for path in folder.iterdir()] == ["run"]
    assert other.import_run(folder / "run") == "run-1"


def test_the_same_run_may_be_imported_again(store: RunStore, file: Path) -> None:
    record(store)
    store.export_run("run-1", file)
    for _ in range(2):
        assert store.import_run(file) == "run-1"
    assert len(store.list_runs()) == 1


@pytest.mark.parametrize("seconds", [29, 31])
def test_another_run_of_the_same_id_is_refused(
    store: RunStore, other: RunStore, file: Path, seconds: int
) -> None:
    record(store)
    record(other, seconds=seconds)
    other.export_run("run-1", file)
    with pytest.raises(StoreFailed, match="there is another run run-1") as caught:
        store.import_run(file)
    assert caught.value.hint is not None
    assert len(list(store.intervals("run-1"))) == 30


def test_only_the_run_travels(store: RunStore, other: RunStore, file: Path) -> None:
    record(store)
    record(store, "run-2")
    store.set_baseline("main", "run-1")
    store.own("an owner")
    store.export_run("run-1", file)
    other.import_run(file)
    assert [line.run_id for line in other.list_runs()] == ["run-1"]
    assert other.baselines() == ()
    assert other.own("its first").generation == 1


def test_a_run_that_goes_on_is_not_exported(store: RunStore, file: Path) -> None:
    store.create_run(new_run())
    with pytest.raises(StoreFailed, match="has not ended"):
        store.export_run("run-1", file)
    with pytest.raises(UnknownRun):
        store.export_run("none", file)
    assert not file.exists()


def test_a_file_that_cannot_be_written_is_an_error_with_a_hint(
    store: RunStore, tmp_path: Path
) -> None:
    record(store)
    with pytest.raises(StoreFailed, match="No such file") as caught:
        store.export_run("run-1", tmp_path / "missing" / "run")
    assert caught.value.hint is not None


def test_a_full_disk_leaves_no_half_file(store: RunStore, small_disk: Path) -> None:
    record(store)
    with (small_disk / "ballast").open("wb") as ballast:
        ballast.write(bytes(400_000))
    with pytest.raises(StoreFailed, match=r"full|No space"):
        store.export_run("run-1", small_disk / "run")
    assert [path.name for path in small_disk.iterdir()] == ["ballast"]


def test_any_tool_that_reads_sqlite_reads_it(store: RunStore, file: Path, tmp_path: Path) -> None:
    record(store)
    store.export_run("run-1", file)
    plain = tmp_path / "plain.db"
    plain.write_bytes(gzip.decompress(file.read_bytes()))
    with closing(sqlite3.connect(f"file:{plain}?mode=ro", uri=True)) as connection:
        assert connection.execute("SELECT run_id, verdict FROM runs").fetchall() == [
            ("run-1", "PASS")
        ]


def test_an_older_file_is_brought_up_to_date(store: RunStore, tmp_path: Path, file: Path) -> None:
    version_1.make(f"sqlite:///{tmp_path / 'old.db'}")
    file.write_bytes(gzip.compress((tmp_path / "old.db").read_bytes()))
    assert store.import_run(file) == "run-1"
    assert [stored.merged for stored in store.intervals("run-1")] == [b"0", b"1", b"2"]


def test_an_import_that_breaks_off_shows_nothing_and_can_be_tried_again(
    store: RunStore, file: Path, monkeypatch: pytest.MonkeyPatch, other: RunStore
) -> None:
    record(other)
    other.export_run("run-1", file)

    def fail(*_: object) -> None:
        raise KeyboardInterrupt

    with monkeypatch.context() as broken:
        broken.setattr(carry, "_show", fail)
        broken.setattr(removal, "sweep", fail)
        with pytest.raises(KeyboardInterrupt):
            store.import_run(file)
    assert store.list_runs() == ()
    store.import_run(file)
    assert list(store.intervals("run-1")) == list(other.intervals("run-1"))


# --- files that others have made --------------------------------------------------------------


@pytest.fixture
def exported(other: RunStore, file: Path) -> bytes:
    """The bytes of a good file, of a run that the store has no more."""
    record(other, seconds=5)
    other.export_run("run-1", file)
    other.delete_run("run-1")
    return file.read_bytes()


def refused(store: RunStore, file: Path, content: bytes) -> str:
    """The message; nothing of the file is in the store."""
    file.write_bytes(content)
    with pytest.raises(StoreFailed) as caught:
        store.import_run(file)
    assert caught.value.hint is not None
    assert store.list_runs() == ()
    assert str(file) in caught.value.message
    return caught.value.message


@pytest.fixture
def refused_when(
    other: RunStore, file: Path, exported: bytes, tmp_path: Path
) -> Callable[..., str]:
    """The message of a file in which somebody has done something by SQL."""

    def change(*statements: str) -> str:
        plain = tmp_path / "changed.db"
        plain.write_bytes(gzip.decompress(exported))
        with closing(sqlite3.connect(plain)) as connection, connection:
            for statement in statements:
                connection.execute(statement)
        return refused(other, file, gzip.compress(plain.read_bytes()))

    return change


def test_what_is_no_gzip_is_refused(other: RunStore, file: Path, exported: bytes) -> None:
    assert "is no run" in refused(other, file, b"no gzip at all")
    assert "is no run" in refused(other, file, gzip.decompress(exported))
    assert "cannot be imported" in refused(other, file, gzip.compress(b"no database\n" * 500))
    assert "cannot be imported" in refused(other, file, gzip.compress(b""))


def test_a_file_that_is_not_there_is_refused(other: RunStore, tmp_path: Path) -> None:
    for path in (tmp_path / "missing", tmp_path):
        with pytest.raises(StoreFailed, match="cannot read"):
            other.import_run(path)


def test_a_file_that_was_cut_off_is_refused(other: RunStore, file: Path, exported: bytes) -> None:
    for size in (20, len(exported) // 2, len(exported) - 1):
        assert "not the whole of one" in refused(other, file, exported[:size])
    whole = gzip.decompress(exported)
    refused(other, file, gzip.compress(whole[: len(whole) // 2]))


def test_a_file_that_unpacks_to_too_much_is_refused_before_it_has(
    other: RunStore, file: Path, exported: bytes, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(run_file, "LARGEST_UNPACKED", 50_000_000)
    bomb = gzip.compress(bytes(10**8))
    assert "more than 50000000 bytes" in refused(other, file, bomb)
    file.write_bytes(exported)
    assert other.import_run(file) == "run-1"


def test_flipped_bytes_are_refused_or_change_nothing_else(
    other: RunStore, file: Path, exported: bytes
) -> None:
    whole = bytearray(gzip.decompress(exported))
    for place in range(0, len(whole), 1499):
        damaged = bytearray(whole)
        damaged[place] ^= 0xFF
        file.write_bytes(gzip.compress(damaged, 1))
        try:
            run_id = other.import_run(file)
        except StoreFailed:
            assert other.list_runs() == ()
        else:
            assert len(list(other.intervals(run_id))) == other.get_run(run_id).line.intervals
            other.delete_run(run_id)


@pytest.mark.parametrize(
    "statement",
    [
        "CREATE VIEW extra AS SELECT 1",
        "CREATE TABLE extra (x)",
        "CREATE VIRTUAL TABLE extra USING fts5(x)",
        "CREATE TRIGGER t AFTER INSERT ON runs BEGIN DELETE FROM runs; END",
        "CREATE INDEX computed ON runs (hex(source))",
        "CREATE INDEX partial ON runs (test) WHERE run_id > 'a'",
        "ALTER TABLE runs ADD COLUMN computed AS (hex(source))",
        "ALTER TABLE runs ADD COLUMN more TEXT",
        "ALTER TABLE runs DROP COLUMN environment",
        "DROP TABLE clocks",
        "DROP TABLE schema_version",
    ],
)
def test_a_schema_that_is_no_stores_is_refused(
    refused_when: Callable[..., str], statement: str
) -> None:
    assert "cannot be imported" in refused_when(statement)


def test_a_view_in_the_place_of_a_table_is_refused(refused_when: Callable[..., str]) -> None:
    assert "has a view" in refused_when(
        "DROP TABLE clocks",
        "CREATE VIEW clocks AS SELECT 'run-1' AS run_id",
    )


@pytest.mark.parametrize(
    "statement",
    [
        "UPDATE intervals SET merged = 1000000000000",
        "UPDATE intervals SET merged = 'text' WHERE interval = 3",
        "UPDATE intervals SET contained = x'c1'",
        "UPDATE intervals SET reports = x'93010203'",
        "UPDATE intervals SET interval = 'seven' WHERE interval = 3",
        "UPDATE runs SET source = zeroblob(300000000)",
        "UPDATE runs SET seed = 'many'",
        "UPDATE runs SET seed = x'31'",
        "UPDATE runs SET labels = '[1, 2]'",
        "UPDATE runs SET labels = '{'",
        """UPDATE runs SET labels = '{"branch": 7}'""",
        "UPDATE runs SET environment = 'null'",
        "UPDATE runs SET owner = '{}'",
        """UPDATE runs SET owner = '{"pid": "x", "host": "", "boot_id": "",
           "pid_namespace": "", "started": ""}'""",
        "UPDATE runs SET created_at = 9223372036854775807",
        "UPDATE runs SET test = CAST(x'ff' AS TEXT)",
        "UPDATE handovers SET heirs = '[[1]]'",
        'UPDATE handovers SET decided = \'{"browse": "x"}\'',
        "UPDATE events SET detail = '[]'",
        "UPDATE shares SET weight = 'heavy'",
        "UPDATE runs SET labels = '" + "[" * 100_000 + "]" * 100_000 + "'",
    ],
)
def test_values_that_no_store_has_are_refused(
    refused_when: Callable[..., str], statement: str
) -> None:
    assert "cannot be imported" in refused_when(statement)


def test_a_null_where_a_store_has_none_is_refused(refused_when: Callable[..., str]) -> None:
    assert "values of other types" in refused_when(
        "ALTER TABLE runs DROP COLUMN source", "ALTER TABLE runs ADD COLUMN source BLOB"
    )


def test_a_newer_file_is_refused(refused_when: Callable[..., str]) -> None:
    assert "schema version 99" in refused_when("UPDATE schema_version SET version = 99")


def test_a_file_with_another_number_of_runs_is_refused(refused_when: Callable[..., str]) -> None:
    assert "exactly one run" in refused_when("DELETE FROM runs")
    copy = "INSERT INTO runs SELECT 'run-2'" + "".join(
        f", {name}" for name in columns_of_runs() if name != "run_id"
    )
    assert "exactly one run" in refused_when(f"{copy} FROM runs")


def columns_of_runs() -> list[str]:
    from groundswell_coordinator.store.schema import runs

    return list(runs.columns.keys())


def test_a_run_that_has_not_ended_is_refused(refused_when: Callable[..., str]) -> None:
    assert "has not ended" in refused_when("UPDATE runs SET ended_at = NULL")


def test_a_hidden_run_is_refused(refused_when: Callable[..., str]) -> None:
    assert "cannot be imported" in refused_when("UPDATE runs SET hidden_since = 1")
