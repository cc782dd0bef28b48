"""How many files, which sockets are too, this process has open and may still open."""

from __future__ import annotations

import os
import resource
from pathlib import Path

_FOLDER = Path("/proc/self/fd")


class OpenFiles:
    """`connections` is how many connections the agent has open: on kernels that do not say how many
    files are open without listing them (before 6.2), nothing else is expected to change.
    """

    def __init__(self, connections: int = 0, folder: Path = _FOLDER) -> None:
        self._folder = folder
        self._others = _listed(folder) - connections

    def left(self, connections: int) -> int | None:
        """None where nobody can tell, or nothing limits it."""
        soft, _ = resource.getrlimit(resource.RLIMIT_NOFILE)
        if self._others < 0 or soft == resource.RLIM_INFINITY:
            return None
        return max(0, soft - self.in_use(connections))

    def in_use(self, connections: int) -> int:
        try:
            counted = os.stat(self._folder).st_size
        except OSError:
            counted = 0
        return counted or self._others + connections


def _listed(folder: Path) -> int:
    try:
        # Without the one that the listing itself has open.
        return len(os.listdir(folder)) - 1
    except OSError:
        return -1
