"""The deadlines of all requests: one look over all connections instead of a timer per request.

A timeout is noticed late by at most one period, a tenth of the smallest timeout in use, between 5
and 100 ms.
"""

from __future__ import annotations

from time import monotonic
from typing import TYPE_CHECKING, Protocol

if TYPE_CHECKING:
    import asyncio

    from groundswell_agent.http.exchange import Exchange

SHORTEST_PERIOD = 0.005
LONGEST_PERIOD = 0.1

# Closing costs some 10 µs, so that a target which froze under 10,000 connections does not hold the
# loop for 100 ms.
_EXPIRED_PER_SWEEP = 200
_AT_ONCE = 0.001


class Sweepable(Protocol):
    """A connection, as the sweeper sees it."""

    in_flight: Exchange | None

    def expire(self, now: float) -> None: ...


class Sweeper:
    """`smallest` is the smallest timeout seen, in seconds; `tighten` tells of a smaller one."""

    __slots__ = ("_connections", "_due", "_handle", "_loop", "_period", "_postponed", "smallest")

    def __init__(self, loop: asyncio.AbstractEventLoop) -> None:
        self.smallest = float("inf")
        self._loop = loop
        self._period = LONGEST_PERIOD
        self._connections: set[Sweepable] = set()
        self._handle: asyncio.TimerHandle | None = None
        self._due = 0.0
        self._postponed = False

    def __len__(self) -> int:
        """How many connections are open."""
        return len(self._connections)

    def add(self, connection: Sweepable) -> None:
        self._connections.add(connection)
        if self._handle is None:
            self._sweep_in(self._period)

    def discard(self, connection: Sweepable) -> None:
        """Without connections there is no timer."""
        self._connections.discard(connection)
        if not self._connections:
            self._stop()

    def tighten(self, timeout: float) -> None:
        self.smallest = min(self.smallest, timeout)
        self._period = min(max(self.smallest / 10, SHORTEST_PERIOD), LONGEST_PERIOD)
        if self._handle is not None and monotonic() + self._period < self._due:
            self._stop()
            self._sweep_in(self._period)

    def _sweep_in(self, seconds: float) -> None:
        self._due = monotonic() + seconds
        self._handle = self._loop.call_later(seconds, self._sweep)

    def _stop(self) -> None:
        if self._handle is not None:
            self._handle.cancel()
            self._handle = None

    def _sweep(self) -> None:
        now = monotonic()
        if now - self._due > self._period and not self._postponed:
            # Something held the loop, so answers may lie unread in the kernel: let the loop read
            # before judging.
            self._postponed = True
            self._sweep_in(_AT_ONCE)
            return
        self._postponed = False
        expired = self._expired(now)
        for connection in expired[:_EXPIRED_PER_SWEEP]:
            connection.expire(now)
        self._sweep_in(_AT_ONCE if len(expired) > _EXPIRED_PER_SWEEP else self._period)

    def _expired(self, now: float) -> list[Sweepable]:
        return [
            connection
            for connection in self._connections
            if (exchange := connection.in_flight) is not None and now >= exchange.deadline
        ]
