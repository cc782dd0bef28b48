"""A window that slides over a run second by second: what a threshold with `over` is judged by."""

from __future__ import annotations

from collections import deque
from typing import TYPE_CHECKING

from groundswell.metrics.catalog import Kind
from groundswell.metrics.histogram import Histogram
from groundswell_coordinator.judge.view import CounterView, GaugeView, RateView
from groundswell_coordinator.timeline.slice import Slice, trend_of

if TYPE_CHECKING:
    from collections.abc import Sequence

    from groundswell.metrics.series import Series
    from groundswell_coordinator.judge.view import View
    from groundswell_coordinator.timeline.interval import Interval


class TrendQueue:
    """A queue of distributions that knows their sum: two merges a second, however long it is.

    Distributions cannot be subtracted (a minimum has no inverse), so the queue is two stacks: new
    ones go on `_back`, whose sum is kept; old ones leave from `_front`, which holds sums of
    suffixes.
    """

    def __init__(self) -> None:
        self._front: list[Histogram] = []
        self._back: list[Histogram] = []
        self._back_sum = Histogram()

    def push(self, histogram: Histogram) -> None:
        self._back.append(histogram)
        self._back_sum.merge(histogram)

    def pop(self) -> None:
        if not self._front:
            self._turn()
        self._front.pop()

    def sum(self) -> Histogram:
        total = self._back_sum.copy()
        if self._front:
            total.merge(self._front[-1])
        return total

    def _turn(self) -> None:
        suffix = Histogram()
        while self._back:
            suffix.merge(self._back.pop())
            self._front.append(suffix.copy())
        self._back_sum.clear()


class SlidingWindow:
    """The last `length` intervals of a selection's series, all of one metric."""

    def __init__(self, kind: Kind, length: int) -> None:
        self.length = length
        self._kind = kind
        self._slices: deque[Slice] = deque()
        self._trends = TrendQueue()

    def push(self, interval: Interval, series: Sequence[Series]) -> None:
        if self.is_full:
            self._drop_oldest()
        self._slices.append(Slice.of(interval, series))
        if self._kind is Kind.TREND:
            self._trends.push(trend_of(interval, series))

    def reset(self) -> None:
        """Begin anew, because an interval is left out: a window has no holes."""
        self._slices.clear()
        self._trends = TrendQueue()

    @property
    def is_full(self) -> bool:
        return len(self._slices) == self.length

    def view(self) -> View | None:
        match self._kind:
            case Kind.TREND:
                return self._trends.sum()
            case Kind.COUNTER:
                return CounterView(sum(one.count for one in self._slices), self.length)
            case Kind.RATE:
                passes = sum(one.passes for one in self._slices)
                return RateView(passes, sum(one.total for one in self._slices))
            case Kind.GAUGE:
                values = [one.gauge for one in self._slices if one.gauge is not None]
                return GaugeView(values[-1], min(values), max(values)) if values else None

    def _drop_oldest(self) -> None:
        self._slices.popleft()
        if self._kind is Kind.TREND:
            self._trends.pop()
