"""A cgroup of version 1 with a quota, for an agent of a test's own: what a container with a CPU limit is."""

from __future__ import annotations

import os
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from tests.e2e.processes import eventually

if TYPE_CHECKING:
    from collections.abc import Generator

_CPU = Path("/sys/fs/cgroup/cpu")
_PERIOD_US = 100_000


@contextmanager
def cpu_limit(cores: float) -> Generator[Path]:
    """The group's folder; a process is moved into it by its id in `cgroup.procs`.

    Whoever is in it when the block ends has a moment to end, too. Skips where none can be made.
    """
    folder = _CPU / f"groundswell-e2e-{os.getpid()}"
    try:
        folder.mkdir()
    except OSError as error:
        pytest.skip(f"no cgroup of version 1 can be made: {error}")
    try:
        (folder / "cpu.cfs_period_us").write_text(str(_PERIOD_US))
        (folder / "cpu.cfs_quota_us").write_text(str(round(cores * _PERIOD_US)))
        yield folder
    finally:
        eventually(lambda: not (folder / "cgroup.procs").read_text(), 10.0, "the group is empty")
        folder.rmdir()
