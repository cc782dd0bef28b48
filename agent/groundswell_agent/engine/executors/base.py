"""What every executor is: what decides when an iteration starts, and on which VU.

An executor runs for its scenario's planned duration, then grants the graceful stop to the
iterations still running, then cancels them. `halt` and `cancel` cut that short from outside; `leave`
ends the duration early, and `take_over` adds what another agent hands over.
"""

from __future__ import annotations

import asyncio
from abc import ABC, abstractmethod
from collections import OrderedDict
from time import monotonic
from typing import TYPE_CHECKING

from groundswell_agent.engine.alarm import Alarm, new_alarm
from groundswell_agent.engine.cut import Cut
from groundswell_agent.engine.virtual_user import VirtualUser

if TYPE_CHECKING:
    from collections.abc import Coroutine, Iterable

    from groundswell.schedule.scenario_plan import ScenarioShare
    from groundswell_agent.engine.scenario_load import ScenarioLoad

# Starting this many VUs in one go holds the loop for a millisecond; then others may run.
BATCH = 100
# Cancelling one, which closes its connection and unwinds its steps, takes some 20 µs.
CANCELLED_AT_ONCE = 50
# One that goes on nevertheless is cancelled so many times more, and then given up.
_INSISTS = 4
_INSISTS_AFTER_S = 0.5


