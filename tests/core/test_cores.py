from __future__ import annotations

import os
import subprocess
import sys
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from groundswell.cores import usable_cores

if TYPE_CHECKING:
    from collections.abc import Callable, Generator

_HERE = len(os.sched_getaffinity(0))
_V1 = Path("/sys/fs/cgroup/cpu")

_V2_MOUNT = "31 23 0:28 / /sys/fs/cgroup rw,nosuid shared:9 - cgroup2 cgroup2 rw,nsdelegate"
_V1_MOUNT = "32 31 0:29 / /sys/fs/cgroup/cpu rw - cgroup cgroup rw,cpu,cpuacct"


def _cores(*numbers: int) -> Callable[[int], set[int]]:
    def affinity(pid: int) -> set[int]:
        assert pid == 0
        return set(numbers)

    return affinity


class Tree:
    """A made-up `proc` and `sys`, as the kernel lays them out."""

    def __init__(self, root: Path) -> None:
        self.root = root

    def process(self, groups: str, *mounts: str) -> None:
        self._write("proc/self/cgroup", groups)
        self._write("proc/self/mountinfo", "\n".join(mounts))

    def v2(self, group: str, text: str) -> None:
        self._write(f"sys/fs/cgroup/{group}/cpu.max", text)

    def v1(self, group: str, quota: int, period: int = 100_000) -> None:
        self._write(f"sys/fs/cgroup/cpu/{group}/cpu.cfs_quota_us", str(quota))
        self._write(f"sys/fs/cgroup/cpu/{group}/cpu.cfs_period_us", str(period))

    @property
    def cores(self) -> int:
        return usable_cores(self.root)

    def _write(self, path: str, text: str) -> None:
        file = self.root / path
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text(f"{text}\n")


@pytest.fixture
def tree(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Tree:
    """On a machine that would give us 64 cores."""
    monkeypatch.setattr(os, "sched_getaffinity", _cores(*range(64)))
    return Tree(tmp_path)


def test_without_cgroups_it_is_the_affinity(tree: Tree) -> None:
    assert tree.cores == 64


@pytest.mark.parametrize(
    ("text", "cores"),
    [
        ("max 100000", 64),
        ("400000 100000", 4),
        ("399999 100000", 3),
        ("50000 100000", 1),
        ("100000 50000", 2),
        ("6400000 50000", 64),
        ("100000 0", 64),
        ("", 64),
        ("garbage", 64),
    ],
)
def test_a_quota_of_version_2_counts_whole_cores(tree: Tree, text: str, cores: int) -> None:
    tree.process("0::/app", _V2_MOUNT)
    tree.v2("app", text)

    assert tree.cores == cores


@pytest.mark.parametrize(("quota", "cores"), [(-1, 64), (250_000, 2), (10_000, 1)])
def test_so_does_one_of_version_1(tree: Tree, quota: int, cores: int) -> None:
    tree.process("4:memory:/app\n3:cpu,cpuacct:/app", _V1_MOUNT)
    tree.v1("app", quota)

    assert tree.cores == cores


def test_a_group_above_binds_too(tree: Tree) -> None:
    tree.process("0::/pod/app/worker", _V2_MOUNT)
    tree.v2("pod", "300000 100000")
    tree.v2("pod/app", "500000 100000")
    tree.v2("pod/app/worker", "max 100000")

    assert tree.cores == 3


def test_a_group_beside_does_not(tree: Tree) -> None:
    tree.process("0::/pod/app", _V2_MOUNT)
    tree.v2("pod/other", "100000 100000")

    assert tree.cores == 64


def test_of_both_versions_the_smaller_counts(tree: Tree) -> None:
    tree.process("1:cpu:/app\n0::/app", _V1_MOUNT, _V2_MOUNT)
    tree.v1("app", 300_000)
    tree.v2("app", "500000 100000")

    assert tree.cores == 3


def test_a_container_finds_its_own_group_at_the_mount_point(tree: Tree) -> None:
    """Without a cgroup namespace, /proc names the group as the host sees it."""
    mount = "31 23 0:28 /docker/abc /sys/fs/cgroup rw - cgroup2 cgroup2 rw"
    tree.process("0::/docker/abc/worker", mount)
    tree.v2("", "600000 100000")
    tree.v2("worker", "200000 100000")

    assert tree.cores == 2


@pytest.mark.parametrize("group", ["/elsewhere/abc", "/../../other", "/docker/abcd"])
def test_a_group_that_is_not_mounted_is_the_mount_point(tree: Tree, group: str) -> None:
    mount = "31 23 0:28 /docker/abc /sys/fs/cgroup rw - cgroup2 cgroup2 rw"
    tree.process(f"0::{group}", mount)
    tree.v2("", "200000 100000")

    assert tree.cores == 2


def test_a_space_in_a_path_is_one(tree: Tree) -> None:
    tree.process("0::/my app", r"31 23 0:28 / /sys/fs/cgroup\040v2 rw - cgroup2 cgroup2 rw")
    tree.v2("../cgroup v2/my app", "200000 100000")

    assert tree.cores == 2


def test_the_affinity_counts_where_it_is_smaller(
    tree: Tree, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(os, "sched_getaffinity", _cores(5, 7))
    tree.process("0::/app", _V2_MOUNT)
    tree.v2("app", "400000 100000")

    assert tree.cores == 2


def test_on_this_machine_it_is_at_least_one_and_at_most_the_affinity() -> None:
    assert 1 <= usable_cores() <= _HERE


@contextmanager
def _group(quota_us: int) -> Generator[Path]:
    """A real group of version 1 with a quota, for processes that this test starts."""
    folder = _V1 / f"groundswell-test-{os.getpid()}"
    try:
        folder.mkdir()
        (folder / "cpu.cfs_quota_us").write_text(str(quota_us))
    except OSError as error:
        pytest.skip(f"no cgroup of version 1 can be made: {error}")
    try:
        yield folder
    finally:
        folder.rmdir()


@pytest.mark.parametrize(("quota_us", "cores"), [(100_000, 1), (-1, _HERE)])
def test_a_real_quota_is_found(quota_us: int, cores: int) -> None:
    program = (
        "import os, sys\n"
        "from groundswell.cores import usable_cores\n"
        "open(sys.argv[1], 'w').write(str(os.getpid()))\n"
        "print(usable_cores())\n"
    )
    with _group(quota_us) as folder:
        command = [sys.executable, "-c", program, str(folder / "cgroup.procs")]
        done = subprocess.run(command, capture_output=True, text=True, check=True)

    assert int(done.stdout) == cores
