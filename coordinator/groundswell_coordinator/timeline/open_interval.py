"""An interval that reports are still added to, and what adds up to what.

Histograms are borrowed from a pool: a fresh one each second for every series would have its 188 KB
zeroed by the allocator each time, a used one clears only what was touched.
"""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from groundswell.metrics.catalog import BUILTIN, Across
from groundswell.metrics.histogram import Histogram
from groundswell_coordinator.timeline.interval import Interval, Rate, Trend

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from groundswell.metrics.series import Series
    from groundswell.v1.metrics_pb2 import Report


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

    def decode(self, trends: Mapping[Series, Trend]) -> dict[Series, Histogram]:
        """All of a report's trends, or ProtocolViolation and none: a report counts whole or not."""
        decoded: dict[Series, Histogram] = {}
        try:
            for series, trend in trends.items():
                decoded[series] = self.take()
                trend.add_to(decoded[series])
        except BaseException:
            self.give_back(decoded.values())
            raise
        return decoded


class OpenInterval:
    """The sum of the reports of one interval so far."""

    def __init__(self, number: int, pool: HistogramPool) -> None:
        self._pool = pool
        self._sum = Interval(number)
        self._trends: dict[Series, Histogram] = {}
        self._parts: list[Report] = []

    def add(self, measured: Interval, decoded: Mapping[Series, Histogram], part: Report) -> None:
        add_scalars(self._sum, measured)
        for series, histogram in decoded.items():
            own = self._trends.get(series)
            if own is None:
                own = self._trends[series] = self._pool.take()
            own.merge(histogram)
        self._parts.append(part)

    @property
    def trends(self) -> Mapping[Series, Histogram]:
        return self._trends

    def seal(self) -> Interval:
        """The interval at rest. The histograms go back to the pool."""
        trends = {series: Trend.of(histogram) for series, histogram in self._trends.items()}
        self._pool.give_back(self._trends.values())
        self._trends = {}
        return replace(self._sum, trends=trends, parts=tuple(self._parts))


def amended(interval: Interval, late: Interval, pool: HistogramPool) -> Interval:
    """`interval` with a late report's values, too."""
    result = replace(
        interval,
        counters=dict(interval.counters),
        gauges=dict(interval.gauges),
        rates=dict(interval.rates),
        trends=dict(interval.trends),
    )
    add_scalars(result, late)
    for series, trend in late.trends.items():
        known = interval.trends.get(series)
        result.trends[series] = trend if known is None else _sum_of(known, trend, pool)
    return result


def add_scalars(target: Interval, source: Interval) -> None:
    """Add what is not a trend into `target`'s own dicts."""
    for series, delta in source.counters.items():
        target.counters[series] = target.counters.get(series, 0) + delta
    for series, rate in source.rates.items():
        target.rates[series] = target.rates.get(series, Rate(0, 0)) + rate
    for series, value in source.gauges.items():
        known = target.gauges.get(series)
        target.gauges[series] = value if known is None else across(series.metric, known, value)


def across(metric: str, one: float, other: float) -> float:
    """Two agents' values, or two series', of one gauge as one value; unknown gauges add up."""
    known = BUILTIN.get(metric)
    if known is not None and known.across is Across.MAX:
        return max(one, other)
    return one + other


def _sum_of(one: Trend, other: Trend, pool: HistogramPool) -> Trend:
    histogram = pool.take()
    try:
        one.add_to(histogram)
        other.add_to(histogram)
        return Trend.of(histogram)
    finally:
        pool.give_back((histogram,))
