"""Podman, told what to do without systemd, in a virtual machine that may raise no limits."""

from __future__ import annotations

import json
import os
import resource
import shutil
import subprocess
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import pytest

if TYPE_CHECKING:
    from pathlib import Path

_TOOLS = ("podman", "runc", "debootstrap", "nsenter", "nft", "iptables", "tar")
_LONGEST_S = 120.0

# runc takes every layout of cgroups; without systemd nobody else than ourselves may make them. What podman asks for by
# itself may be more than this machine's hard limits.
_CONF = """\
[containers]
default_ulimits = ["nofile={files}:{files}", "nproc={processes}:{processes}"]
[engine]
runtime = "runc"
cgroup_manager = "cgroupfs"
events_logger = "file"
"""
_MOST_PROCESSES = 20_000


@dataclass(frozen=True)
class Podman:
    """Its words, and what it answers; whatever fails raises with what it said."""

    conf: Path

    @classmethod
    def here(cls, folder: Path) -> Podman:
        """Skips the test, loudly, where containers cannot be run."""
        missing = [tool for tool in _TOOLS if shutil.which(tool) is None]
        if os.geteuid() != 0:
            pytest.skip("not root: the image and its manifests are NOT tested as containers")
        if missing:
            tools = " ".join(missing)
            pytest.skip(f"no {tools}: the image and its manifests are NOT tested as containers")
        conf = folder / "containers.conf"
        files = resource.getrlimit(resource.RLIMIT_NOFILE)[1]
        conf.write_text(_CONF.format(files=files, processes=_MOST_PROCESSES))
        return cls(conf)

    def __call__(self, *words: str | Path, within_s: float = _LONGEST_S) -> str:
        """What it writes to standard output."""
        done = self.attempt(*words, within_s=within_s)
        if done.returncode != 0:
            raise RuntimeError(f"podman {' '.join(map(str, words))}: {done.stdout}{done.stderr}")
        return done.stdout.strip()

    def attempt(
        self, *words: str | Path, within_s: float = _LONGEST_S
    ) -> subprocess.CompletedProcess[str]:
        """The same, where failing is an answer, too."""
        return subprocess.run(
            ["podman", *map(str, words)],
            env=os.environ | {"CONTAINERS_CONF": str(self.conf)},
            capture_output=True,
            text=True,
            check=False,
            timeout=within_s,
        )

    def logs(self, container: str) -> str:
        """All that it has written, on both ways."""
        done = self.attempt("logs", container)
        return done.stdout + done.stderr

    def inspect(self, name: str, kind: str = "container") -> dict[str, Any]:
        found: list[dict[str, Any]] = json.loads(self(kind, "inspect", name))
        return found[0]
