"""A rate curve once more, slow and exact: only the definition is shared with the one it checks."""

from __future__ import annotations

from fractions import Fraction
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from tests.core.schedule.strategies import RateStages


def area(start_rate: Fraction, stages: RateStages, t: Fraction) -> Fraction:
    """A(t), as a sum of trapezoids."""
    total, begin, rate = Fraction(0), Fraction(0), start_rate
    for duration, target in stages:
        inside = min(max(t - begin, Fraction(0)), duration)
        if duration:
            reached = rate + (target - rate) * inside / duration
            total += (rate + reached) / 2 * inside
        begin, rate = begin + duration, target
    return total


def moment(start_rate: Fraction, stages: RateStages, index: int) -> Fraction:
    """inf{t : A(t) > index} to 2**-60 of the duration, by bisection."""
    low, high = Fraction(0), sum((duration for duration, _ in stages), Fraction(0))
    for _ in range(60):
        middle = (low + high) / 2
        if area(start_rate, stages, middle) > index:
            high = middle
        else:
            low = middle
    return high
