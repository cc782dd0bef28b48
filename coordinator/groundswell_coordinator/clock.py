"""How far an agent's monotonic clock is from the coordinator's, from four timestamps a round trip.

The offset is NTP's: ((t1 - t0) + (t2 - t3)) / 2, with t0 and t3 taken by the coordinator, t1 and t2
by the agent (RFC 5905, section 8). The error is at most half the round trip; a delay that differs
between the two directions hides in it and cannot be seen. Of several round trips the shortest is
believed, because queueing only ever lengthens one.
"""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class ClockOffset:
    """`agent clock - coordinator clock`, right to within ± `error_ns`."""

    offset_ns: int
    error_ns: int


class ClockEstimator:
    """Believes the shortest of the round trips it is given."""

    __slots__ = ("_best", "samples")

    def __init__(self) -> None:
        self._best: ClockOffset | None = None
        self.samples = 0

    def add(self, t0_ns: int, t1_ns: int, t2_ns: int, t3_ns: int) -> None:
        """Take one round trip; one that contradicts itself (negative travel time) is ignored."""
        round_trip = (t3_ns - t0_ns) - (t2_ns - t1_ns)
        self.samples += 1
        if round_trip < 0 or t2_ns < t1_ns:
            return
        error = (round_trip + 1) // 2
        if self._best is None or error < self._best.error_ns:
            self._best = ClockOffset(((t1_ns - t0_ns) + (t2_ns - t3_ns)) // 2, error)

    @property
    def offset(self) -> ClockOffset | None:
        """The estimate, or None before the first usable round trip."""
        return self._best
