"""A server that is not there, goes away, comes back, is full, or says nothing."""

from __future__ import annotations

import os
import shutil
import signal
import socket
import sqlite3
import subprocess
from contextlib import closing, contextmanager
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

import psycopg
import pytest

from groundswell.errors import StoreFailed
from groundswell_coordinator.store import postgresql
from groundswell_coordinator.store.run_store import RunStore
from tests.coordinator.store.runs import close, contributions, new_run
from tests.postgres_server import PASSWORD

if TYPE_CHECKING:
    from collections.abc import Generator

    from tests.postgres_server import PostgresServer


def failing(url: str) -> StoreFailed:
    with pytest.raises(StoreFailed) as caught:
        RunStore.open(url)
    assert caught.value.hint is not None
    return caught.value


def test_a_port_where_nobody_listens_is_an_error_with_a_hint() -> None:
    with socket.create_server(("127.0.0.1", 0)) as free:
        port = free.getsockname()[1]
    error = failing(f"postgresql://me:hunter2@127.0.0.1:{port}/db")
    assert "Connection refused" in error.message
    assert "is it running" in str(error.hint)
    assert f"postgresql://me@127.0.0.1:{port}/db" in error.message
    assert "hunter2" not in str(error)


def test_a_host_that_has_no_address_is_an_error_with_a_hint() -> None:
    assert "is it running" in str(failing("postgresql://me@no-such-host.invalid/db").hint)


def test_a_wrong_password_is_an_error_with_a_hint(postgres: PostgresServer) -> None:
    error = failing(postgres.url(password="hunter2"))
    assert "password authentication failed" in error.message
    assert "check the user and the password" in str(error.hint)
    assert "hunter2" not in str(error)


def test_a_database_that_is_not_there_is_an_error_with_a_hint(postgres: PostgresServer) -> None:
    assert "create the database first" in str(failing(postgres.url("nowhere")).hint)


def test_a_wrong_option_is_an_error_that_tells_no_password(postgres: PostgresServer) -> None:
    with pytest.raises(StoreFailed) as caught:
        RunStore.open(f"{postgres.url()}?password=hunter2&nonsense=1")
    assert "nonsense" in caught.value.message
    assert "hunter2" not in str(caught.value)
    assert PASSWORD not in str(caught.value)


def test_a_user_who_may_not_make_tables_is_told_so(
    postgres: PostgresServer, postgres_database: str
) -> None:
    postgres.sql("CREATE ROLE guest LOGIN PASSWORD 'guest'")
    try:
        url = f"postgresql://guest:guest@127.0.0.1:{postgres.port}/{postgres_database}"
        assert "let it own the database" in str(failing(url).hint)
    finally:
        postgres.sql("DROP ROLE guest")


@pytest.mark.parametrize("scheme", ["postgresql", "postgres", "postgresql+psycopg"])
def test_the_database_is_named_without_its_driver(scheme: str, postgres_url: str) -> None:
    with RunStore.open(postgres_url.replace("postgresql", scheme, 1)) as store:
        store.create_run(new_run())


def test_two_stores_share_a_database_by_schemas_and_have_an_owner_each(
    postgres: PostgresServer, postgres_database: str
) -> None:
    urls: list[str] = []
    for name in ("blue", "green"):
        postgres.sql(f"CREATE SCHEMA {name}", postgres_database)
        urls.append(f"{postgres.url(postgres_database)}?options=-csearch_path%3D{name}")
    with RunStore.open(urls[0]) as blue, RunStore.open(urls[1]) as green:
        assert blue.own("blue").store_id != green.own("green").store_id
        blue.create_run(new_run())
        assert green.list_runs() == ()


def test_a_server_that_comes_back_is_written_to_again(
    postgres: PostgresServer, postgres_url: str
) -> None:
    with RunStore.open(postgres_url) as store:
        before = store.own("one")
        store.create_run(new_run())
        postgres.stop()
        try:
            with pytest.raises(StoreFailed):
                store.save_interval("run-1", 0, b"", [])
            with pytest.raises(StoreFailed):
                store.get_run("run-1")
            with pytest.raises(StoreFailed):
                store.still_owned()
        finally:
            postgres.start()
        store.save_interval("run-1", 0, b"", [])
        close(store)
        assert store.get_run("run-1").line.verdict == "PASS"
        assert store.still_owned()
        assert store.own("one") == before


def test_sessions_that_the_server_ended_are_replaced_unheard(
    postgres: PostgresServer, postgres_database: str, postgres_url: str
) -> None:
    with RunStore.open(postgres_url) as store:
        store.create_run(new_run())
        ended = postgres.sql(
            "SELECT pg_terminate_backend(pid, 5000) FROM pg_stat_activity"
            f" WHERE datname = '{postgres_database}'"
        )
        assert ended == "t"
        store.save_interval("run-1", 0, b"", contributions("a"))
        assert len(list(store.intervals("run-1"))) == 1


