"""One second of a run as plain values: what was measured, by series. Nothing of it is a percentile.

An interval is merged from the reports of all agents; a single report reads as one as well. Its
stored form is a `Report` that declares its own series, so that nothing else is needed to read it
back.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from groundswell.errors import ProtocolViolation
from groundswell.metrics.catalog import Kind
from groundswell.metrics.series import Series
from groundswell.v1.metrics_pb2 import (
    CounterValue,
    GaugeValue,
    RateValue,
    Report,
    SeriesDeclaration,
    TrendValue,
)
from groundswell_coordinator.timeline.declarations import WIRE_KIND, Declarations, SeriesRegistry

if TYPE_CHECKING:
    from collections.abc import Iterator

    from groundswell.metrics.histogram import Histogram

_ACTIVITY = frozenset({"http_reqs", "iterations", "vus"})


# Exact in a double, and a thousandth of what 64 bits hold: a thousand agents may say it at once.
_MOST = 2**53
_MOST_NS = 2**60


@dataclass(frozen=True, slots=True)
class Trend:
    """A distribution at rest: its payload, and exact numbers in nanoseconds."""

    payload: bytes
    count: int
    sum_ns: int
    min_ns: int
    max_ns: int
    clamped: int

    @classmethod
    def of(cls, histogram: Histogram) -> Trend:
        return cls(
            histogram.encode(),
            histogram.count,
            histogram.sum_ns,
            histogram.min_ns,
            histogram.max_ns,
            histogram.clamped,
        )

    def add_to(self, histogram: Histogram) -> None:
        histogram.merge_payload(
            self.payload, self.count, self.sum_ns, self.min_ns, self.max_ns, self.clamped
        )


@dataclass(frozen=True, slots=True)
class Rate:
    passes: int
    total: int

    def __add__(self, other: Rate) -> Rate:
        return Rate(self.passes + other.passes, self.total + other.total)


@dataclass(frozen=True, slots=True)
class Interval:
    """Interval `number` lasts from that second of the run to the next.

    `parts` says what each agent contributed: its accounts and its own health. It is filled only
    where an interval is handed over to be stored, since a run has one part per agent and second.
    """

    number: int
    counters: dict[Series, int] = field(default_factory=dict[Series, int])
    gauges: dict[Series, float] = field(default_factory=dict[Series, float])
    rates: dict[Series, Rate] = field(default_factory=dict[Series, Rate])
    trends: dict[Series, Trend] = field(default_factory=dict[Series, Trend])
    parts: tuple[Report, ...] = ()

    def series(self) -> Iterator[tuple[Series, Kind]]:
        """Every series that has a value, with its kind."""
        yield from ((series, Kind.COUNTER) for series in self.counters)
        yield from ((series, Kind.GAUGE) for series in self.gauges)
        yield from ((series, Kind.RATE) for series in self.rates)
        yield from ((series, Kind.TREND) for series in self.trends)

    def active_scenarios(self) -> set[str]:
        """The scenarios that are seen to be at work."""
        return {
            dict(series.tags).get("scenario", "")
            for values in (self.counters, self.gauges)
            for series, value in values.items()
            if series.metric in _ACTIVITY and value > 0
        }

    def to_report(self, run_id: str = "") -> Report:
        """The stored form; `parts` are stored beside it."""
        numbers = _Numbers()
        return Report(
            run_id=run_id,
            interval=self.number,
            counters=[
                CounterValue(series=numbers.of(series, Kind.COUNTER), delta=count)
                for series, count in self.counters.items()
            ],
            gauges=[
                GaugeValue(series=numbers.of(series, Kind.GAUGE), value=value)
                for series, value in self.gauges.items()
            ],
            rates=[
                RateValue(
                    series=numbers.of(series, Kind.RATE), passes=rate.passes, total=rate.total
                )
                for series, rate in self.rates.items()
            ],
            trends=[
                _trend_value(numbers.of(series, Kind.TREND), trend)
                for series, trend in self.trends.items()
            ],
            declarations=numbers.declarations,
        )

    @classmethod
    def from_report(cls, report: Report) -> Interval:
        """Read the stored form back; ProtocolViolation where it is not one."""
        declarations = Declarations(SeriesRegistry())
        declarations.declare(report.declarations)
        return read(report, declarations)


def read(report: Report, declarations: Declarations) -> Interval:
    """A report's values under the series that its numbers stand for.

    Payloads are taken as they are: whether they decode shows where they are added up.
    """
    name = declarations.series
    interval = Interval(
        report.interval,
        counters={name(value.series, Kind.COUNTER): value.delta for value in report.counters},
        gauges={name(value.series, Kind.GAUGE): value.value for value in report.gauges},
        rates={
            name(value.series, Kind.RATE): Rate(value.passes, value.total) for value in report.rates
        },
        trends={name(value.series, Kind.TREND): _trend(value) for value in report.trends},
    )
    _check(report, interval)
    return interval


def _check(report: Report, interval: Interval) -> None:
    sent = len(report.counters) + len(report.gauges) + len(report.rates) + len(report.trends)
    if sent != sum(1 for _ in interval.series()):
        raise ProtocolViolation("a series stands twice in one report")
    if any(rate.passes > rate.total for rate in interval.rates.values()):
        raise ProtocolViolation("a rate with more passes than observations")
    if not all(abs(value) <= _MOST for value in interval.gauges.values()):
        raise ProtocolViolation("a gauge that is no number, or beyond all measure")
    _check_amounts(report, interval)


def _check_amounts(report: Report, interval: Interval) -> None:
    """No count of one second comes near these bounds, and no sum of counts within them overflows."""
    counts = [*interval.counters.values(), *(rate.total for rate in interval.rates.values())]
    for account in report.accounts:
        counts += [account.planned, account.fired, account.interrupted, *account.dropped.values()]
    if any(count > _MOST for count in counts):
        raise ProtocolViolation("a count beyond all measure")
    if any(trend.sum_ns > _MOST_NS for trend in interval.trends.values()):
        raise ProtocolViolation("a trend beyond all measure")


class _Numbers:
    """Numbers the series of one report in the order in which they come up."""

    def __init__(self) -> None:
        self.declarations: list[SeriesDeclaration] = []

    def of(self, series: Series, kind: Kind) -> int:
        number = len(self.declarations) + 1
        declaration = SeriesDeclaration(
            number=number, metric=series.metric, kind=WIRE_KIND[kind], tags=dict(series.tags)
        )
        self.declarations.append(declaration)
        return number


def _trend(value: TrendValue) -> Trend:
    return Trend(
        value.payload, value.count, value.sum_ns, value.min_ns, value.max_ns, value.clamped
    )


def _trend_value(number: int, trend: Trend) -> TrendValue:
    return TrendValue(
        series=number,
        payload=trend.payload,
        count=trend.count,
        sum_ns=trend.sum_ns,
        min_ns=trend.min_ns,
        max_ns=trend.max_ns,
        clamped=trend.clamped,
    )
