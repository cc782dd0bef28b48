"""The load generators that are measured, each as a process on the load's core while it loads."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
import time
from contextlib import contextmanager
from typing import TYPE_CHECKING, Protocol

from benchmarks.cpu import children
from benchmarks.target import LOAD_CORE, TARGET_CORE

if TYPE_CHECKING:
    from collections.abc import Generator, Sequence
    from contextlib import AbstractContextManager
    from pathlib import Path

    from benchmarks.case import Case
    from benchmarks.target import Target

_STARTS_WITHIN_S = 30
_LOCUSTFILE = """\
from locust import FastHttpUser, constant, task

class User(FastHttpUser):
    wait_time = constant(0)

    @task
    def get(self):
        self.client.get({path!r})
"""


class LoadGenerator(Protocol):
    """Loads the target for `seconds`, of which starting up takes some, and gives its process id."""

    def __call__(self, case: Case, target: Target, seconds: int) -> AbstractContextManager[int]: ...


@contextmanager
def wrk(case: Case, target: Target, seconds: int) -> Generator[int]:
    """One thread, `case.users` connections; in an open loop's case, too: it knows no other."""
    connections = 64 if case.rate else case.users
    url = target.url(case.scheme) + case.path
    command = ("wrk", "-t1", f"-c{connections}", f"-d{seconds}s", url)
    with _running(LOAD_CORE, command, {}) as process:
        yield process.pid


@contextmanager
def agent(case: Case, target: Target, seconds: int) -> Generator[int]:
    """One agent; its client and coordinator on the target's core, since they are not measured."""
    test = target.folder / "speed.yaml"
    test.write_text(
        f"test: speed\ntarget: {target.url(case.scheme)}\nscenarios:\n"
        f"  load: {{{case.load}, duration: {seconds}s, steps: [{case.steps}]}}\n"
    )
    with running_agent(test, target.folder, authority=target.authority) as process:
        yield agent_of(process)


@contextmanager
def locust(case: Case, target: Target, seconds: int) -> Generator[int]:
    """One process with FastHttpUser and no pauses."""
    found = locust_program()
    assert found is not None
    file = target.folder / "locustfile.py"
    file.write_text(_LOCUSTFILE.format(path=case.path))
    users = str(case.users)
    asked = ("--headless", "--only-summary", "-u", users, "-r", users, "-t", f"{seconds}s")
    command = (found, "-f", str(file), *asked, "-H", target.url(case.scheme))
    with _running(LOAD_CORE, command, {}) as process:
        yield process.pid


def locust_program() -> str | None:
    """The `locust` command, or what LOCUST names; it is in no lock of ours."""
    return os.environ.get("LOCUST") or shutil.which("locust")


@contextmanager
def running_agent(
    test: Path, folder: Path, *options: str, authority: Path | None = None
) -> Generator[subprocess.Popen[bytes]]:
    """`groundswell run` with one agent on the load's core, and a store of its own in `folder`."""
    command = (sys.executable, "-m", "groundswell", "run", str(test), "--agents", "1", "-q")
    environment = {"XDG_DATA_HOME": str(folder)}
    if authority is not None:
        environment["SSL_CERT_FILE"] = str(authority)
    with _running(TARGET_CORE, (*command, *options), environment) as client:
        os.sched_setaffinity(agent_of(client), {LOAD_CORE})
        yield client


def agent_of(client: subprocess.Popen[bytes]) -> int:
    """The process id of the one agent that a client has started, once it has."""
    begun = time.monotonic()
    while not (found := children(client.pid)):
        if client.poll() is not None or time.monotonic() - begun > _STARTS_WITHIN_S:
            raise RuntimeError(f"no agent was started: {client.returncode}")
        time.sleep(0.01)
    return found[0]


@contextmanager
def _running(
    core: int, command: Sequence[str], environment: dict[str, str]
) -> Generator[subprocess.Popen[bytes]]:
    """The command on one core; the block waits for its end, which is to be a good one."""
    process = subprocess.Popen(
        ["taskset", "-c", str(core), *command],
        env={**os.environ, **environment},
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
    )
    try:
        yield process
    except BaseException as error:
        process.terminate()
        error.add_note(process.communicate()[0].decode())
        raise
    # Read to its end: a full pipe would stop it.
    output, _ = process.communicate()
    if process.returncode != 0:
        raise RuntimeError(f"{command[0]} ended with {process.returncode}: {output.decode()}")
