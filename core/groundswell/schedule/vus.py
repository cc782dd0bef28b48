"""The VU curve of a closed scenario that goes by time: which VUs are active when."""

from __future__ import annotations

import math
from dataclasses import dataclass
from fractions import Fraction
from itertools import accumulate
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence


@dataclass(frozen=True, slots=True)
class VuStage:
    """A straight piece of the curve: seconds, and VUs at either end."""

    duration: Fraction
    start: int
    end: int

    def reached(self, vus: int) -> Fraction:
        """Seconds into the stage at which it is at `vus`, for a stage that is not flat."""
        return self.duration * Fraction(vus - self.start, self.end - self.start)

    def span_from(self, vu: int) -> tuple[Fraction, Fraction] | None:
        """From when to when V(t) ≥ `vu` holds, both ends included."""
        if min(self.start, self.end) >= vu:
            return Fraction(0), self.duration
        if max(self.start, self.end) < vu:
            return None
        crossing = self.reached(vu)
        return (crossing, self.duration) if self.end > self.start else (Fraction(0), crossing)


@dataclass(frozen=True, slots=True)
class VuCurve:
    """V(t), piecewise linear over [0, D). VU v (from 1) is active at t when v ≤ V(t)."""

    stages: tuple[VuStage, ...]

    def __post_init__(self) -> None:
        for stage in self.stages:
            if stage.duration < 0 or min(stage.start, stage.end) < 0:
                raise ValueError(f"a duration or number of VUs is negative: {stage}")

    @classmethod
    def constant(cls, vus: int, duration: Fraction) -> VuCurve:
        return cls((VuStage(duration, vus, vus),))

    @classmethod
    def ramping(cls, start: int, stages: Sequence[tuple[Fraction, int]]) -> VuCurve:
        """From `start` through each (duration, target); without duration it is a jump."""
        starts = [start, *(target for _, target in stages)]
        return cls(
            tuple(VuStage(d, begin, v) for begin, (d, v) in zip(starts, stages, strict=False))
        )

    @property
    def duration(self) -> Fraction:
        return sum((stage.duration for stage in self.stages), Fraction(0))

    @property
    def peak(self) -> int:
        """The most VUs the curve ever asks for, if only for an instant."""
        return max((max(stage.start, stage.end) for stage in self._lasting()), default=0)

    def at(self, t: float | Fraction) -> int:
        """The VUs active at `t`, after the jump where there is one; 0 outside [0, D)."""
        left = Fraction(t)
        if left < 0:
            return 0
        for stage in self._lasting():
            if left < stage.duration:
                return math.floor(stage.start + (stage.end - stage.start) * left / stage.duration)
            left -= stage.duration
        return 0

    def spells(self, vu: int) -> tuple[tuple[float, float], ...]:
        """The spans [on, off) in seconds in which VU `vu` is active; an instant is no span."""
        spells: list[tuple[Fraction, Fraction]] = []
        for on, off in self._spans(vu):
            if spells and spells[-1][1] == on:
                on = spells.pop()[0]
            spells.append((on, off))
        return tuple((float(on), float(off)) for on, off in spells if float(on) < float(off))

    def _lasting(self) -> Iterator[VuStage]:
        return (stage for stage in self.stages if stage.duration)

    def _spans(self, vu: int) -> Iterator[tuple[Fraction, Fraction]]:
        begins = accumulate((stage.duration for stage in self.stages), initial=Fraction(0))
        for begin, stage in zip(begins, self.stages, strict=False):
            span = stage.span_from(vu) if stage.duration else None
            if span:
                yield begin + span[0], begin + span[1]
