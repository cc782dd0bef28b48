"""One output: a bounded queue, and a task that empties it. Whatever the receiver does, nobody waits for it.

What does not fit any more is dropped, the oldest first, and counted. A receiver that is down or
slow is tried again and again while the run goes on, and for some seconds at its end.
"""

from __future__ import annotations

import asyncio
from collections import deque
from contextlib import suppress
from typing import TYPE_CHECKING

from groundswell_coordinator.outputs.sink import OutputFailed

if TYPE_CHECKING:
    from collections.abc import Callable

    from groundswell_coordinator.outputs.sink import Sink
    from groundswell_coordinator.timeline.interval import Interval

# Two minutes of a run.
_MOST_WAITING = 120
_ATTEMPT_S = 5.0
_FIRST_PAUSE_S, _LONGEST_PAUSE_S = 0.5, 5.0
# At the end: for a receiver that is well, and for one that was not when it was last tried.
_PATIENCE_S, _LITTLE_PATIENCE_S = 5.0, 1.0


class Outlet:
    """`trouble` is called with a message once for each time that it begins."""

    def __init__(
        self,
        sink: Sink,
        trouble: Callable[[str], None],
        *,
        most_waiting: int = _MOST_WAITING,
    ) -> None:
        self._sink = sink
        self._trouble = trouble
        self._most_waiting = most_waiting
        self._waiting: deque[Interval] = deque()
        # Dropped, and to be counted before the next one: the sink is used by the task alone.
        self._dropped: deque[Interval] = deque()
        self._news = asyncio.Event()
        self._closing = asyncio.Event()
        self._in_hand = 0
        self._is_failing = False
        self.offered = 0
        # Seconds of the run that the receiver never got, and what the last failure was.
        self.missed = 0
        self.last_failure: str | None = None
        self._task = asyncio.create_task(self._work())

    def offer(self, interval: Interval) -> None:
        """Returns at once."""
        self.offered += 1
        self._waiting.append(interval)
        if len(self._waiting) > self._most_waiting:
            self._dropped.append(self._waiting.popleft())
            self.missed += 1
        self._news.set()

    async def close(self) -> None:
        """Returns within seconds: what could not be sent until then is missed."""
        self._closing.set()
        self._news.set()
        patience = _LITTLE_PATIENCE_S if self._is_failing else _PATIENCE_S
        await asyncio.wait([self._task], timeout=patience)
        if not self._task.done():
            self._task.cancel()
            await asyncio.wait([self._task])
            self.missed += self._in_hand + len(self._waiting)
            self.last_failure = self.last_failure or "it took too long"
        elif (error := self._task.exception()) is not None:
            self.missed += self._in_hand + len(self._waiting)
            self.last_failure = f"{type(error).__name__}: {error}"
        await self._close_sink()

    async def abandon(self) -> None:
        """At once. May follow `close`."""
        self._task.cancel()
        await asyncio.gather(self._task, return_exceptions=True)
        await self._close_sink()

    async def _close_sink(self) -> None:
        with suppress(TimeoutError, OSError):
            async with asyncio.timeout(_LITTLE_PATIENCE_S):
                await self._sink.close()

    async def _work(self) -> None:
        while True:
            while self._waiting:
                interval = self._waiting.popleft()
                self._in_hand = 1
                # Of a thousand series it takes a tenth of a second, in which the loop has others to serve.
                body = await asyncio.to_thread(self._encode, interval)
                if not await self._deliver(body):
                    self.missed += 1
                self._in_hand = 0
            if self._closing.is_set():
                break
            self._news.clear()
            await self._news.wait()
        if farewell := self._sink.farewell():
            await self._deliver(farewell)

    def _encode(self, interval: Interval) -> bytes:
        while self._dropped:
            self._sink.absorb(self._dropped.popleft())
        return self._sink.encode(interval)

    async def _deliver(self, body: bytes) -> bool:
        """Try until it is taken, or never will be; while the run ends, once."""
        pause = _FIRST_PAUSE_S
        while True:
            try:
                async with asyncio.timeout(_ATTEMPT_S):
                    await self._sink.send(body)
            except (OutputFailed, TimeoutError) as error:
                self._note(error)
                if self._closing.is_set() or getattr(error, "is_final", False):
                    return False
            else:
                self._is_failing = False
                return True
            with suppress(TimeoutError):
                async with asyncio.timeout(pause):
                    await self._closing.wait()
            pause = min(2 * pause, _LONGEST_PAUSE_S)

    def _note(self, error: OutputFailed | TimeoutError) -> None:
        said = (
            error.message if isinstance(error, OutputFailed) else f"no answer in {_ATTEMPT_S:g} s"
        )
        self.last_failure = said
        if not self._is_failing:
            self._is_failing = True
            self._trouble(said)
