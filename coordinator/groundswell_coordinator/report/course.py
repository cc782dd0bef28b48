"""The course of a run: what was measured, bin after bin, and what it comes to; for pictures of it.

    course = read_course(run, intervals)
    course.p95_ms[7]    of the bin that begins at second 7 * course.step_s

A bin is some whole seconds, so that an hour has no more points than a screen. Percentiles of a bin
are those of its merged histograms.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

import numpy as np

from groundswell.metrics.histogram import Histogram

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import NDArray

PERCENTILES = (50.0, 95.0, 99.0)
_STEPS = (1, 2, 3, 5, 6, 10, 12, 15, 20, 30, 60)


@dataclass(slots=True)
class Named:
    """The requests of one name."""

    duration: Histogram = field(default_factory=Histogram)
    requests: int = 0
    failed: int = 0


@dataclass(frozen=True, slots=True)
class Heat:
    """`counts[row, column]` samples between `edges_ms[row]` and the next one, which are logarithmic.

    A column is some bins; it begins at `starts_s`, and the last one ends at the last of these.
    """

    starts_s: Sequence[int]
    edges_ms: NDArray[np.float64]
    counts: NDArray[np.int64]

    @classmethod
    def empty(cls) -> Heat:
        return cls((), np.zeros(0, np.float64), np.zeros((0, 0), np.int64))


@dataclass(slots=True)
class Course:
    """A value for each bin, None where there was nothing to measure; rates are per second."""

    step_s: int
    seconds: int
    requests: list[float] = field(default_factory=list[float])
    failed: list[float] = field(default_factory=list[float])
    fired: list[float] = field(default_factory=list[float])
    dropped: list[float] = field(default_factory=list[float])
    vus: list[float | None] = field(default_factory=list[float | None])
    p50_ms: list[float | None] = field(default_factory=list[float | None])
    p95_ms: list[float | None] = field(default_factory=list[float | None])
    p99_ms: list[float | None] = field(default_factory=list[float | None])
    response_p99_ms: list[float | None] = field(default_factory=list[float | None])
    send_lag_p99_ms: list[float | None] = field(default_factory=list[float | None])
    agent_cpu: list[float | None] = field(default_factory=list[float | None])
    duration: Histogram = field(default_factory=Histogram)
    response: Histogram = field(default_factory=Histogram)
    names: dict[str, Named] = field(default_factory=dict[str, Named])
    heat: Heat = field(default_factory=Heat.empty)

    @property
    def starts_s(self) -> Sequence[int]:
        """Where the bins begin, in seconds of the run."""
        return range(0, self.seconds, self.step_s)


def step_of(seconds: int, most: int) -> int:
    """How long bins are, of which there are to be no more than `most`."""
    for step in _STEPS:
        if seconds <= step * most:
            return step
    return -(-seconds // (60 * most)) * 60
