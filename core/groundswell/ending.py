"""How a process that serves is told to end: SIGTERM, Ctrl-C, a terminal that is closed."""

from __future__ import annotations

import asyncio
import os
import signal
from typing import TYPE_CHECKING, NoReturn

from groundswell.exit_codes import ExitCode

if TYPE_CHECKING:
    from collections.abc import Callable

_SIGNALS = (signal.SIGTERM, signal.SIGINT, signal.SIGHUP)


def at_once() -> NoReturn:
    """End this process where it stands."""
    os._exit(ExitCode.INTERRUPTED)


def when_told_to_end(end: Callable[[], None], insist: Callable[[], None] = at_once) -> None:
    """In the running loop, call `end` at the first signal and `insist` at every later one.

    A signal the parent ignores, as nohup does, stays ignored.
    """
    calls = 0

    def told() -> None:
        nonlocal calls
        calls += 1
        if calls == 1:
            end()
        else:
            insist()

    for number in _SIGNALS:
        if signal.getsignal(number) is not signal.SIG_IGN:
            asyncio.get_running_loop().add_signal_handler(number, told)
