"""Which process owns a run, and whether that process is still there.

A process id alone comes back after a reboot or after enough other processes. The id with the
moment at which the kernel started it, the boot and the process id namespace names one process
only.
"""

from __future__ import annotations

import json
import os
import socket
from dataclasses import asdict, dataclass
from pathlib import Path

_PROC = Path("/proc")


@dataclass(frozen=True, slots=True)
class Owner:
    """`started` is in clock ticks since boot; texts are empty where the platform does not tell."""

    pid: int
    host: str
    boot_id: str
    pid_namespace: str
    started: str

    @classmethod
    def current(cls) -> Owner:
        return cls(
            pid=os.getpid(),
            host=socket.gethostname(),
            boot_id=_boot_id(),
            pid_namespace=_pid_namespace(),
            started=_process_started(os.getpid()) or "",
        )

    def is_gone(self) -> bool:
        """True only where it is certain: another host's or container's process cannot be seen."""
        if self.host != socket.gethostname():
            return False
        if self.boot_id != _boot_id():
            return True
        if self.pid_namespace != _pid_namespace():
            return False
        if not self.started:
            return not _answers(self.pid)
        return _process_started(self.pid) != self.started

    def to_text(self) -> str:
        return json.dumps(asdict(self))

    @classmethod
    def from_text(cls, text: str) -> Owner:
        return cls(**json.loads(text))


def _boot_id() -> str:
    try:
        return (_PROC / "sys/kernel/random/boot_id").read_text().strip()
    except OSError:
        return ""


def _pid_namespace() -> str:
    try:
        return str((_PROC / "self/ns/pid").readlink())
    except OSError:
        return ""


def _process_started(pid: int) -> str | None:
    """The start time of a living process. A zombie has ended, though its parent may not know."""
    try:
        stat = (_PROC / str(pid) / "stat").read_text()
    except OSError:
        return None
    # The name, in parentheses, may hold spaces and parentheses itself; what follows the last one
    # is regular.
    state, *rest = stat.rpartition(")")[2].split()
    return None if state in "ZXx" else rest[18]


def _answers(pid: int) -> bool:
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    except OSError:
        return True
    return True
