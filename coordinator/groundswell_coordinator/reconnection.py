"""A client whose coordinator restarts: it knocks until it is back, and says so once."""

from __future__ import annotations

import asyncio
import random
import time
from contextlib import aclosing
from typing import TYPE_CHECKING

from groundswell_coordinator.failure import CoordinatorGone

if TYPE_CHECKING:
    from collections.abc import AsyncGenerator, Awaitable, Callable

    from groundswell.v1.control_pb2 import RunEvent
    from groundswell_coordinator.client import ControlClient

PATIENCE_S = 120.0
_FIRST_PAUSE_S = 0.1
_LONGEST_PAUSE_S = 2.0


class Reconnection:
    """`tell` hears that the coordinator is gone, and that it is back."""

    def __init__(self, tell: Callable[[str], None], patience_s: float = PATIENCE_S) -> None:
        self._tell = tell
        self._patience_s = patience_s
        self._gone_since: float | None = None
        self._pause_s = _FIRST_PAUSE_S

    async def submit(self, attempt: Callable[[], Awaitable[None]]) -> None:
        """Try until it is done; what is tried must do no harm when it is done twice."""
        while True:
            try:
                await attempt()
            except CoordinatorGone as gone:
                await self._wait(gone)
            else:
                self._back()
                return

    async def watch(self, client: ControlClient, run: str) -> AsyncGenerator[RunEvent]:
        """A run's events, over as many streams as it takes; the last of them is `ended`.

        Every stream begins with `opened` and with where the run stands, so some events come again.
        Who was never answered is not waited for. Raises CoordinatorGone in the end.
        """
        was_there = False
        while True:
            try:
                async with aclosing(client.watch(run)) as events:
                    async for event in events:
                        self._back()
                        was_there = True
                        yield event
                        if event.HasField("opened"):
                            # Later "last" may be another.
                            run = event.opened.run_id
                        elif event.HasField("ended"):
                            return
                gone = CoordinatorGone("the coordinator ended the stream before the run did")
            except CoordinatorGone as error:
                if not was_there:
                    raise
                gone = error
            await self._wait(gone)

    async def _wait(self, gone: CoordinatorGone) -> None:
        now = time.monotonic()
        if self._gone_since is None:
            self._gone_since = now
            self._tell("the coordinator is gone; waiting for it…")
        elif now - self._gone_since > self._patience_s:
            raise gone
        await asyncio.sleep(self._pause_s * random.uniform(0.5, 1.0))
        self._pause_s = min(2 * self._pause_s, _LONGEST_PAUSE_S)

    def _back(self) -> None:
        if self._gone_since is not None:
            self._gone_since = None
            self._pause_s = _FIRST_PAUSE_S
            self._tell("the coordinator is back")
