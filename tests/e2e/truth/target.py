"""The target that keeps the truth, as a process of its own; what can be done to it, and its log."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from tests.e2e.processes import eventually
from tests.e2e.truth.cores import pin, target_core
from tests.e2e.truth.server import COLUMNS, Behaviour

if TYPE_CHECKING:
    from collections.abc import Generator

    from numpy.typing import NDArray

_ROOT = Path(__file__).parents[3]


@dataclass(frozen=True, slots=True)
class Log:
    """Every request that was answered, in the order of `arrived`; moments are ns of CLOCK_MONOTONIC."""

    connection: NDArray[np.int64]
    tag: NDArray[np.int64]
    arrived: NDArray[np.int64]
    first: NDArray[np.int64]
    last: NDArray[np.int64]

    @classmethod
    def of(cls, path: Path) -> Log:
        rows = np.fromfile(path, np.int64).reshape(-1, len(COLUMNS))
        rows = rows[np.argsort(rows[:, COLUMNS.index("arrived")], kind="stable")]
        return cls(*rows.T)

    def __len__(self) -> int:
        return len(self.arrived)


@dataclass
class TruthfulTarget:
    process: subprocess.Popen[bytes]
    folder: Path

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{(self.folder / 'port').read_text()}"

    def wait_for_load(self, within_s: float = 30.0) -> None:
        eventually((self.folder / "loaded").exists, within_s, "a request at the target")

    def stall(self, seconds: float) -> tuple[int, int]:
        """As a long collection of garbage would; see `stall`."""
        return stall(self.process.pid, seconds)

    def log(self) -> Log:
        """Ends it."""
        self.process.terminate()
        assert self.process.wait(20) == 0, "the target failed: see its traceback above"
        return Log.of(self.folder / "log")


def stall(pid: int, seconds: float) -> tuple[int, int]:
    """Stop a process for so long; from when to when, in ns of CLOCK_MONOTONIC."""
    begin = time.monotonic_ns()
    os.kill(pid, signal.SIGSTOP)
    time.sleep(seconds)
    os.kill(pid, signal.SIGCONT)
    return begin, time.monotonic_ns()


@contextmanager
def truthful_target(folder: Path, behaviour: Behaviour | None = None) -> Generator[TruthfulTarget]:
    """On a core that no agent is on, where there is one."""
    folder.mkdir()
    order = ("-m", "tests.e2e.truth.server", folder, (behaviour or Behaviour()).to_json())
    process = subprocess.Popen([sys.executable, *order], cwd=_ROOT)
    try:
        pin(process.pid, target_core())
        eventually((folder / "port").exists, 20.0, "the target listens")
        yield TruthfulTarget(process, folder)
    finally:
        process.kill()
        process.wait()
