"""What one side says of a figure, and how sure it is: by its seconds, or by several runs.

Figures that are compared as ratios are kept as logarithms, so that +10 % and then -9.1 % is nothing.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from itertools import pairwise
from statistics import fmean, variance
from typing import TYPE_CHECKING

from groundswell.metrics.catalog import Kind

if TYPE_CHECKING:
    from groundswell_coordinator.compare.figure import Figure

NOT_MEASURED = "not measured"
# One microsecond, in ms: what is below is no time that is measured.
LEAST_MS = 0.001
_LEAST_RATE = 1e-9
# Of earlier runs: what fewer show of how much runs differ is anybody's guess.
FEWEST_EARLIER = 5


@dataclass(frozen=True, slots=True)
class Estimate:
    """`point` and `variance` are on the scale of the comparison; `value` is in the figure's own unit.

    `variance` is of the point, with `freedom` degrees of freedom. None is an unknown one, and `why`
    says why. `value` is None where there is nothing to compare. No run of the kind varies less than
    by `floor`, whatever a few of them show.
    """

    value: float | None
    point: float = math.nan
    variance: float | None = None
    freedom: float = math.inf
    why: str | None = None
    floor: float = 0.0


@dataclass(frozen=True, slots=True)
class Side:
    """The estimates of one figure, one for each run of a side, and how their mean becomes a value.

    `earlier` are the points of earlier runs of the same test, in their order.
    """

    runs: tuple[Estimate, ...]
    is_logarithmic: bool
    earlier: tuple[float, ...] = ()

    @property
    def is_group(self) -> bool:
        return len(self.runs) > 1

    @property
    def between(self) -> float | None:
        """The variance from one run to the next, or None: it takes two to see it."""
        if not self.is_group or self._missing is not None:
            return None
        floor = fmean(one.floor for one in self.runs)
        return max(variance(one.point for one in self.runs), floor)

    @property
    def usual(self) -> tuple[float, float] | None:
        """The variance from one earlier run to the next, with its degrees of freedom; None of too few.

        It is worked out of the steps between neighbours, so that a build which was slower for good
        counts once (von Neumann, Kent, Bellinson and Hart 1941, "The Mean Square Successive
        Difference", The Annals of Mathematical Statistics 12(2)).
        """
        if len(self.earlier) < FEWEST_EARLIER:
            return None
        steps = [(next_ - one) ** 2 for one, next_ in pairwise(self.earlier)]
        return fmean(steps) / 2, 2 * len(steps) ** 2 / (3 * len(steps) - 1)

    def estimate(self, other: Side) -> Estimate:
        """A group's mean, with the variance that it shows between its runs.

        A single run is as unsure as one of the group beside it, or as earlier runs of its test, or as
        its own seconds say, whichever is more.
        """
        if self._missing is not None:
            return self._missing
        between = self.between
        if between is not None:
            return self._mean(between)
        (own,) = self.runs
        theirs = other.between
        if theirs is None:
            return _among_earlier(own, self.usual or other.usual)
        return Estimate(own.value, own.point, max(theirs, own.variance or 0.0), len(other.runs) - 1)

    @property
    def _missing(self) -> Estimate | None:
        """The first run that lacks the figure."""
        return next((one for one in self.runs if one.value is None), None)

    def _mean(self, between: float) -> Estimate:
        # What a run alone could not say, a row of them can: `why` of its own seconds is no matter.
        count = len(self.runs)
        mean = fmean(one.point for one in self.runs)
        value = math.exp(mean) if self.is_logarithmic else mean
        return Estimate(value, mean, between / count, count - 1)


def _among_earlier(own: Estimate, usual: tuple[float, float] | None) -> Estimate:
    if usual is None or usual[0] <= (own.variance or 0.0):
        return own
    between, freedom = usual
    # Both sides have it from the same runs: two halves of its freedom come to the whole in Welch's sum.
    return Estimate(own.value, own.point, max(between, own.floor), freedom / 2)


def scaled(figure: Figure, value: float, is_logarithmic: bool) -> float:
    """A figure's value on the scale of a comparison."""
    return math.log(max(value, least_of(figure))) if is_logarithmic else value


def least_of(figure: Figure) -> float:
    """What is taken for 0, which has no logarithm."""
    return LEAST_MS if figure.metric.kind is Kind.TREND else _LEAST_RATE
