"""How long Python's garbage collector held the process each time it ran."""

from __future__ import annotations

import gc
from time import monotonic
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterable


class GcPauses:
    """Notes every collection between `start` and `stop`.

    The notes wait in a list until they are taken: a collection may run in the middle of anything,
    of the recorder's own work too, where nothing may be recorded.
    """

    def __init__(self) -> None:
        self._began = 0.0
        self._pauses: list[tuple[float, float]] = []

    def start(self) -> None:
        gc.callbacks.append(self._note)

    def stop(self) -> None:
        if self._note in gc.callbacks:
            gc.callbacks.remove(self._note)

    def take(self) -> Iterable[tuple[float, float]]:
        """From and until, in seconds of `time.monotonic()`, of those since the last time."""
        taken, self._pauses = self._pauses, []
        return taken

    def _note(self, phase: str, info: dict[str, int]) -> None:
        if phase == "start":
            self._began = monotonic()
        elif self._began:
            self._pauses.append((self._began, monotonic()))
