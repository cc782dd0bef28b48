"""An interval that reports are still added to, and what adds up to what.

Histograms are borrowed from a pool: a fresh one each second for every series would have its 188 KB
zeroed by the allocator each time, a used one clears only what was touched.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from groundswell.metrics.catalog import BUILTIN, Across
from groundswell.metrics.histogram import Histogram
from groundswell_coordinator.timeline.interval import Interval, Rate, Trend

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

    from groundswell.metrics.scratch import Decoded
    from groundswell.v1.metrics_pb2 import Report
    from groundswell_coordinator.timeline.declarations import SeriesRegistry
    from groundswell_coordinator.timeline.measured import Measured


class HistogramPool:
    """Empty histograms to borrow."""

    def __init__(self) -> None:
        self._spare: list[Histogram] = []

    def take(self) -> Histogram:
        return self._spare.pop() if self._spare else Histogram()

    def give_back(self, histograms: Iterable[Histogram]) -> None:
        for histogram in histograms:
            histogram.clear()
            self._spare.append(histogram)


class OpenInterval:
    """The sum of the reports of one interval so far, by the slots of `registry`."""

    def __init__(self, number: int, registry: SeriesRegistry, pool: HistogramPool) -> None:
        self.number = number
        self._registry = registry
        self._pool = pool
        self._counters: dict[int, int] = {}
        self._gauges: dict[int, float] = {}
        self._rates: dict[int, tuple[int, int]] = {}
        self._trends: dict[int, Histogram] = {}
        # For whoever stores it.
        self.parts: list[Report] = []

    def add(self, measured: Measured, decoded: Sequence[tuple[int, Decoded]]) -> None:
        """Add a report that is in order: nothing here fails."""
        counters, rates, trends = self._counters, self._rates, self._trends
        for slot, delta in measured.counters:
            counters[slot] = counters.get(slot, 0) + delta
        for slot, passes, total in measured.rates:
            known = rates.get(slot)
            rates[slot] = (
                (passes, total) if known is None else (known[0] + passes, known[1] + total)
            )
        for slot, value in measured.gauges:
            self._add_gauge(slot, value)
        for slot, one in decoded:
            if slot not in trends:
                trends[slot] = self._pool.take()
            trends[slot].add(one)

    @property
    def trends(self) -> Mapping[int, Histogram]:
        return self._trends

    def seal(self) -> Interval:
        """The interval at rest. The histograms go back to the pool."""
        series = self._registry
        interval = Interval(
            self.number,
            counters={series[slot]: count for slot, count in self._counters.items()},
            gauges={series[slot]: value for slot, value in self._gauges.items()},
            rates={series[slot]: Rate(*rate) for slot, rate in self._rates.items()},
            trends={series[slot]: Trend.of(one) for slot, one in self._trends.items()},
            parts=tuple(self.parts),
        )
        self._pool.give_back(self._trends.values())
        self._trends = {}
        return interval

    def include(self, sealed: Interval) -> None:
        """Add an interval that was at rest; ProtocolViolation where it is not one of ours."""
        slots = {series: self._registry.register(series, kind) for series, kind in sealed.series()}
        for series, count in sealed.counters.items():
            self._counters[slots[series]] = self._counters.get(slots[series], 0) + count
        for series, rate in sealed.rates.items():
            passes, total = self._rates.get(slots[series], (0, 0))
            self._rates[slots[series]] = (passes + rate.passes, total + rate.total)
        for series, value in sealed.gauges.items():
            self._add_gauge(slots[series], value)
        for series, trend in sealed.trends.items():
            trend.add_to(self._trend(slots[series]))

    def _trend(self, slot: int) -> Histogram:
        if slot not in self._trends:
            self._trends[slot] = self._pool.take()
        return self._trends[slot]

    def _add_gauge(self, slot: int, value: float) -> None:
        known = self._gauges.get(slot)
        if known is not None:
            value = across(self._registry[slot].metric, known, value)
        self._gauges[slot] = value


def across(metric: str, one: float, other: float) -> float:
    """Two agents' values, or two series', of one gauge as one value; of a test's own, the larger."""
    known = BUILTIN.get(metric)
    match Across.MAX if known is None else known.across:
        case Across.MAX:
            return max(one, other)
        case Across.MIN:
            return min(one, other)
        case Across.SUM:
            return one + other
