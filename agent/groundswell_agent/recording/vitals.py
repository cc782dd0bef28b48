"""An agent's own health: how busy its process is, and how late its event loop comes to things.

What is read from the kernel is read once a second; nothing here is done for each request.
"""

from __future__ import annotations

import time
from typing import TYPE_CHECKING

from groundswell_agent.recording.cpu_use import CpuUse
from groundswell_agent.recording.gc_pauses import GcPauses
from groundswell_agent.recording.open_files import OpenFiles
from groundswell_agent.recording.rows import span

if TYPE_CHECKING:
    import asyncio
    from collections.abc import Callable

    from groundswell_agent.recording.recorder import Recorder

PERIOD_S = 0.02
SHORTEST_SPAN_S = 0.5


class Vitals:
    """`agent_loop_lag` from a timer of its own, everything else from `sample`, once an interval.

    `connections` says how many are open.
    """

    def __init__(
        self,
        recorder: Recorder,
        connections: Callable[[], int],
        *,
        clock: Callable[[], float] = time.monotonic,
        cpu: Callable[[], CpuUse] = CpuUse,
        files: Callable[[int], OpenFiles] = OpenFiles,
    ) -> None:
        """What `cpu` and `files` make is made when the load starts."""
        self._recorder = recorder
        self._lag = recorder.trend("agent_loop_lag", {})
        self._gc_pause = recorder.trend("agent_gc_pause", {})
        self._connections = connections
        self._clock = clock
        self._new_cpu, self._new_files = cpu, files
        self._pauses = GcPauses()
        self._timer: asyncio.TimerHandle | None = None

    def start(self, loop: asyncio.AbstractEventLoop) -> None:
        now = self._clock()
        self._cpu, self._files = self._new_cpu(), self._new_files(self._connections())
        self._sampled_at = now
        self._pauses.start()
        self._loop, self._due = loop, now + PERIOD_S
        self._timer = loop.call_later(PERIOD_S, self._tick)

    def stop(self) -> None:
        self._pauses.stop()
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None

    def sample(self, now: float) -> None:
        """What was since the last sample, as of the middle between the two.

        So a sample taken a little after the end of an interval still belongs to it.
        """
        for began, ended in self._pauses.take():
            self._gc_pause.record(span(began, ended))
        wall = now - self._sampled_at
        # The last interval of a run may be a few milliseconds long: of those, a share says nothing.
        if wall < SHORTEST_SPAN_S:
            return
        self._sampled_at, middle = now, now - wall / 2
        used, stopped = self._cpu.take(wall)
        connections = self._connections()
        self._set("agent_cpu", middle, used)
        self._set("agent_cpu_throttled", middle, stopped)
        self._set("agent_connections", middle, connections)
        self._set("agent_fds_left", middle, self._files.left(connections))

    def _set(self, metric: str, at: float, value: float | None) -> None:
        """What nobody can tell on this machine is no series."""
        if value is not None:
            self._recorder.gauge(metric, {}).set(at, value)

    def _tick(self) -> None:
        """Record the lateness of every tick that was due: a loop held for a second missed fifty.

        A timer that fires early, as uvloop's may by half a millisecond, counts as on time.
        """
        now = self._clock()
        self._lag.record(span(self._due, now))
        self._due += PERIOD_S
        while self._due <= now:
            self._lag.record(span(self._due, now))
            self._due += PERIOD_S
        self._timer = self._loop.call_later(self._due - now, self._tick)
