"""One sequence of arrivals that an agent owns a part of: the scenario's own, or one that it inherits.

An agent begins with one source. A handover adds some and takes none away, so that whoever walks a
source goes on where he is.
"""

from __future__ import annotations

import sys
from abc import ABC, abstractmethod
from bisect import bisect_left
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from groundswell.schedule.arrivals import even, poisson, poisson_moments, poisson_total
from groundswell.schedule.stripe import EVERYTHING, Inherited, Stripe

if TYPE_CHECKING:
    from fractions import Fraction
    from typing import Self

    from groundswell.schedule.arrivals import Arrivals
    from groundswell.schedule.rate import RateCurve

# An end that no stream reaches.
_NEVER = sys.maxsize


@dataclass(frozen=True, slots=True, eq=False)
class ArrivalSource(ABC):
    """The arrivals along `curve` whose indices are in `stripe` and below `end`."""

    curve: RateCurve
    stripe: Stripe
    end: int

    @property
    @abstractmethod
    def planned(self) -> int: ...

    @property
    def share(self) -> Fraction:
        """Its part of the curve's rate, while it lasts."""
        return self.stripe.part

    @abstractmethod
    def walk(self) -> Arrivals: ...

    @abstractmethod
    def index_at(self, moment: float) -> int:
        """The first index at or after `moment`, in seconds from the scenario's start."""

    def planned_before(self, moment: float) -> int:
        return self.stripe.count_below(min(self.end, self.index_at(moment)))

    def until(self, index: int) -> Self:
        """What stays with an agent that hands over from `index` on."""
        return replace(self, end=min(self.end, index))

    def inherited(self, index: int, heir: Stripe) -> Self:
        """What an heir gets of it."""
        return replace(self, stripe=Inherited(self.stripe, index, heir))


@dataclass(frozen=True, slots=True, eq=False)
class EvenSource(ArrivalSource):
    """Those that the curve plans itself."""

    @property
    def planned(self) -> int:
        return self.stripe.count_below(self.end)

    def walk(self) -> Arrivals:
        return even(self.curve, self.stripe, end=self.end)

    def index_at(self, moment: float) -> int:
        return bisect_left(range(self.curve.planned), moment, key=self.curve.moment)


@dataclass(frozen=True, slots=True, eq=False)
class PoissonSource(ArrivalSource):
    """Those of the stream that `seed` draws at `part` of the rate; the indices are the stream's own.

    Whoever has the seed draws the same stream, so an heir knows what the lost agent would have done.
    """

    part: Fraction
    seed: int

    @classmethod
    def whole(cls, curve: RateCurve, part: Fraction, seed: int) -> PoissonSource:
        return cls(curve, EVERYTHING, _NEVER, part, seed)

    @property
    def share(self) -> Fraction:
        return self.part * self.stripe.part

    @property
    def planned(self) -> int:
        """Draws the whole stream: about 10 ns for each arrival."""
        drawn = poisson_total(self.curve, self.part, self.seed)
        return self.stripe.count_below(min(self.end, drawn))

    def walk(self) -> Arrivals:
        return poisson(self.curve, self.part, self.seed, self.stripe, self.end)

    def index_at(self, moment: float) -> int:
        """Draws the stream from its beginning up to there."""
        index = 0
        for moments in poisson_moments(self.curve, self.part, self.seed):
            below = int(moments.searchsorted(moment))
            index += below
            if below < moments.size:
                break
        return index
