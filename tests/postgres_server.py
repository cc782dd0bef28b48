"""Debian's PostgreSQL as our own foreground process, with an empty database for whoever asks."""

from __future__ import annotations

import os
import shutil
import signal
import subprocess
import tempfile
import time
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING
from urllib.parse import quote

from tests.free_port import free_port

if TYPE_CHECKING:
    from collections.abc import Generator

# With what a URL has to escape.
PASSWORD = "salt & pepper/100%@home"

MISSING = "PostgreSQL's server is not installed: apt-get install postgresql"

# Its server programs are not on anybody's PATH: several versions may be installed side by side.
_INITDB = "usr/lib/postgresql/*/bin/initdb"
# The server refuses to run as root; the package brings this user.
_UNPRIVILEGED = "postgres"
_STARTS_WITHIN_S = 30.0
_ENDS_WITHIN_S = 10.0

_SETTINGS = {
    # What is stored is gone with the test: nothing has to reach the disk.
    "fsync": "off",
    "full_page_writes": "off",
    "max_connections": "60",
    "shared_buffers": "32MB",
}


class PostgresServer:
    """Listens on loopback at `port`, and on a Unix socket in `folder`. `start` begins it."""

    def __init__(self, folder: Path, programs: Path) -> None:
        self.folder = folder
        self.port = free_port()
        self._programs = programs
        self._process: subprocess.Popen[bytes] | None = None
        self._databases = 0

    def url(self, database: str = "postgres", *, password: str = PASSWORD) -> str:
        return f"postgresql://postgres:{quote(password, safe='')}@127.0.0.1:{self.port}/{database}"

    def create_database(self, options: str = "") -> str:
        """The name of a new one, which is empty."""
        self._databases += 1
        name = f"store_{self._databases}"
        self.sql(f"CREATE DATABASE {name} {options}")
        return name

    def drop_database(self, name: str) -> None:
        self.sql(f"DROP DATABASE {name} WITH (FORCE)")

    def sql(self, statement: str, database: str = "postgres") -> str:
        """What psql prints of it: one line a row, columns divided by bars."""
        psql = [str(self._programs / "psql"), "-X", "-A", "-t", "-q", "-v", "ON_ERROR_STOP=1"]
        connection = {
            "PGHOST": str(self.folder),
            "PGPORT": str(self.port),
            "PGUSER": "postgres",
            "PGPASSWORD": PASSWORD,
            "PGDATABASE": database,
        }
        done = subprocess.run(
            [*psql, "-c", statement], env=connection, capture_output=True, text=True, check=False
        )
        if done.returncode:
            raise RuntimeError(f"{statement}: {done.stderr}")
        return done.stdout.strip()

    def make_files(self) -> None:
        """The data folder, with one superuser."""
        password = self.folder / "password"
        password.write_text(PASSWORD)
        self._run(
            "initdb",
            f"--pgdata={self.folder / 'data'}",
            "--username=postgres",
            f"--pwfile={password}",
            "--auth=scram-sha-256",
            "--encoding=UTF8",
            # People's databases seldom sort as bytes do.
            "--locale-provider=icu",
            "--icu-locale=en",
            "--no-sync",
        )

    def start(self) -> None:
        settings = {
            **_SETTINGS,
            "port": str(self.port),
            "listen_addresses": "127.0.0.1",
            "unix_socket_directories": str(self.folder),
        }
        options = [word for name, value in settings.items() for word in ("-c", f"{name}={value}")]
        with (self.folder / "log").open("ab") as log:
            self._process = subprocess.Popen(
                [self._programs / "postgres", "-D", self.folder / "data", *options],
                stdout=log,
                stderr=log,
                cwd=self.folder,
                user=_user(),
            )
        self._wait_until_it_answers(self._process)

    def stop(self) -> None:
        """As an operator's stop does: sessions are ended, nothing of what was committed is lost."""
        process = self._process
        if process is None:
            return
        self._process = None
        process.send_signal(signal.SIGINT)
        try:
            process.wait(_ENDS_WITHIN_S)
        except subprocess.TimeoutExpired:
            # Its children end by themselves when it is gone.
            process.kill()
            process.wait()

    def _run(self, program: str, *arguments: str) -> None:
        done = subprocess.run(
            [self._programs / program, *arguments],
            capture_output=True,
            text=True,
            check=False,
            cwd=self.folder,
            user=_user(),
        )
        if done.returncode:
            raise RuntimeError(f"{program} failed:\n{done.stdout}{done.stderr}")

    def _wait_until_it_answers(self, process: subprocess.Popen[bytes]) -> None:
        deadline = time.monotonic() + _STARTS_WITHIN_S
        while time.monotonic() < deadline and process.poll() is None:
            try:
                self.sql("SELECT 1")
            except RuntimeError:
                time.sleep(0.05)
            else:
                return
        raise RuntimeError(f"PostgreSQL did not start:\n{(self.folder / 'log').read_text()}")


def find_programs() -> Path | None:
    """The folder of the newest version's server programs."""
    found = sorted(Path("/").glob(_INITDB), key=lambda path: float(path.parts[-3]))
    return found[-1].parent if found else None


@contextmanager
def running_postgres(programs: Path) -> Generator[PostgresServer]:
    """A server with its files in a folder of its own, ended with the block."""
    with _unprivileged_folder() as folder:
        server = PostgresServer(folder, programs)
        server.make_files()
        try:
            server.start()
            yield server
        finally:
            server.stop()


@contextmanager
def _unprivileged_folder() -> Generator[Path]:
    """Not below pytest's, which only the user may enter who runs the tests."""
    folder = Path(tempfile.mkdtemp(prefix="groundswell-postgres-"))
    try:
        if (user := _user()) is not None:
            shutil.chown(folder, user)
        yield folder
    finally:
        shutil.rmtree(folder)


def _user() -> str | None:
    return _UNPRIVILEGED if os.geteuid() == 0 else None
