"""How long this agent may load: until its lease ends, on a clock that also counts while the machine sleeps.

The lease ends a lease's length after the *sending* of what the coordinator acknowledged last, so
whatever the network does, the agent stops before the coordinator believes it has.

What has ended stays ended until the next run: an agent that was frozen for a minute would else have
its lease back with the first answer, while others already carry out its share.
"""

from __future__ import annotations

import math
from time import CLOCK_BOOTTIME, clock_gettime, clock_gettime_ns
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable


def boot_ns() -> int:
    """Now, on the clock that leases are counted by."""
    return clock_gettime_ns(CLOCK_BOOTTIME)


class Lease:
    """Endless until the first acknowledgement: nobody loads before a coordinator was heard of."""

    __slots__ = ("_acknowledged_until", "on_end", "until")

    def __init__(self) -> None:
        self._acknowledged_until = math.inf
        # On the clock CLOCK_BOOTTIME, in seconds: see `holds`.
        self.until = math.inf
        # Whoever finds out first that it has ended says so: see `end`.
        self.on_end: Callable[[], None] = _ignore

    def begin(self) -> None:
        """A run begins, and with it a lease: its coordinator has just been heard."""
        self.until = self._acknowledged_until

    def renew(self, sent_ns: int, lease_ns: int) -> None:
        """What was sent at `sent_ns` of `boot_ns` has been acknowledged. Never shortens a lease."""
        until = (sent_ns + lease_ns) / 1e9
        if self._acknowledged_until == math.inf or until > self._acknowledged_until:
            self._acknowledged_until = until
        if self.holds():
            self.until = self._acknowledged_until
        else:
            self.end()

    def holds(self) -> bool:
        """Asked before every request and every iteration, or all that start in one go; by some without the
        call: 0.1 µs.
        """
        return clock_gettime(CLOCK_BOOTTIME) < self.until

    def end(self) -> None:
        """It does not hold any more, and will not until `begin`; its holder is told."""
        if self.until != -math.inf:
            self.until = -math.inf
            self.on_end()


def _ignore() -> None:
    """Until somebody holds the lease."""
