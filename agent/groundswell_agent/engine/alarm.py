"""Waking at a moment of `time.monotonic()`, more exactly than the event loop's own timers can.

uvloop's timers are whole milliseconds, may ring half of one early, and run at once below half of
one. The kernel's timerfd takes an absolute moment in nanoseconds and wakes the loop like a socket
does: half a millisecond of lag becomes fifty microseconds. Where there is none (not Linux), the
loop's timer has to do.
"""

from __future__ import annotations

import ctypes
import os
import sys
from abc import ABC, abstractmethod
from time import monotonic
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import asyncio
    from collections.abc import Callable

# Alarms nearer than this are put off to it: at high rates one wake starts several arrivals, instead
# of a wake for each eating the core that the requests need.
_COALESCE_S = 0.0002
_SHORTEST_LOOP_TIMER_S = 0.001

_TFD_TIMER_ABSTIME = 1


class Alarm(ABC):
    """One waiter at a time, a future or a call. `ring` wakes it before its moment."""

    def __init__(self, loop: asyncio.AbstractEventLoop) -> None:
        self._loop = loop
        self._waiter: asyncio.Future[None] | None = None
        self._call: Callable[[], None] | None = None

    def at(self, moment: float) -> asyncio.Future[None]:
        """A future that is done at about `moment`."""
        self._set(moment)
        waiter = self._waiter = self._loop.create_future()
        return waiter

    def call_at(self, moment: float, call: Callable[[], None]) -> None:
        """As `at`, without a turn of the loop between the alarm and the call."""
        self._set(moment)
        self._call = call

    def ring(self) -> None:
        call, self._call = self._call, None
        if call is not None:
            call()
        elif self._waiter is not None and not self._waiter.done():
            self._waiter.set_result(None)

    @abstractmethod
    def _set(self, moment: float) -> None:
        """Have `ring` called at about `moment`, and at none that was set before."""

    @abstractmethod
    def close(self) -> None:
        """It rings no more by itself, and nobody is called any more."""


def new_alarm(loop: asyncio.AbstractEventLoop) -> Alarm:
    """The most exact kind this machine has."""
    return TimerfdAlarm(loop) if sys.platform == "linux" else LoopAlarm(loop)


class LoopAlarm(Alarm):
    """By the loop's own timer."""

    def __init__(self, loop: asyncio.AbstractEventLoop) -> None:
        super().__init__(loop)
        self._timer: asyncio.TimerHandle | None = None

    def _set(self, moment: float) -> None:
        self.close()
        delay = max(moment - monotonic(), _SHORTEST_LOOP_TIMER_S)
        self._timer = self._loop.call_later(delay, self.ring)

    def close(self) -> None:
        self._call = None
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None


class _TimeSpec(ctypes.Structure):
    _fields_ = (("seconds", ctypes.c_long), ("nanoseconds", ctypes.c_long))


class _TimerSpec(ctypes.Structure):
    _fields_ = (("interval", _TimeSpec), ("value", _TimeSpec))


class TimerfdAlarm(Alarm):
    """By a timerfd on CLOCK_MONOTONIC, which is the clock of `time.monotonic()`."""

    # os has timerfd functions only from Python 3.13 on; the C library has had them for much longer.
    _libc = ctypes.CDLL(None, use_errno=True) if sys.platform == "linux" else None

    def __init__(self, loop: asyncio.AbstractEventLoop) -> None:
        super().__init__(loop)
        assert self._libc is not None
        flags = os.O_NONBLOCK | os.O_CLOEXEC
        descriptor: int = self._libc.timerfd_create(_CLOCK_MONOTONIC, flags)
        if descriptor < 0:
            number = ctypes.get_errno()
            raise OSError(number, os.strerror(number))
        self._descriptor = descriptor
        self._spec = _TimerSpec()
        self._reference = ctypes.byref(self._spec)
        loop.add_reader(descriptor, self._expired)

    def _set(self, moment: float) -> None:
        assert self._libc is not None
        moment = max(moment, monotonic() + _COALESCE_S)
        seconds = int(moment)
        # All zeros would disarm it.
        self._spec.value.seconds = seconds
        self._spec.value.nanoseconds = int((moment - seconds) * 1e9)
        self._libc.timerfd_settime(self._descriptor, _TFD_TIMER_ABSTIME, self._reference, None)

    def close(self) -> None:
        """Give the descriptor back; the alarm is of no use after that."""
        self._call = None
        if self._descriptor >= 0:
            self._loop.remove_reader(self._descriptor)
            os.close(self._descriptor)
            self._descriptor = -1

    def _expired(self) -> None:
        try:
            os.read(self._descriptor, 8)
        except BlockingIOError:
            # Armed anew between the expiry and this callback: the new moment is still to come.
            return
        self.ring()


_CLOCK_MONOTONIC = 1
