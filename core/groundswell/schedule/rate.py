"""The rate curve of an open scenario: when each arrival is planned.

With A(t) the area under the curve, arrival n (from 0) is planned at t(n) = inf{t : A(t) > n}, and
⌈A(D)⌉ arrivals are planned in all. Areas are exact rationals. Moments are float64 seconds and a
function of n alone: whoever computes one, by itself or in a block, gets the same bits.
"""

from __future__ import annotations

import math
from bisect import bisect_right
from dataclasses import dataclass, field
from fractions import Fraction
from itertools import accumulate
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

if TYPE_CHECKING:
    from collections.abc import Sequence

    from groundswell.schedule.stripe import IndexArray

FloatArray = NDArray[np.float64]

# Every integer up to here is a float64 of its own.
_MOST_ARRIVALS = 2**53


@dataclass(frozen=True, slots=True)
class RateStage:
    """A straight piece of the curve: seconds, and arrivals per second at either end."""

    duration: Fraction
    start_rate: Fraction
    end_rate: Fraction

    @property
    def area(self) -> Fraction:
        return self.duration * (self.start_rate + self.end_rate) / 2

    def area_after(self, elapsed: Fraction) -> Fraction:
        slope = (self.end_rate - self.start_rate) / self.duration
        return elapsed * (self.start_rate + elapsed * slope / 2)


@dataclass(frozen=True, slots=True, eq=False)
class _Floats:
    """The stages as columns. Areas are split into integer and rest: n - area loses no bits."""

    begin: FloatArray
    end: FloatArray
    area_end: FloatArray
    floor_begin: IndexArray  # ⌊area at the begin⌋
    over_begin: FloatArray  # what the area at the begin has above that
    ceil_end: IndexArray  # ⌈area at the end⌉
    under_end: FloatArray  # what the area at the end lacks to that
    rising: NDArray[np.bool_]
    slow_rate: FloatArray  # at the slower end
    slope: FloatArray  # without sign
    last: float  # the highest float64 below D

    @classmethod
    def of(cls, stages: Sequence[RateStage]) -> _Floats:
        times = list(accumulate((stage.duration for stage in stages), initial=Fraction(0)))
        areas = list(accumulate((stage.area for stage in stages), initial=Fraction(0)))
        floors = [math.floor(area) for area in areas[:-1]]
        ceils = [math.ceil(area) for area in areas[1:]]
        return cls(
            begin=_floats(times[:-1]),
            end=_floats(times[1:]),
            area_end=_floats(areas[1:]),
            floor_begin=np.array(floors, dtype=np.int64),
            over_begin=_floats([a - n for a, n in zip(areas[:-1], floors, strict=True)]),
            ceil_end=np.array(ceils, dtype=np.int64),
            under_end=_floats([n - a for a, n in zip(areas[1:], ceils, strict=True)]),
            rising=np.array([s.end_rate >= s.start_rate for s in stages], dtype=np.bool_),
            slow_rate=_floats([min(s.start_rate, s.end_rate) for s in stages]),
            slope=_floats([abs(s.end_rate - s.start_rate) / s.duration for s in stages]),
            last=math.nextafter(float(times[-1]), 0.0),
        )


