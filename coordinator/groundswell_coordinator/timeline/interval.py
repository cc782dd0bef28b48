"""One second of a run as plain values: what was measured, by series. Nothing of it is a percentile.

An interval is merged from the reports of all agents. Its stored form is a `Report` that declares
its own series, so that nothing else is needed to read it back.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from groundswell.metrics.catalog import Kind
from groundswell.metrics.scratch import Scratch
from groundswell.metrics.series import Series
from groundswell.v1.metrics_pb2 import (
    CounterValue,
    GaugeValue,
    RateValue,
    Report,
    SeriesDeclaration,
    TrendValue,
)
from groundswell_coordinator.timeline.declarations import (
    MOST_SERIES,
    WIRE_KIND,
    Declarations,
    SeriesRegistry,
)
from groundswell_coordinator.timeline.measured import read

if TYPE_CHECKING:
    from collections.abc import Iterator

    from groundswell.metrics.histogram import Histogram
    from groundswell_coordinator.timeline.measured import Measured

_ACTIVITY = frozenset({"http_reqs", "iterations", "vus"})


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

    def add_to(self, histogram: Histogram, scratch: Scratch | None = None) -> None:
        """Whoever adds up thousands gives a scratch of his own, cleared after each."""
        if scratch is None:
            scratch = Scratch()
        histogram.add(
            scratch.decode(
                self.payload, self.count, self.sum_ns, self.min_ns, self.max_ns, self.clamped
            )
        )
        scratch.clear()


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
        """Read the stored form back; ProtocolViolation where it is not one.

        Payloads are taken as they are: whether they decode shows where they are added up.
        """
        registry = SeriesRegistry()
        declarations = Declarations(registry, MOST_SERIES)
        declarations.declare(report.declarations)
        return cls.from_measured(report.interval, read(report, declarations), registry)

    @classmethod
    def from_measured(cls, number: int, measured: Measured, registry: SeriesRegistry) -> Interval:
        """What a report says, by its series."""
        return cls(
            number,
            counters={registry[slot]: delta for slot, delta in measured.counters},
            gauges={registry[slot]: value for slot, value in measured.gauges},
            rates={registry[slot]: Rate(passes, total) for slot, passes, total in measured.rates},
            trends={registry[slot]: _trend(value) for slot, value in measured.trends},
        )


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
