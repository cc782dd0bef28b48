"""Steps that wait: think time, and a pace for the whole iteration.

A wait ends at a planned moment: what was late before it does not shift the rest.
"""

from __future__ import annotations

import asyncio
from time import monotonic
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from groundswell.scenario.step_model import NormalPauseStep, PaceStep, PauseStep
    from groundswell_agent.engine.virtual_user import VirtualUser


async def wait_until(end: float, vu: VirtualUser) -> None:
    """Wait until `end`, at which the next step is due."""
    await asyncio.sleep(max(end - monotonic(), 0))
    # A timer may ring half a millisecond early; nothing is due before it is asked for.
    vu.due = min(end, monotonic())


class Pause:
    """Fixed, or evenly at random between two lengths."""

    __slots__ = ("_longest", "_shortest")

    def __init__(self, step: PauseStep) -> None:
        self._shortest = float(step.shortest)
        self._longest = float(step.longest)

    def length(self, vu: VirtualUser) -> float:
        """Of the next one, in seconds."""
        if self._shortest == self._longest:
            return self._shortest
        return vu.random.uniform(self._shortest, self._longest)

    async def __call__(self, vu: VirtualUser) -> None:
        await wait_until(vu.due + self.length(vu), vu)


class NormalPause:
    """Of a normal distribution, cut off at zero."""

    __slots__ = ("_deviation", "_mean")

    def __init__(self, step: NormalPauseStep) -> None:
        self._mean = float(step.mean)
        self._deviation = float(step.deviation)

    def length(self, vu: VirtualUser) -> float:
        """Of the next one, in seconds."""
        return max(vu.random.gauss(self._mean, self._deviation), 0.0)

    async def __call__(self, vu: VirtualUser) -> None:
        await wait_until(vu.due + self.length(vu), vu)


class Pace:
    """The rest of a length of time that began with the iteration, or with the pass of the innermost
    loop; nothing where that has taken longer.
    """

    __slots__ = ("_length",)

    def __init__(self, step: PaceStep) -> None:
        self._length = float(step.length)

    def length(self, vu: VirtualUser) -> float:
        """What is left of it, in seconds."""
        return max(vu.began + self._length - vu.due, 0.0)

    async def __call__(self, vu: VirtualUser) -> None:
        end = vu.began + self._length
        if end > vu.due:
            await wait_until(end, vu)
        else:
            # Whoever is late all the time must not keep the others from their turn.
            await asyncio.sleep(0)
