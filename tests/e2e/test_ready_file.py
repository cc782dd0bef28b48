"""`agent --ready-file`: there while the agent, or each of several, is attached."""

from __future__ import annotations

import os
from pathlib import Path
from signal import SIGKILL, SIGTERM
from typing import TYPE_CHECKING

import pytest

from tests.e2e.commands import HERE
from tests.e2e.processes import eventually
from tests.e2e.service import serving
from tests.free_port import free_port

if TYPE_CHECKING:
    from tests.e2e.commands import Groundswell

_WITHIN_S = 30.0


@pytest.mark.parametrize("workers", ["1", "2"])
def test_it_comes_and_goes_with_the_coordinator(groundswell: Groundswell, workers: str) -> None:
    there = f"127.0.0.1:{free_port()}"
    words = ("--coordinator", there, "--workers", workers, "--ready-file", f"{HERE}/ready")
    with groundswell.starting("agent", *words) as agent:
        file = agent.folder / "ready"
        eventually(lambda: f"no stream to {there}" in agent.stderr, _WITHIN_S, "an attempt")
        assert not file.exists()
        with serving(groundswell, listen=there) as service:
            service.wait_for_agents(int(workers))
            eventually(file.exists, _WITHIN_S, "the file")
            service.running.signal(SIGKILL)
            eventually(lambda: not file.exists(), _WITHIN_S, "no file")
        with serving(groundswell, listen=there):
            eventually(file.exists, _WITHIN_S, "the file again")
            agent.signal(SIGTERM)
            done = agent.end()
    assert done.exit_code == 0, done
    assert list(agent.folder.glob("ready*")) == []


def test_one_of_several_that_is_killed_takes_it_away(groundswell: Groundswell) -> None:
    with serving(groundswell) as service:
        words = ("--coordinator", service.address, "--workers", "2", "--ready-file", f"{HERE}/up")
        with groundswell.starting("agent", *words) as agents:
            file = agents.folder / "up"
            eventually(file.exists, _WITHIN_S, "the file")
            before = file.stat().st_ino, file.stat().st_ctime_ns
            _kill_one(agents.process.pid)
            eventually(lambda: "again in" in agents.stderr, _WITHIN_S, "a word of it")
            eventually(file.exists, _WITHIN_S, "the file again")
            after = file.stat().st_ino, file.stat().st_ctime_ns
    assert before != after


@pytest.mark.parametrize("workers", ["1", "2"])
def test_a_file_that_cannot_be_made_is_said_at_once(groundswell: Groundswell, workers: str) -> None:
    words = ("--coordinator", "127.0.0.1:9", "--workers", workers, "--ready-file", "/proc/ready")
    done = groundswell("agent", *words)
    assert done.exit_code == 104, done
    assert "error: --ready-file /proc/ready: No such file or directory" in done.stderr


def _kill_one(parent: int) -> None:
    children = Path(f"/proc/{parent}/task/{parent}/children").read_text().split()
    os.kill(int(children[0]), SIGKILL)
