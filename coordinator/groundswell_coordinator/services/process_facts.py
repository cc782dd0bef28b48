"""This process as Prometheus' client libraries describe one, from /proc; elsewhere less of it."""

from __future__ import annotations

import os
import platform
import resource
import time
from pathlib import Path
from typing import TYPE_CHECKING

from groundswell import __version__
from groundswell_coordinator.services.exposition import (
    Family,
    Kind,
    Sample,
    counter,
    gauge,
)

if TYPE_CHECKING:
    from collections.abc import Iterator

_SELF = Path("/proc/self")
# As near to the process's own start as a module can say.
_STARTED_AT = time.time()


def process_facts() -> Iterator[Family]:
    """CPU, memory, file descriptors, age, and what is running."""
    yield counter(
        "process_cpu_seconds_total", "User and system CPU time spent.", time.process_time()
    )
    yield gauge("process_start_time_seconds", "Start, in seconds since 1970.", _STARTED_AT)
    yield gauge("process_max_fds", "Most file descriptors that may be open.", _most_descriptors())
    if (pages := _resident_pages()) is not None:
        size = pages * os.sysconf("SC_PAGE_SIZE")
        yield gauge("process_resident_memory_bytes", "Resident memory.", size)
    if (open_fds := _open_descriptors()) is not None:
        yield gauge("process_open_fds", "File descriptors that are open.", open_fds)
    labels = {"version": __version__, "python": platform.python_version()}
    yield Family(
        "groundswell_build_info", Kind.GAUGE, "What is running; always 1.", (Sample(1, labels),)
    )


def _most_descriptors() -> float:
    soft, _ = resource.getrlimit(resource.RLIMIT_NOFILE)
    return float("inf") if soft == resource.RLIM_INFINITY else soft


def _resident_pages() -> int | None:
    try:
        return int((_SELF / "statm").read_text().split()[1])
    except OSError:
        return None


def _open_descriptors() -> int | None:
    try:
        # The one that reads the folder is in it.
        return len(os.listdir(_SELF / "fd")) - 1
    except OSError:
        return None
