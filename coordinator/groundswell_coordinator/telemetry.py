"""What a coordinator counts of its own work from its start on, for whoever watches over it."""

from __future__ import annotations

from bisect import bisect_left
from collections import Counter
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

# An interval is sealed at the latest 0.8 s after its end.
_SEAL_BOUNDS_S = (0.05, 0.1, 0.2, 0.4, 0.6, 0.8, 1.0, 2.0, 5.0)
_STORE_BOUNDS_S = (0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 10.0)

# Of runs that ended before any load, or by a defect of ours.
NO_VERDICT = "none"


class Distribution:
    """How often a value was at most each of `bounds`, which rise; and the sum of all."""

    def __init__(self, bounds: Sequence[float]) -> None:
        self.bounds = tuple(bounds)
        # One more: what is above them all.
        self._counts = [0] * (len(self.bounds) + 1)
        self.sum = 0.0

    def add(self, value: float) -> None:
        self._counts[bisect_left(self.bounds, value)] += 1
        self.sum += value

    @property
    def count(self) -> int:
        return sum(self._counts)

    def cumulative(self) -> list[tuple[float, int]]:
        """Each bound with the number of values at or below it."""
        total, pairs = 0, list[tuple[float, int]]()
        for bound, count in zip(self.bounds, self._counts, strict=False):
            total += count
            pairs.append((bound, total))
        return pairs


class Telemetry:
    """Counters only rise; all of them are changed in the event loop alone."""

    def __init__(self) -> None:
        # By what became of them: merged, amendment, duplicate, too_late.
        self.reports: Counter[str] = Counter()
        self.report_bytes = 0
        self.intervals_sealed = 0
        self.seal_delay = Distribution(_SEAL_BOUNDS_S)
        self.store_seconds = Distribution(_STORE_BOUNDS_S)
        self.store_failures = 0
        # By their verdict, or "none" where they ended without one; and why those did that are not a PASS.
        self.ends: Counter[str] = Counter()
        self.reasons: Counter[str] = Counter()

    def took(self, outcome: str, size: int) -> None:
        """A report of `size` bytes."""
        self.reports[outcome] += 1
        self.report_bytes += size

    def ended(self, verdict: str | None, reasons: Iterable[str] = ()) -> None:
        """A run. A reason of several agents counts once."""
        self.ends[verdict or NO_VERDICT] += 1
        if verdict != "PASS":
            self.reasons.update(set(reasons))
