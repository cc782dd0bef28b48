"""The arrivals of an open scenario that one agent owns, in order of their moments."""

from __future__ import annotations

import hashlib
import json
import math
from bisect import bisect_right
from typing import TYPE_CHECKING

import numpy as np

from groundswell.schedule.stripe import EVERYTHING

if TYPE_CHECKING:
    from collections.abc import Iterator
    from fractions import Fraction

    from groundswell.schedule.rate import FloatArray, RateCurve
    from groundswell.schedule.stripe import IndexArray, Stripe

_BLOCK = 1024
_NONE = np.empty(0, dtype=np.int64)
_NO_BLOCK = (_NONE, np.empty(0, dtype=np.float64))


class Arrivals:
    """What an executor drains: `for moment in arrivals.take(now, most=50): start(moment)`.

    `next_moment` is in seconds from the scenario's start, inf after the last arrival.
    `planned_total` counts all arrivals of this object from its beginning; None where only the end
    of the stream tells.
    """

    __slots__ = ("_at", "_blocks", "_indices", "_moments", "next_moment", "planned_total")

    def __init__(
        self, blocks: Iterator[tuple[IndexArray, FloatArray]], planned_total: int | None
    ) -> None:
        self.planned_total = planned_total
        self._blocks = blocks
        self._at = 0
        # Plain ints and floats: a numpy scalar costs more to handle than it took to compute.
        self._indices: list[int] = []
        self._moments: list[float] = []
        self.next_moment = math.inf
        self._advance(0)

    def pop(self) -> int:
        """Take the next arrival; its index. IndexError when none is left."""
        if self._at == len(self._indices):
            raise IndexError("no arrival is left")
        index = self._indices[self._at]
        self._advance(self._at + 1)
        return index

    def take(self, until: float, most: int) -> list[float]:
        """Take those of the next `most` that are planned at or before `until`; their moments, in order.

        There may be fewer than are left: who wants all asks until `next_moment` is beyond.
        """
        at, moments = self._at, self._moments
        end = bisect_right(moments, until, at, min(at + most, len(moments)))
        self._advance(end)
        return moments[at:end]

    def _advance(self, at: int) -> None:
        """To that place of the block, or to the next block that is not empty."""
        while at == len(self._moments):
            indices, moments = next(self._blocks, _NO_BLOCK)
            at, self._indices, self._moments = 0, indices.tolist(), moments.tolist()
            if indices is _NONE:
                self._at, self.next_moment = 0, math.inf
                return
        self._at, self.next_moment = at, self._moments[at]

    def __iter__(self) -> Iterator[tuple[int, float]]:
        while self.next_moment < math.inf:
            moment = self.next_moment
            yield self.pop(), moment


def even(
    curve: RateCurve, stripe: Stripe, *, end: int | None = None, block: int = _BLOCK
) -> Arrivals:
    """The arrivals of `stripe` below the index `end`, at the moments the curve plans."""
    owned = stripe.count_below(curve.planned if end is None else min(end, curve.planned))
    return Arrivals(_walk(curve, stripe, range(0, owned, block), owned), owned)


def poisson(
    curve: RateCurve,
    part: Fraction,
    seed: int,
    stripe: Stripe = EVERYTHING,
    end: int | None = None,
) -> Arrivals:
    """A Poisson process at `part` of the rate; indices are its own 0, 1, 2…

    The sum of independent ones whose parts add up to 1 is a Poisson process at the whole rate. With
    a stripe, those of its arrivals whose indices are in it and below `end`.
    """
    moments = poisson_moments(curve, part, seed)
    return Arrivals(_select(moments, stripe, end), None)


def poisson_total(curve: RateCurve, part: Fraction, seed: int) -> int:
    """How many arrivals `poisson` of the same arguments has. Draws them all."""
    return sum(areas.size for areas in _draw_areas(float(curve.total * part), seed))


def stream_seed(run_seed: int | str, scenario: str, agent: str) -> int:
    """The seed of one agent's stream in one scenario of one run: the same in every process."""
    key = json.dumps([str(run_seed), scenario, agent]).encode()
    return int.from_bytes(hashlib.sha256(key).digest()[:16], "big")


def _walk(
    curve: RateCurve, stripe: Stripe, starts: range, end: int
) -> Iterator[tuple[IndexArray, FloatArray]]:
    for start in starts:
        indices = stripe.slice(start, min(start + starts.step, end))
        yield indices, curve.moments(indices)


def poisson_moments(curve: RateCurve, part: Fraction, seed: int) -> Iterator[FloatArray]:
    """All moments of `poisson` of the same arguments, in blocks: about 10 ns each."""
    for areas in _draw_areas(float(curve.total * part), seed):
        yield curve.inverse(areas / float(part))


def _select(
    blocks: Iterator[FloatArray], stripe: Stripe, end: int | None
) -> Iterator[tuple[IndexArray, FloatArray]]:
    drawn = 0
    for moments in blocks:
        first, drawn = drawn, drawn + moments.size
        stop = drawn if end is None else min(drawn, end)
        own = stripe.slice(stripe.count_below(first), stripe.count_below(stop))
        yield own, moments[own - first]
        if stop < drawn:
            return


def _draw_areas(limit: float, seed: int) -> Iterator[FloatArray]:
    """A Poisson process of rate 1 on [0, limit): the inverse of A makes it follow the curve."""
    random = np.random.Generator(np.random.PCG64(np.random.SeedSequence(seed)))
    reached = 0.0
    while reached < limit:
        gaps = random.standard_exponential(_BLOCK)
        gaps[0] += reached
        areas = np.cumsum(gaps)
        reached = float(areas[-1])
        inside = areas[: np.searchsorted(areas, limit)]
        if inside.size:
            yield inside
