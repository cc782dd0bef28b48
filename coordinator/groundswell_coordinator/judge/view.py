"""What a selection of series comes to over some intervals. A trend's view is a Histogram."""

from __future__ import annotations

from dataclasses import dataclass

from groundswell.metrics.histogram import Histogram


@dataclass(frozen=True, slots=True)
class CounterView:
    """`seconds` is what the count is spread over: planned active time, or a window's length."""

    count: int
    seconds: float

    @property
    def rate(self) -> float | None:
        """Per second."""
        return self.count / self.seconds if self.seconds > 0 else None


@dataclass(frozen=True, slots=True)
class RateView:
    passes: int
    total: int

    @property
    def rate(self) -> float | None:
        """The share of observations that passed."""
        return self.passes / self.total if self.total else None


@dataclass(frozen=True, slots=True)
class GaugeView:
    """The value of the last interval that has one, and the extremes over all."""

    value: float
    min: float
    max: float


View = Histogram | CounterView | RateView | GaugeView
