"""What the samples of the open interval add up to: one total for each series."""

from __future__ import annotations

from typing import TYPE_CHECKING, Protocol

from groundswell.metrics.histogram import Histogram
from groundswell.metrics.trend_value import trend_value

if TYPE_CHECKING:
    from groundswell.v1.metrics_pb2 import Report


class Total(Protocol):
    """A total puts itself into the report of its interval, if it holds anything, and is empty."""

    def __init__(self, number: int) -> None: ...

    def report_to(self, report: Report) -> None: ...


class CounterTotal:
    """A sum of non-negative whole numbers."""

    __slots__ = ("_number", "value")

    def __init__(self, number: int) -> None:
        self._number = number
        self.value = 0

    def report_to(self, report: Report) -> None:
        if self.value:
            report.counters.add(series=self._number, delta=self.value)
            self.value = 0


class RateTotal:
    """`passes` of `total`."""

    __slots__ = ("_number", "passes", "total")

    def __init__(self, number: int) -> None:
        self._number = number
        self.passes = 0
        self.total = 0

    def report_to(self, report: Report) -> None:
        if self.total:
            report.rates.add(series=self._number, passes=self.passes, total=self.total)
            self.passes = self.total = 0


class GaugeTotal:
    """The last value that was set; it holds until the next, so every interval reports it."""

    __slots__ = ("_number", "value")

    def __init__(self, number: int) -> None:
        self._number = number
        self.value: float | None = None

    def report_to(self, report: Report) -> None:
        if self.value is not None:
            report.gauges.add(series=self._number, value=self.value)


class TrendTotal:
    """A distribution."""

    __slots__ = ("_number", "histogram")

    def __init__(self, number: int) -> None:
        self._number = number
        self.histogram = Histogram()

    def report_to(self, report: Report) -> None:
        if self.histogram.count:
            report.trends.append(trend_value(self._number, self.histogram))
            self.histogram.clear()
