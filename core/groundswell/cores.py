"""How many cores this process may really use: what the scheduler lets it run on, and what its cgroup pays for.

A container with a quota of two cores on a machine of 64 sees 64; that many agents in it would stand
still for most of every tenth of a second. So the smaller number counts:

    CPU affinity                         sched_getaffinity
    cgroup v2    quota period            cpu.max, "max" where there is none
    cgroup v1    quota / period          cpu.cfs_quota_us and cpu.cfs_period_us, -1 where there is none

A quota of a group binds all groups below it, so all of them are asked, up to the mount point.
"""

from __future__ import annotations

import os
import re
from dataclasses import dataclass
from pathlib import Path, PurePosixPath
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterator

_ROOT = Path("/")


def usable_cores(root: Path = _ROOT) -> int:
    """Whole cores, at least 1: a part of one would be throttled. `root` holds `proc` and the cgroup mounts."""
    quotas = [quota for group in _groups(root) if (quota := group.quota()) is not None]
    return max(1, int(min([_affinity(), *quotas])))


def _affinity() -> int:
    # Not on every platform; elsewhere there are no cgroups either.
    if hasattr(os, "sched_getaffinity"):
        return len(os.sched_getaffinity(0))
    return os.cpu_count() or 1


@dataclass(frozen=True, slots=True)
class _Group:
    """One cgroup folder, of either version: the files of the other are not there."""

    folder: Path

    def quota(self) -> float | None:
        """Cores; None where nothing limits it."""
        words = _read(self.folder / "cpu.max").split() or [
            _read(self.folder / "cpu.cfs_quota_us").strip(),
            _read(self.folder / "cpu.cfs_period_us").strip(),
        ]
        if len(words) != 2 or not all(word.isdecimal() for word in words) or int(words[1]) == 0:
            return None
        return int(words[0]) / int(words[1])


@dataclass(frozen=True, slots=True)
class _Mount:
    """`of` is the group that shows at `point`: in a container often not the topmost one."""

    of: PurePosixPath
    point: PurePosixPath


def _groups(root: Path) -> Iterator[_Group]:
    """This process's group and all above it, in every hierarchy that may limit CPU."""
    mounts = _mounts(root)
    for line in _read(root / "proc/self/cgroup").splitlines():
        _, controllers, path = line.split(":", 2)
        mount = mounts.get("cpu" if "cpu" in controllers.split(",") else controllers)
        if mount is not None:
            yield from _upwards(root, mount, PurePosixPath(path))


def _upwards(root: Path, mount: _Mount, path: PurePosixPath) -> Iterator[_Group]:
    below = PurePosixPath()
    # A group outside of what is mounted, as one sees from within a container, shows at the mount point itself.
    if path.is_relative_to(mount.of) and ".." not in path.parts:
        below = path.relative_to(mount.of)
    point = root / mount.point.relative_to("/")
    for part in (below, *below.parents):
        yield _Group(point / part)


def _mounts(root: Path) -> dict[str, _Mount]:
    """By controller as /proc/self/cgroup calls it: `cpu` for version 1, nothing for version 2."""
    mounts: dict[str, _Mount] = {}
    for line in _read(root / "proc/self/mountinfo").splitlines():
        # As many optional fields as the kernel likes stand before the dash.
        before, _, after = line.partition(" - ")
        fields, (kind, _, options) = before.split(" "), after.split(" ", 2)
        mount = _Mount(PurePosixPath(_plain(fields[3])), PurePosixPath(_plain(fields[4])))
        if kind == "cgroup2":
            mounts[""] = mount
        elif kind == "cgroup" and "cpu" in options.split(","):
            mounts["cpu"] = mount
    return mounts


def _plain(text: str) -> str:
    r"""The kernel writes a space in a path as \040."""
    return re.sub(r"\\([0-7]{3})", lambda octal: chr(int(octal[1], 8)), text)


def _read(path: Path) -> str:
    """Nothing where there is no such file, or not for us: then it limits nobody."""
    try:
        return path.read_text()
    except OSError:
        return ""
