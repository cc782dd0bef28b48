"""The cgroups that may limit this process's CPU, of either version: its own and all above it.

A quota of a group binds all groups below it, so all of them are asked, up to the mount point:

                      version 2                         version 1
    quota             cpu.max: quota period, or "max"   cpu.cfs_quota_us, -1 for none; cpu.cfs_period_us
    how long it       cpu.stat: throttled_usec          cpu.stat: throttled_time, in nanoseconds
    stood still
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from pathlib import Path, PurePosixPath
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterator

ROOT = Path("/")


@dataclass(frozen=True, slots=True)
class CpuGroup:
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

    def throttled(self) -> float | None:
        """Seconds, since the group was made, that its processes were kept from running although they
        would have; the sum over all cores. None of a group that cannot be throttled, as a root.
        """
        for line in _read(self.folder / "cpu.stat").splitlines():
            name, _, value = line.partition(" ")
            if name in _THROTTLED and value.isdecimal():
                return int(value) / _THROTTLED[name]
        return None


# What the kernel counts it in, per second.
_THROTTLED = {"throttled_usec": 1e6, "throttled_time": 1e9}


@dataclass(frozen=True, slots=True)
class _Mount:
    """`of` is the group that shows at `point`: in a container often not the topmost one."""

    of: PurePosixPath
    point: PurePosixPath


def cpu_groups(root: Path = ROOT) -> Iterator[CpuGroup]:
    """In every hierarchy that may limit CPU. `root` holds `proc` and the cgroup mounts."""
    mounts = _mounts(root)
    for line in _read(root / "proc/self/cgroup").splitlines():
        _, controllers, path = line.split(":", 2)
        mount = mounts.get("cpu" if "cpu" in controllers.split(",") else controllers)
        if mount is not None:
            yield from _upwards(root, mount, PurePosixPath(path))


def cpu_quota(root: Path = ROOT) -> float | None:
    """The cores that the tightest of the groups pays for; None where nothing limits it."""
    quotas = (group.quota() for group in cpu_groups(root))
    return min((quota for quota in quotas if quota is not None), default=None)


def _upwards(root: Path, mount: _Mount, path: PurePosixPath) -> Iterator[CpuGroup]:
    below = PurePosixPath()
    # A group outside of what is mounted, as one sees from within a container, shows at the mount point itself.
    if path.is_relative_to(mount.of) and ".." not in path.parts:
        below = path.relative_to(mount.of)
    point = root / mount.point.relative_to("/")
    for part in (below, *below.parents):
        yield CpuGroup(point / part)


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
