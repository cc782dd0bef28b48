"""Stores in files and databases of their own, and disks that can be full or read-only."""

from __future__ import annotations

import shutil
import subprocess
from typing import TYPE_CHECKING

import pytest

from groundswell_coordinator.store.run_store import RunStore
from tests.postgres_server import MISSING, PostgresServer, find_programs, running_postgres

if TYPE_CHECKING:
    from collections.abc import Callable, Generator
    from pathlib import Path


@pytest.fixture(scope="session")
def postgres() -> Generator[PostgresServer]:
    """One for the session; ask it for a database."""
    programs = find_programs()
    if programs is None:
        pytest.skip(MISSING)
    with running_postgres(programs) as server:
        yield server


@pytest.fixture
def sqlite_url(tmp_path: Path) -> str:
    return f"sqlite:///{tmp_path / 'groundswell.db'}"


@pytest.fixture
def postgres_database(postgres: PostgresServer) -> Generator[str]:
    """The name of an empty one."""
    name = postgres.create_database()
    yield name
    postgres.drop_database(name)


@pytest.fixture
def postgres_url(postgres: PostgresServer, postgres_database: str) -> str:
    return postgres.url(postgres_database)


@pytest.fixture(params=["sqlite", "postgres"])
def url(request: pytest.FixtureRequest) -> str:
    """An empty database of each kind: what a test says of a store holds for both."""
    url: str = request.getfixturevalue(f"{request.param}_url")
    return url


@pytest.fixture
def store(url: str) -> Generator[RunStore]:
    with RunStore.open(url) as store:
        yield store


@pytest.fixture
def small_disk(tmp_path: Path) -> Generator[Path]:
    """A disk of 512 KiB, where the machine lets this process mount one."""
    folder = tmp_path / "disk"
    folder.mkdir()
    if shutil.which("mount") is None or not _mount("-t", "tmpfs", "-o", "size=512k", folder):
        pytest.skip("mounting a tmpfs needs root")
    try:
        yield folder
    finally:
        subprocess.run(["umount", "--lazy", str(folder)], check=True)


@pytest.fixture
def make_read_only(small_disk: Path) -> Callable[[], None]:
    def remount() -> None:
        assert _mount("-o", "remount,ro", small_disk)

    return remount


def _mount(*arguments: str | Path) -> bool:
    source = ["tmpfs"] if "-t" in arguments else []
    *options, folder = map(str, arguments)
    done = subprocess.run(
        ["mount", *options, *source, folder], check=False, capture_output=True, text=True
    )
    return done.returncode == 0
