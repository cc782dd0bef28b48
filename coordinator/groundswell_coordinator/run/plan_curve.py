"""What a test planned, as a line: the rate of its open scenarios together, in as few points as it takes."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

from groundswell.schedule.shape import PlannedRate

if TYPE_CHECKING:
    from collections.abc import Collection, Iterable

    from groundswell.scenario.model import Scenario
    from groundswell.schedule.levels import Level

Point = tuple[float, float]

_MOST_SAMPLES = 3600
_DIGITS = 6


def planned_curve(
    scenarios: Collection[Scenario], seconds: float, levels: Iterable[Level] = ()
) -> tuple[Point, ...]:
    """(seconds of the run, iterations per second), straight in between; nothing without a plan.

    Sampled in the middle of every second, or of every few of a long run.
    """
    step = max(1, math.ceil(seconds / _MOST_SAMPLES))
    rate = PlannedRate(scenarios, levels)
    middles = (at + step / 2 for at in range(0, math.ceil(seconds), step))
    samples = [(middle, float(f"{rate.at(middle):.{_DIGITS}g}")) for middle in middles]
    return tuple(_corners(samples)) if any(value for _, value in samples) else ()


def _corners(samples: list[Point]) -> Iterable[Point]:
    """Those at which the line bends, and its ends."""
    for at, (moment, value) in enumerate(samples):
        if at in (0, len(samples) - 1):
            yield moment, value
            continue
        before, after = samples[at - 1][1], samples[at + 1][1]
        if abs((value - before) - (after - value)) > 1e-3 * max(
            abs(value), abs(before), abs(after)
        ):
            yield moment, value
