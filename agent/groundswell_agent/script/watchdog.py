"""Notices code of a test that holds the event loop, and says which line: all VUs of the agent wait
meanwhile, and their numbers are late by it.

A timer of the loop sets a mark, and a thread looks whether it is fresh. Where it is not, the thread
reads what the loop's own thread is at.
"""

from __future__ import annotations

import asyncio
import sys
import threading
from time import monotonic
from typing import TYPE_CHECKING

from groundswell_agent.script.note import Note

if TYPE_CHECKING:
    from collections.abc import Callable, Collection
    from types import FrameType

HELD_S = 0.1
_MARK_EVERY_S = 0.02
_LOOK_EVERY_S = 0.05
_HINT = "await something that does not block, or asyncio.to_thread(…)"


class Watchdog:
    """Between `start` and `stop`, both called in the loop. `note` is called in it, once for a line."""

    def __init__(self, files: Collection[str], note: Callable[[Note], None]) -> None:
        self._files = files
        self._note = note
        self._told: set[str] = set()
        self._over = threading.Event()
        self._marked = 0.0
        self._timer: asyncio.TimerHandle | None = None

    def start(self) -> None:
        self._loop = asyncio.get_running_loop()
        self._watched = threading.get_ident()
        self._mark()
        threading.Thread(target=self._watch, name="watchdog", daemon=True).start()

    def stop(self) -> None:
        self._over.set()
        if self._timer is not None:
            self._timer.cancel()

    def _mark(self) -> None:
        self._marked = monotonic()
        self._timer = self._loop.call_later(_MARK_EVERY_S, self._mark)

    def _watch(self) -> None:
        while not self._over.wait(_LOOK_EVERY_S):
            if monotonic() - self._marked > HELD_S + _MARK_EVERY_S:
                self._look(sys._current_frames().get(self._watched))  # pyright: ignore[reportPrivateUsage]  # documented, whatever its name

    def _look(self, frame: FrameType | None) -> None:
        """What is innermost may be a library's; the line of the test is the one that called it."""
        while frame is not None and frame.f_code.co_filename not in self._files:
            frame = frame.f_back
        if frame is None:
            # Not the test's doing.
            return
        place = f"{frame.f_code.co_filename}:{frame.f_lineno}"
        if place not in self._told:
            self._told.add(place)
            text = f"{place}: {frame.f_code.co_name} held the event loop for more than"
            message = f"{text} {HELD_S * 1000:g} ms, and all VUs of the agent with it"
            self._tell(Note("blocked", message, place, _HINT))

    def _tell(self, note: Note) -> None:
        if not self._over.is_set():
            self._loop.call_soon_threadsafe(self._note, note)