@dataclass(frozen=True, slots=True)
class RateCurve:
    """A piecewise linear arrival rate over [0, D). Stages without duration are left out."""

    stages: tuple[RateStage, ...]
    duration: Fraction = field(init=False, repr=False, compare=False)
    planned: int = field(init=False, repr=False, compare=False)
    _floats: _Floats = field(init=False, repr=False, compare=False)

    def __post_init__(self) -> None:
        for stage in self.stages:
            if min(stage.duration, stage.start_rate, stage.end_rate) < 0:
                raise ValueError(f"a duration or rate is negative: {stage}")
        stages = tuple(stage for stage in self.stages if stage.duration)
        planned = math.ceil(sum(stage.area for stage in stages))
        if planned > _MOST_ARRIVALS:
            raise ValueError(f"{planned} arrivals are more than can be told apart (2**53)")
        object.__setattr__(self, "stages", stages)
        object.__setattr__(self, "duration", sum((s.duration for s in stages), Fraction(0)))
        object.__setattr__(self, "planned", planned)
        object.__setattr__(self, "_floats", _Floats.of(stages))

    @classmethod
    def constant(cls, rate: Fraction, duration: Fraction) -> RateCurve:
        return cls((RateStage(duration, rate, rate),))

    @classmethod
    def ramping(
        cls, start_rate: Fraction, stages: Sequence[tuple[Fraction, Fraction]]
    ) -> RateCurve:
        """From `start_rate` through each (duration, target); without duration it is a jump."""
        starts = [start_rate, *(target for _, target in stages)]
        return cls(
            tuple(RateStage(d, start, r) for start, (d, r) in zip(starts, stages, strict=False))
        )

    @property
    def total(self) -> Fraction:
        """A(D): the arrivals planned, before rounding up."""
        return sum((stage.area for stage in self.stages), Fraction(0))

    def rate_at(self, t: float | Fraction) -> float:
        """Arrivals per second at `t`, after the jump where there is one; 0 outside [0, D)."""
        if not 0 <= t < self.duration:
            return 0.0
        at = bisect_right(self._floats.begin, t) - 1
        stage, elapsed = self.stages[at], float(t) - float(self._floats.begin[at])
        rise = float(stage.end_rate - stage.start_rate)
        return float(stage.start_rate) + rise * elapsed / float(stage.duration)

    def peak_from(self, t: Fraction) -> Fraction:
        """The highest rate at `t` or later; 0 after the end."""
        peak, left = Fraction(0), max(t, Fraction(0))
        for stage in self.stages:
            if left < stage.duration:
                gone = left / stage.duration
                begin = stage.start_rate + gone * (stage.end_rate - stage.start_rate)
                peak = max(peak, begin, stage.end_rate)
            left = max(left - stage.duration, Fraction(0))
        return peak

    def area(self, t: Fraction) -> Fraction:
        """A(t), exactly; t is clipped to [0, D]."""
        area, left = Fraction(0), max(t, Fraction(0))
        for stage in self.stages:
            if left < stage.duration:
                return area + stage.area_after(left)
            area, left = area + stage.area, left - stage.duration
        return area

    def moment(self, index: int) -> float:
        """When arrival `index` is planned, in seconds."""
        return float(self.moments(np.array([index], dtype=np.int64))[0])

    def moments(self, indices: IndexArray) -> FloatArray:
        """When each of these arrivals is planned: never falls with the index, always below D."""
        if not indices.size:
            return np.empty(0, dtype=np.float64)
        if indices.min() < 0 or indices.max() >= self.planned:
            raise IndexError(f"the curve plans arrivals 0 to {self.planned - 1}")
        f = self._floats
        # For an integer n, n < A(end) and n < ⌈A(end)⌉ are the same.
        # The first stage that ends above n is never at rate 0 throughout.
        stage = np.searchsorted(f.ceil_end, indices, side="right")
        since = (indices - f.floor_begin[stage]) - f.over_begin[stage]
        until = (f.ceil_end[stage] - indices) - f.under_end[stage]
        return self._solve(stage, since, until)

    def inverse(self, areas: FloatArray) -> FloatArray:
        """inf{t : A(t) > a} for each a of `areas`, all in [0, A(D)); A(D) must not be 0."""
        f = self._floats
        last = np.searchsorted(f.area_end, f.area_end[-1:])[0]
        stage = np.minimum(np.searchsorted(f.area_end, areas, side="right"), last)
        since = areas - (f.floor_begin[stage] + f.over_begin[stage])
        return self._solve(stage, np.maximum(since, 0), np.maximum(f.area_end[stage] - areas, 0))

    def _solve(self, stage: NDArray[np.intp], since: FloatArray, until: FloatArray) -> FloatArray:
        """The moment in `stage` that has the area `since` behind it and `until` ahead of it.

        Solved from the slower end, from where the rate only grows: seen from the faster end the
        terms under the root cancel where a ramp ends at rate 0.
        """
        f = self._floats
        rising, slow = f.rising[stage], f.slow_rate[stage]
        area = np.where(rising, since, until)
        speed = slow + np.sqrt(slow * slow + 2.0 * f.slope[stage] * area)
        # No speed means no area either: the very start of a ramp from 0.
        away = np.divide(2.0 * area, speed, out=np.zeros_like(area), where=speed > 0.0)
        begin, end = f.begin[stage], f.end[stage]
        moments: FloatArray = np.where(rising, begin + away, end - away)
        return np.clip(moments, begin, np.minimum(end, f.last))


def _floats(values: Sequence[Fraction]) -> FloatArray:
    return np.array([float(value) for value in values], dtype=np.float64)