def test_a_server_that_says_nothing_is_given_up(
    postgres: PostgresServer, postgres_url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(postgresql, "SILENCE_S", 0.3)
    # The least that libpq knows.
    with RunStore.open(f"{postgres_url}?connect_timeout=2") as store:
        store.create_run(new_run())
        with frozen(postgres):
            with pytest.raises(StoreFailed) as caught:
                store.save_interval("run-1", 0, b"", [])
            assert caught.value.hint is not None
        store.save_interval("run-1", 0, b"", [])
        assert [stored.interval for stored in store.intervals("run-1")] == [0]


@contextmanager
def frozen(server: PostgresServer) -> Generator[None]:
    """All of the server's processes hold still, as on a disk that does not answer."""
    parent = int((server.folder / "data" / "postmaster.pid").read_text().split()[0])
    children = (Path("/proc") / str(parent) / "task" / str(parent) / "children").read_text()
    pids = [parent, *map(int, children.split())]
    try:
        for pid in pids:
            os.kill(pid, signal.SIGSTOP)
        yield
    finally:
        for pid in pids:
            os.kill(pid, signal.SIGCONT)


def test_a_row_that_another_session_keeps_locked_is_waited_for_in_vain(
    postgres: PostgresServer, postgres_url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    shorter = postgresql.SESSION.replace(b"lock_timeout = '5s'", b"lock_timeout = '100ms'")
    assert shorter != postgresql.SESSION
    monkeypatch.setattr(postgresql, "SESSION", shorter)
    with RunStore.open(postgres_url) as store, psycopg.connect(postgres_url) as other:
        store.create_run(new_run())
        other.execute("SELECT * FROM runs FOR UPDATE")
        with pytest.raises(StoreFailed) as caught:
            store.save_interval("run-1", 0, b"", [])
    assert "another session has kept it locked" in str(caught.value.hint)


@pytest.mark.parametrize("change", ["exit_code = 1099511627776", "test = 'a' || char(0)"])
def test_a_file_with_values_that_only_sqlite_holds_is_refused(
    postgres_url: str, tmp_path: Path, change: str
) -> None:
    with RunStore.open(f"sqlite:///{tmp_path / 'groundswell.db'}") as store:
        store.create_run(new_run())
        close(store)
        with closing(sqlite3.connect(tmp_path / "groundswell.db")) as connection, connection:
            connection.execute(f"UPDATE runs SET {change}")
        store.export_run("run-1", tmp_path / "run")
    with RunStore.open(postgres_url) as store:
        with pytest.raises(StoreFailed):
            store.import_run(tmp_path / "run")
        assert store.list_runs() == ()


def test_a_database_that_knows_no_encoding_keeps_text_as_any_other(
    postgres: PostgresServer,
) -> None:
    name = postgres.create_database(
        "ENCODING SQL_ASCII LC_COLLATE 'C' LC_CTYPE 'C' LOCALE_PROVIDER libc TEMPLATE template0"
    )
    with RunStore.open(postgres.url(name)) as store:
        store.create_run(replace(new_run(), labels={"Größe": "≥ 1"}))
        (line,) = store.list_runs()
        assert line.labels == {"Größe": "≥ 1"}
    postgres.drop_database(name)


@pytest.fixture
def small_server_disk(postgres: PostgresServer) -> Generator[Path]:
    """A disk of 24 MiB that the server may write to, where this process can mount one."""
    folder = postgres.folder / "small"
    folder.mkdir()
    mount = ["mount", "-t", "tmpfs", "-o", "size=24m", "tmpfs", str(folder)]
    if shutil.which("mount") is None or subprocess.run(mount, check=False).returncode:
        folder.rmdir()
        pytest.skip("mounting a tmpfs needs root")
    try:
        shutil.chown(folder, "postgres")
        yield folder
    finally:
        subprocess.run(["umount", "--lazy", str(folder)], check=True)
        folder.rmdir()


@pytest.fixture
def small_url(postgres: PostgresServer, small_server_disk: Path) -> Generator[str]:
    postgres.sql(f"CREATE TABLESPACE small LOCATION '{small_server_disk}'")
    name = postgres.create_database("TABLESPACE small")
    yield postgres.url(name)
    postgres.drop_database(name)
    postgres.sql("DROP TABLESPACE small")


def test_a_full_server_is_an_error_with_a_hint_and_takes_nothing_back(small_url: str) -> None:
    with RunStore.open(small_url) as store:
        store.create_run(new_run())
        acknowledged: list[int] = []
        with pytest.raises(StoreFailed) as caught:
            save_until_it_fails(store, acknowledged, os.urandom(500_000))
        assert "the server's disk is full" in str(caught.value.hint)
        assert acknowledged
        assert [stored.interval for stored in store.intervals("run-1")] == acknowledged


def save_until_it_fails(store: RunStore, acknowledged: list[int], merged: bytes) -> None:
    for interval in range(1000):
        store.save_interval("run-1", interval, merged, [])
        acknowledged.append(interval)
