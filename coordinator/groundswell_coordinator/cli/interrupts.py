"""Ctrl-C, SIGTERM and a terminal that is closed: counted, and told to whoever knows what they mean now."""

from __future__ import annotations

import asyncio
import signal
from typing import TYPE_CHECKING, Self

if TYPE_CHECKING:
    from collections.abc import Callable

_SIGNALS = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)


class Interrupts:
    """`with Interrupts() as interrupts:` in a task; without a listener an interrupt cancels that task."""

    def __init__(self) -> None:
        self.count = 0
        self._listener: Callable[[int], None] = self._cancel

    def __enter__(self) -> Self:
        self._loop = asyncio.get_running_loop()
        self._task = asyncio.current_task()
        for number in _SIGNALS:
            self._loop.add_signal_handler(number, self._interrupt)
        return self

    def __exit__(self, *exception: object) -> None:
        for number in _SIGNALS:
            self._loop.remove_signal_handler(number)

    def tell(self, listener: Callable[[int], None]) -> None:
        """From now on `listener` gets the number of every interrupt, from 1; also of one that has come already."""
        self._listener = listener
        if self.count:
            listener(self.count)

    def _interrupt(self) -> None:
        self.count += 1
        self._listener(self.count)

    def _cancel(self, count: int) -> None:
        assert self._task is not None
        self._task.cancel()
