"""The VU curve of a closed scenario that goes by time: which VUs are active when."""

from __future__ import annotations

import math
from dataclasses import dataclass
from fractions import Fraction
from itertools import accumulate
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence


@dataclass(frozen=True, slots=True)
class VuStage:
    """A straight piece of the curve: seconds, and VUs at either end."""

    duration: Fraction
    start: int
    end: int


class _Piece:
    """A stage that lasts, in its place on the curve.

    Where it crosses a number of VUs is a quotient of two whole numbers, which Python rounds once, to
    the float nearest to the exact moment: the same as of a fraction, at a fiftieth of the time.
    """

    __slots__ = ("_base", "_begin", "_divisor", "_end", "_high", "_low", "_per_vu", "_rises")

    def __init__(self, begin: Fraction, stage: VuStage) -> None:
        self._begin, self._end = float(begin), float(begin + stage.duration)
        self._low, self._high = sorted((stage.start, stage.end))
        self._rises = stage.end > stage.start
        # begin + duration · (vu - start) / (end - start), over one divisor.
        climb = stage.end - stage.start
        self._divisor = begin.denominator * stage.duration.denominator * climb
        self._per_vu = begin.denominator * stage.duration.numerator
        self._base = (
            begin.numerator * stage.duration.denominator * climb - self._per_vu * stage.start
        )

    def span_from(self, vu: int) -> tuple[float, float] | None:
        """From when to when V(t) ≥ `vu` holds, both ends included."""
        if vu <= self._low:
            return self._begin, self._end
        if vu > self._high:
            return None
        crossing = (self._base + self._per_vu * vu) / self._divisor
        return (crossing, self._end) if self._rises else (self._begin, crossing)


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

    def spells_of(self, vus: Iterable[int]) -> Iterator[tuple[float, float, int]]:
        """The spans [on, off) in seconds in which each VU is active; an instant is no span.

        Each is an (on, off, vu): one VU's after the other's.
        """
        begins = accumulate((stage.duration for stage in self.stages), initial=Fraction(0))
        pieces = [
            _Piece(begin, stage)
            for begin, stage in zip(begins, self.stages, strict=False)
            if stage.duration
        ]
        for vu in vus:
            begun, until = 0.0, -1.0
            for piece in pieces:
                span = piece.span_from(vu)
                if span is None:
                    continue
                on, off = span
                if on > until:
                    if begun < until:
                        yield begun, until, vu
                    begun = on
                until = off
            if begun < until:
                yield begun, until, vu

    def _lasting(self) -> Iterator[VuStage]:
        return (stage for stage in self.stages if stage.duration)
