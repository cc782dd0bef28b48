"""Agents as processes of this machine: how a run without a pool gets its agents.

Each agent has a process session of its own, so that Ctrl-C in the terminal reaches the client alone and the load is
stopped in order; and its standard input is a pipe from the client, so that no agent outlives a client that is killed.
"""

from __future__ import annotations

import asyncio
import contextlib
import os
import signal
import sys
from typing import TYPE_CHECKING

from groundswell.errors import NotEnoughAgents

if TYPE_CHECKING:
    from asyncio.subprocess import Process

_LEAVE_S = 3.0


def default_agents() -> int:
    """One agent a core that this process may run on."""
    return max(1, len(os.sched_getaffinity(0)))


class LocalAgents:
    """A set of agent processes of one run."""

    def __init__(self) -> None:
        self._processes: list[Process] = []

    async def start(self, count: int, coordinator: str) -> None:
        """Start `count` agents that dial `coordinator`; they attach by themselves."""
        for number in range(1, count + 1):
            self._processes.append(await _spawn(f"agent-{number}", coordinator))

    async def watch(self) -> None:
        """Return, by raising NotEnoughAgents, when an agent process ends although nobody stopped it."""
        ends = [asyncio.create_task(process.wait()) for process in self._processes]
        try:
            await asyncio.wait(ends, return_when=asyncio.FIRST_COMPLETED)
        finally:
            for end in ends:
                end.cancel()
        codes = [process.returncode for process in self._processes if process.returncode is not None]
        raise NotEnoughAgents(f"an agent process ended by itself, exit code {codes[0]}")

    async def stop(self) -> None:
        """End every process: ask, wait three seconds, then insist."""
        living = [process for process in self._processes if process.returncode is None]
        for process in living:
            with contextlib.suppress(ProcessLookupError):
                process.send_signal(signal.SIGTERM)
        if living:
            waits = [asyncio.create_task(process.wait()) for process in living]
            await asyncio.wait(waits, timeout=_LEAVE_S)
        for process in living:
            if process.returncode is None:
                process.kill()
                await process.wait()


async def _spawn(name: str, coordinator: str) -> Process:
    return await asyncio.create_subprocess_exec(
        sys.executable,
        "-m",
        "groundswell",
        "agent",
        "--coordinator",
        coordinator,
        "--name",
        name,
        "--tethered",
        stdin=asyncio.subprocess.PIPE,
        start_new_session=True,
    )
