"""Whether this coordinator may be asked for work, and if not, why."""

from __future__ import annotations

import asyncio


class Readiness:
    """Ready when nothing is in the way; each obstacle is somebody's, who also takes it away."""

    def __init__(self) -> None:
        self._obstacles: dict[str, str] = {}
        self._changed = asyncio.Event()

    @property
    def is_ready(self) -> bool:
        return not self._obstacles

    @property
    def obstacles(self) -> tuple[str, ...]:
        """For people, a line each."""
        return tuple(self._obstacles.values())

    def hinder(self, what: str, why: str) -> None:
        """Not ready, because of `what`, until that is `clear`."""
        self._obstacles[what] = why
        self._changed.set()

    def clear(self, what: str) -> None:
        self._obstacles.pop(what, None)
        self._changed.set()

    async def change(self) -> None:
        """Return after the next change; for one listener."""
        await self._changed.wait()
        self._changed.clear()
