"""Agents as processes of this machine: none is left behind, whenever their client is interrupted."""

from __future__ import annotations

import signal
import subprocess
import sys
from typing import TYPE_CHECKING

import pytest

from groundswell_coordinator.launch import local

if TYPE_CHECKING:
    from collections.abc import Sequence


def test_an_interruption_while_they_are_started_leaves_none(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    started: list[subprocess.Popen[bytes]] = []

    def spawn(name: str, allowed: Sequence[str]) -> subprocess.Popen[bytes]:
        """Interrupted when the process is there, and nobody knows of it yet."""
        waiting = [sys.executable, "-c", "import sys; sys.stdin.read()"]
        started.append(subprocess.Popen(waiting, stdin=subprocess.PIPE))
        signal.raise_signal(signal.SIGINT)
        return started[-1]

    monkeypatch.setattr(local, "_spawn", spawn)
    before = signal.getsignal(signal.SIGINT)
    with pytest.raises(KeyboardInterrupt), local.LocalAgents(2):
        pytest.fail("the block is not come to")
    assert len(started) == 2
    assert all(process.returncode is not None for process in started)
    assert signal.getsignal(signal.SIGINT) is before
