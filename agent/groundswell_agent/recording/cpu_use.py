"""How much of the CPU that it may use a process used, and for how long its cgroups stopped it."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING

from groundswell.cpu_groups import ROOT, cpu_groups, cpu_quota

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path


class CpuUse:
    """Between two calls of `take`. `root` holds `proc` and the cgroup mounts.

    An agent may use one core, which is all that one loop can, or less where its cgroups pay for
    less; its other threads may lift the share above 1.
    """

    def __init__(
        self, *, cpu_clock: Callable[[], float] = time.process_time, root: Path = ROOT
    ) -> None:
        self._cpu_clock = cpu_clock
        self._allowed = min(1.0, cpu_quota(root) or 1.0)
        # With what each has been stopped for until now, in seconds.
        self._groups = [
            (group, before)
            for group in cpu_groups(root)
            if (before := group.throttled()) is not None
        ]
        self._cpu_then = cpu_clock()

    def take(self, wall: float) -> tuple[float, float | None]:
        """Shares of the last `wall` seconds: used, and stopped; None where no cgroup can stop it."""
        now = self._cpu_clock()
        used, self._cpu_then = now - self._cpu_then, now
        return used / wall / self._allowed, self._stopped(wall)

    def _stopped(self, wall: float) -> float | None:
        """By the group that stopped it longest: a quota of any of them stops all below it."""
        longest = None
        for place, (group, before) in enumerate(self._groups):
            # A group that was removed under us stops nobody.
            now = group.throttled() or before
            self._groups[place] = (group, now)
            # The kernel adds up over cores, of which this process has one.
            longest = max(longest or 0.0, min((now - before) / wall, 1.0))
        return longest
