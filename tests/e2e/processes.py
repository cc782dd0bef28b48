"""The process table, asked directly: what runs, and with what it was started."""

from __future__ import annotations

import os
import re
import signal
import time
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable

_PROC = Path("/proc")


@dataclass(frozen=True, slots=True)
class Process:
    pid: int
    arguments: tuple[str, ...]

    @property
    def agent(self) -> str | None:
        """The name of an agent; None for any other process."""
        if "agent" not in self.arguments:
            return None
        named = re.search(r"\0--name\0([^\0]+)", "\0".join(self.arguments))
        return named[1] if named else None

    def kill(self) -> None:
        self._send(signal.SIGKILL)

    def freeze(self) -> None:
        self._send(signal.SIGSTOP)

    def thaw(self) -> None:
        self._send(signal.SIGCONT)

    def _send(self, number: signal.Signals) -> None:
        with suppress(ProcessLookupError):
            os.kill(self.pid, number)


def processes_with(variable: str, value: str) -> tuple[Process, ...]:
    """All living processes whose environment says so.

    Children inherit it, and keep it when their parent is gone: no orphan escapes.
    """
    entry = f"{variable}={value}".encode()
    found: list[Process] = []
    for folder in _PROC.iterdir():
        # A process may end at any moment; what has ended has no environment to read.
        with suppress(OSError):
            if folder.name.isdecimal() and entry in _words(folder / "environ"):
                arguments = tuple(os.fsdecode(word) for word in _words(folder / "cmdline"))
                found.append(Process(int(folder.name), arguments))
    return tuple(found)


def _words(path: Path) -> list[bytes]:
    return path.read_bytes().removesuffix(b"\0").split(b"\0")


def eventually(condition: Callable[[], object], within_s: float, what: str) -> float:
    """Wait for it; the seconds that took. The limit is for a busy machine, not for a good one."""
    begin = time.monotonic()
    while not condition():
        waited = time.monotonic() - begin
        assert waited < within_s, f"not within {within_s:g} s: {what}"
        time.sleep(0.02)
    return time.monotonic() - begin