class Executor(ABC):
    """One agent's part of one scenario. Times are seconds of `time.monotonic()`."""

    def __init__(self, share: ScenarioShare, load: ScenarioLoad) -> None:
        self.share = share
        self.load = load
        self.duration = float(share.duration)
        # Seconds of the scenario: from here on nothing new starts.
        self.end = self.duration
        self.vu_numbers: list[int] = share.vu_ids().tolist()
        # When the scenario started, in seconds of `time.monotonic()`.
        self.start: float | None = None
        self.graceful_stop = float(share.scenario.graceful_stop)
        self.halted = False
        self._loop = asyncio.get_running_loop()
        self.vus: list[VirtualUser] = []
        self._tasks: set[asyncio.Task[None]] = set()
        self._doomed: OrderedDict[asyncio.Task[None], None] = OrderedDict()
        self._most_active = 0
        # Something has come to its end: whoever waits for the last looks whether it was.
        self._idle = asyncio.Event()
        self._alarm: Alarm | None = None
        self._insistence: asyncio.TimerHandle | None = None

    def take_active_vus(self) -> int:
        """The most VUs that were at work at once since this was asked last."""
        # A task lingers for a moment after its VU is free again: there may be more than VUs.
        most, self._most_active = self._most_active, self.running
        return min(most, len(self.vus))

    @property
    def running(self) -> int:
        """How many iterations have started and not ended; a VU between two of its own counts."""
        return len(self._tasks)

    def at_work(self) -> Iterable[asyncio.Task[None]]:
        """The tasks of those iterations."""
        return self._tasks

    def give_up(self) -> int:
        """Forget the iterations that run, because nothing ends them; how many they are."""
        count = len(self._tasks)
        self._tasks.clear()
        return count

    @abstractmethod
    async def drive(self, start: float) -> None:
        """Start iterations from `start` until the scenario's end, or until `halted`."""

    @abstractmethod
    def inherit(self, before: ScenarioShare, boundary: float) -> None:
        """Take up what `share` has beyond `before`, from the scenario's second `boundary` on."""

    async def run(self, start: float) -> None:
        """The whole scenario, its graceful stop included. Runs again where work came after its end."""
        self.start = start
        self._alarm = new_alarm(self._loop)
        try:
            await self.drive(start)
            await self._idle_until(start + self.end + self.graceful_stop)
            self.cancel(Cut.GRACE)
            await self._until_idle()
        finally:
            await self.see_off()
            self._alarm.close()
            self._alarm = None

    async def see_off(self) -> None:  # noqa: B027  # most have nobody who waits
        """No iteration runs any more, nor will one: end what waits for another."""

    @property
    def is_over(self) -> bool:
        """Whether `run` has come to its end."""
        return self.start is not None and self._alarm is None

    def take_over(self, share: ScenarioShare, boundary: float) -> None:
        """The share has grown by a handover whose boundary is at that second of the scenario."""
        before, self.share = self.share, share
        self.vu_numbers = share.vu_ids().tolist()
        if not self.halted:
            self.inherit(before, boundary)
            self._wake()

    def leave(self, boundary: float) -> None:
        """Start nothing from that second of the scenario on: the share is handed over."""
        self.end = min(self.end, boundary)
        self._wake()

    def _wake(self) -> None:
        if self._alarm is not None:
            self._alarm.ring()

    def halt(self) -> None:
        """No new iteration; those that run go on until they end or are cancelled."""
        self.halted = True
        self._wake()

    def cancel(self, cut: Cut) -> None:
        """Cancel all running iterations; `cut` says how their requests count."""
        if cut is Cut.ABORT:
            # Never back to GRACE: what an abort cancels may take a moment to be gone.
            self.load.cut = cut
        begun = bool(self._doomed)
        self._doomed.update(dict.fromkeys(self.at_work()))
        if not begun:
            self._cancel_some()
        if self._insistence is None and self.running:
            self._insistence = self._loop.call_later(_INSISTS_AFTER_S, self._insist, _INSISTS)

    def _insist(self, left: int) -> None:
        """The code of a test may take a cancellation for an error of its own, and go on."""
        self._insistence = None
        if not self.running:
            return
        if not left:
            self.load.abandon(self.give_up())
            self.note_idle()
            return
        if not self._doomed:
            self._doomed.update(dict.fromkeys(self.at_work()))
            self._cancel_some()
        else:
            # They are so many that not all have been told.
            left += 1
        self._insistence = self._loop.call_later(_INSISTS_AFTER_S, self._insist, left - 1)

    def cancel_soon(self, task: asyncio.Task[None]) -> None:
        """Cancel one iteration, after those that were to go before."""
        if not self._doomed:
            self._loop.call_soon(self._cancel_some)
        self._doomed[task] = None

    def is_doomed(self, task: asyncio.Task[None]) -> bool:
        """Whether it is cancelled, or going to be."""
        return task in self._doomed or task.cancelling() > 0

    def _cancel_some(self) -> None:
        """100,000 at once would hold the loop for seconds."""
        doomed = self._doomed
        for _ in range(min(CANCELLED_AT_ONCE, len(doomed))):
            doomed.popitem(last=False)[0].cancel()
        if doomed:
            self._loop.call_soon(self._cancel_some)

    def spawn(self, coroutine: Coroutine[None, None, None]) -> asyncio.Task[None]:
        """Run an iteration, or a VU's series of them, as a task of this executor."""
        task = self._loop.create_task(coroutine)
        self._tasks.add(task)
        self.note_active()
        task.add_done_callback(self._done)
        return task

    def note_active(self) -> None:
        """Iterations have started."""
        running = self.running
        if running > self._most_active:
            self._most_active = running

    def note_idle(self) -> None:
        """Iterations have come to their end, perhaps the last."""
        self._idle.set()

    async def until(self, moment: float) -> bool:
        """Sleep until `moment`, or a little less; False when the executor is halted."""
        assert self._alarm is not None
        if self.halted:
            return False
        if moment > monotonic():
            await self._alarm.at(moment)
        else:
            # Whoever is late all the time must not keep the others from their turn.
            await asyncio.sleep(0)
        return not self.halted

    def new_vu(self, number: int) -> VirtualUser:
        vu = VirtualUser(number, self.load)
        self.vus.append(vu)
        return vu

    def close(self) -> None:
        """Close the connections of all VUs, when everything is over."""
        if self._insistence is not None:
            self._insistence.cancel()
        for vu in self.vus:
            vu.close()

    def _done(self, task: asyncio.Task[None]) -> None:
        self._tasks.discard(task)
        if not self._tasks:
            self.note_idle()
        if not task.cancelled() and (error := task.exception()) is not None:
            self.load.fault(error)

    async def _idle_until(self, moment: float) -> None:
        try:
            async with asyncio.timeout(max(moment - monotonic(), 0)):
                await self._until_idle()
        except TimeoutError:
            return

    async def _until_idle(self) -> None:
        while self.running:
            self._idle.clear()
            await self._idle.wait()
