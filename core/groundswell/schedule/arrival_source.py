"""One sequence of arrivals that an agent owns a part of: the scenario's own, or one that it inherits.

An agent begins with one source. A handover adds some and takes none away, so that whoever walks a
source goes on where he is.
"""

from __future__ import annotations

from bisect import bisect_left
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from groundswell.schedule.arrivals import even, poisson, poisson_moments, poisson_total
from groundswell.schedule.stripe import EVERYTHING, Inherited, Stripe

if TYPE_CHECKING:
    from fractions import Fraction

    from groundswell.schedule.arrivals import Arrivals
    from groundswell.schedule.rate import RateCurve


@dataclass(frozen=True, slots=True, eq=False)
class EvenSource:
    """The curve's arrivals whose indices are in `stripe` and below `end`."""

    curve: RateCurve
    stripe: Stripe
    end: int

    @property
    def planned(self) -> int:
        return self.stripe.count_below(self.end)

    def planned_before(self, moment: float) -> int:
        """How many are planned before `moment`, in seconds from the scenario's start."""
        return self.stripe.count_below(min(self.end, self._index_at(moment)))

    def walk(self) -> Arrivals:
        return even(self.curve, self.stripe, end=self.end)

    def until(self, moment: float) -> EvenSource:
        """What stays with an agent that hands over from `moment` on."""
        return replace(self, end=min(self.end, self._index_at(moment)))

    def inherited(self, moment: float, heir: Stripe) -> EvenSource:
        """What an heir gets of it."""
        return replace(self, stripe=Inherited(self.stripe, self._index_at(moment), heir))

    def _index_at(self, moment: float) -> int:
        """The first index planned at or after `moment`."""
        return bisect_left(range(self.curve.planned), moment, key=self.curve.moment)


@dataclass(frozen=True, slots=True, eq=False)
class PoissonSource:
    """Of the stream that `seed` draws at `part` of the rate, the arrivals in `stripe` below `end`.

    The indices are the stream's own. Whoever has the seed draws the same stream, so an heir knows
    what the lost agent would have done. `end` is None where the stream ends by itself.
    """

    curve: RateCurve
    part: Fraction
    seed: int
    stripe: Stripe
    end: int | None = None

    @classmethod
    def whole(cls, curve: RateCurve, part: Fraction, seed: int) -> PoissonSource:
        return cls(curve, part, seed, EVERYTHING)

    @property
    def planned(self) -> int:
        """Draws the whole stream: about 10 ns for each arrival."""
        drawn = poisson_total(self.curve, self.part, self.seed)
        return self.stripe.count_below(drawn if self.end is None else min(drawn, self.end))

    def planned_before(self, moment: float) -> int:
        index = self._index_at(moment)
        return self.stripe.count_below(index if self.end is None else min(index, self.end))

    def walk(self) -> Arrivals:
        # What is nobody else's needs no sifting.
        if self.stripe is EVERYTHING and self.end is None:
            return poisson(self.curve, self.part, self.seed)
        return poisson(self.curve, self.part, self.seed, self.stripe, self.end)

    def until(self, moment: float) -> PoissonSource:
        index = self._index_at(moment)
        return replace(self, end=index if self.end is None else min(index, self.end))

    def inherited(self, moment: float, heir: Stripe) -> PoissonSource:
        return replace(self, stripe=Inherited(self.stripe, self._index_at(moment), heir))

    def _index_at(self, moment: float) -> int:
        index = 0
        for moments in poisson_moments(self.curve, self.part, self.seed):
            below = int(moments.searchsorted(moment))
            index += below
            if below < moments.size:
                break
        return index


ArrivalSource = EvenSource | PoissonSource
