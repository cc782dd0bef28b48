"""Target and generator on cores of their own, and how much of a machine's time others took."""

from __future__ import annotations

import os
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from tests.e2e.processes import eventually

if TYPE_CHECKING:
    from collections.abc import Sequence

    from tests.e2e.commands import Groundswell, Running
    from tests.e2e.processes import Process

_PROC = Path("/proc")
_TICKS = os.sysconf("SC_CLK_TCK")
# /proc/stat: user nice system idle iowait irq softirq steal
_STEAL = 7
_IDLE = (3, 4)
_COLUMNS = 8


def target_core() -> int | None:
    """None where there is only one core to be on."""
    cores = sorted(os.sched_getaffinity(0))
    return cores[0] if len(cores) > 1 else None


def agent_core() -> int | None:
    cores = sorted(os.sched_getaffinity(0))
    return cores[1] if len(cores) > 1 else None


def pin(pid: int, core: int | None) -> None:
    """All threads that it has now; those to come follow the one that makes them."""
    if core is None:
        return
    for task in (_PROC / str(pid) / "task").iterdir():
        with suppress(ProcessLookupError):
            os.sched_setaffinity(int(task.name), {core})


def pin_run(groundswell: Groundswell, client: Running, agents: int = 1) -> Sequence[Process]:
    """Its agents, once so many are there: on their core. The client is on the target's."""
    pin(client.process.pid, target_core())
    eventually(lambda: len(groundswell.agents()) == agents, 30.0, "the agents")
    found = tuple(groundswell.agents().values())
    for agent in found:
        pin(agent.pid, agent_core())
    return found


@dataclass(frozen=True, slots=True)
class Times:
    """Seconds of CPU time since the machine started, over all cores."""

    busy: float
    stolen: float

    @classmethod
    def now(cls) -> Times:
        first = (_PROC / "stat").read_text().partition("\n")[0]
        columns = [int(word) / _TICKS for word in first.split()[1 : _COLUMNS + 1]]
        stolen = columns[_STEAL]
        return cls(sum(columns) - sum(columns[at] for at in _IDLE) - stolen, stolen)


def own_cpu_s() -> float:
    """Of this process and of all its children that have ended."""
    times = os.times()
    return times.user + times.system + times.children_user + times.children_system


def machine_s(wall_s: float) -> float:
    """The CPU seconds that all cores together have in so long."""
    return wall_s * (os.cpu_count() or 1)
