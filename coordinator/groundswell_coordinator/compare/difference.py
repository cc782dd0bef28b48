"""A figure of two sides, held against each other: by how much it differs, and between which bounds.

Everything is symmetrical: with the sides swapped, a difference of ratios becomes its inverse and one
of shares its negative.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from enum import Enum
from typing import TYPE_CHECKING

from groundswell_coordinator.compare import student

if TYPE_CHECKING:
    from groundswell_coordinator.compare.estimate import Estimate


class Word(Enum):
    """What is known of a figure, by its interval and what is tolerated.

    BETTER, WORSE     beyond doubt by more than that
    SAME              beyond doubt by less
    UNCLEAR           anything else
    """

    BETTER = "better"
    SAME = "same"
    WORSE = "worse"
    UNCLEAR = "unclear"


@dataclass(frozen=True, slots=True)
class Contrast:
    """`shift` is the candidate's point less the base's, on the scale of both.

    `error` is its standard error, with `freedom` degrees of freedom; None where it is not known.
    """

    shift: float
    error: float | None
    freedom: float = math.inf

    @classmethod
    def of(cls, base: Estimate, candidate: Estimate, times: float = 1.0) -> Contrast:
        """`times` is what the base is multiplied by before."""
        shift = candidate.point - times * base.point
        if base.variance is None or candidate.variance is None:
            return cls(shift, None)
        variances = (times**2 * base.variance, candidate.variance)
        freedom = _welch(variances, (base.freedom, candidate.freedom))
        return cls(shift, math.sqrt(sum(variances)), freedom)

    def bounds(self, confidence: float) -> tuple[float, float] | None:
        """The two-sided interval of Student's t."""
        if self.error is None:
            return None
        reach = student.quantile((1 + confidence) / 2, self.freedom) * self.error
        return self.shift - reach, self.shift + reach

    def above(self, limit: float) -> float:
        """How likely a shift as large as this is, where the true one is `limit`."""
        return self._tail(self.shift - limit)

    def below(self, limit: float) -> float:
        return self._tail(limit - self.shift)

    def _tail(self, distance: float) -> float:
        if self.error is None:
            return 1.0
        if self.error == 0:
            return 0.0 if distance > 0 else 1.0
        return student.tail(distance / self.error, self.freedom)


def _welch(variances: tuple[float, float], freedoms: tuple[float, float]) -> float:
    """The degrees of freedom of a sum of variances, after Welch (1947) and Satterthwaite (1946)."""
    total = sum(variances)
    if total == 0:
        return math.inf
    parts = zip(variances, freedoms, strict=True)
    weight = sum((one / total) ** 2 / freedom for one, freedom in parts)
    return 1 / weight if weight > 0 else math.inf
