"""What happens in a run, for whoever watches it: late watchers first get where it stands."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING

from groundswell.v1.control_pb2 import Ended, Notice, Progress, RunEvent, StateChanged

if TYPE_CHECKING:
    from collections.abc import AsyncGenerator

# A watcher this many events behind gets the oldest dropped: progress repeats itself, and memory is
# bounded.
_QUEUE = 256


class Broadcast:
    """Fans a run's events out; the last of them is `ended`."""

    def __init__(self) -> None:
        self._watchers: set[asyncio.Queue[RunEvent]] = set()
        self._notices: list[RunEvent] = []
        self._latest: dict[str, RunEvent] = {}

    def state(self, changed: StateChanged) -> None:
        self._send("state", RunEvent(state=changed))

    def progress(self, progress: Progress) -> None:
        self._send("progress", RunEvent(progress=progress))

    def ended(self, ended: Ended) -> None:
        self._send("ended", RunEvent(ended=ended))

    def notice(self, code: str, message: str) -> None:
        event = RunEvent(notice=Notice(code=code, message=message))
        self._notices.append(event)
        self._fan_out(event)

    @property
    def latest_progress(self) -> Progress | None:
        """None before the first interval is sealed."""
        event = self._latest.get("progress")
        return None if event is None else event.progress

    @property
    def end(self) -> Ended | None:
        """None while the run goes on."""
        event = self._latest.get("ended")
        return None if event is None else event.ended

    async def watch(self) -> AsyncGenerator[RunEvent]:
        """Where the run stands now, then everything until its end."""
        queue: asyncio.Queue[RunEvent] = asyncio.Queue()
        for event in (*self._notices, *self._latest.values()):
            queue.put_nowait(event)
        self._watchers.add(queue)
        try:
            while True:
                event = await queue.get()
                yield event
                if event.HasField("ended"):
                    return
        finally:
            self._watchers.discard(queue)

    def _send(self, kind: str, event: RunEvent) -> None:
        # Re-inserting keeps the order of the latest ones: state, then progress, then the end.
        self._latest.pop(kind, None)
        self._latest[kind] = event
        self._fan_out(event)

    def _fan_out(self, event: RunEvent) -> None:
        for queue in self._watchers:
            if queue.qsize() >= _QUEUE:
                queue.get_nowait()
            queue.put_nowait(event)
