"""How many cores this process may really use: what the scheduler lets it run on, and what its cgroups pay for.

A container with a quota of two cores on a machine of 64 sees 64; that many agents in it would stand
still for most of every tenth of a second. So the smaller number counts.
"""

from __future__ import annotations

import os
from typing import TYPE_CHECKING

from groundswell.cpu_groups import ROOT, cpu_quota

if TYPE_CHECKING:
    from pathlib import Path


def usable_cores(root: Path = ROOT) -> int:
    """Whole cores, at least 1: a part of one would be throttled. `root` holds `proc` and the cgroup mounts."""
    quota = cpu_quota(root)
    return max(1, affinity() if quota is None else int(min(affinity(), quota)))


def affinity() -> int:
    """Cores that the scheduler may run this process on."""
    # Not on every platform; elsewhere there are no cgroups either.
    if hasattr(os, "sched_getaffinity"):
        return len(os.sched_getaffinity(0))
    return os.cpu_count() or 1
