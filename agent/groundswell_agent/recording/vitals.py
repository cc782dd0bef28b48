"""An agent's own health: how busy its process is, and how late its event loop comes to things."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING

from groundswell_agent.recording.rows import span

if TYPE_CHECKING:
    import asyncio
    from collections.abc import Callable

    from groundswell_agent.recording.recorder import Recorder

PERIOD_S = 0.02
SHORTEST_SPAN_S = 0.5


class Vitals:
    """`agent_loop_lag` from a timer of its own, `agent_cpu` from `sample`, once an interval.

    CPU is a fraction of one core, which is all that one loop can use; threads may lift it above 1.
    """

    def __init__(
        self,
        recorder: Recorder,
        *,
        clock: Callable[[], float] = time.monotonic,
        cpu_clock: Callable[[], float] = time.process_time,
    ) -> None:
        self._lag = recorder.trend("agent_loop_lag", {})
        self._cpu = recorder.gauge("agent_cpu", {})
        self._clock = clock
        self._cpu_clock = cpu_clock
        self._timer: asyncio.TimerHandle | None = None

    def start(self, loop: asyncio.AbstractEventLoop) -> None:
        now = self._clock()
        self._sampled_at, self._cpu_then = now, self._cpu_clock()
        self._loop, self._due = loop, now + PERIOD_S
        self._timer = loop.call_later(PERIOD_S, self._tick)

    def stop(self) -> None:
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None

    def sample(self, now: float) -> None:
        """The CPU share since the last sample, as of the middle between the two.

        So a sample taken a little after the end of an interval still belongs to it.
        """
        cpu, wall = self._cpu_clock(), now - self._sampled_at
        # The last interval of a run may be a few milliseconds long: of those, a share says nothing.
        if wall >= SHORTEST_SPAN_S:
            self._cpu.set(now - wall / 2, (cpu - self._cpu_then) / wall)
            self._sampled_at, self._cpu_then = now, cpu

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
