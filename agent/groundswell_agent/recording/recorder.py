"""Everything an agent measures, from the moment it is taken to the report of its interval.

Interval k covers [T + k, T + k + 1) seconds of time.monotonic(), T being the start of the run.
One interval is open at a time. Samples wait as raw rows in their meters; `flush` adds those of
the open interval to its totals, and those of a later one go on waiting until it is open. So what
arrives while interval k is being closed is counted in k + 1, and what belongs to an interval that
has already been closed is counted in the one that is open. The recorder never reads a clock.

    >>> recorder = Recorder()
    >>> recorder.start_at(T)
    >>> await unhurried(recorder.flush())                      # every 100 ms
    >>> report = await unhurried(recorder.close_interval())    # once T + k + 1 has passed
"""

from __future__ import annotations

import asyncio
import math
from typing import TYPE_CHECKING, TypeVar

from groundswell.metrics.catalog import REQUEST_TRENDS, Kind
from groundswell.metrics.folding import MAX_SERIES
from groundswell.metrics.series import Series
from groundswell.v1.metrics_pb2 import Report
from groundswell_agent.recording.meters import (
    Counter,
    ErrorSeries,
    Gauge,
    IterationSeries,
    Meter,
    Rate,
    RequestSeries,
    Trend,
)
from groundswell_agent.recording.series_table import SeriesTable
from groundswell_agent.recording.totals import (
    CounterTotal,
    GaugeTotal,
    RateTotal,
    Total,
    TrendTotal,
)

if TYPE_CHECKING:
    from collections.abc import Callable, Generator, Mapping

    from groundswell.v1.metrics_pb2 import SeriesDeclaration

INTERVAL_S = 1.0

# A meter is flushed within its interval once this many samples wait in it. With fewer, the cost
# is that of calling numpy: 75 busy request bundles, flushed ten times a second, took 5 % of a core.
_WORTH_FLUSHING = 100

# Between two yields the loop is held for about a millisecond.
_METERS_AT_ONCE = 10
_ROWS_AT_ONCE = 4000
_TOTALS_AT_ONCE = 40

_REQUEST_COUNTS = ("http_reqs", "http_req_failed", "data_sent", "data_received")
_REQUEST_METRICS = (*_REQUEST_COUNTS, *REQUEST_TRENDS)
_ERROR_METRICS = (*_REQUEST_COUNTS, "http_req_response_time")
_ITERATION_METRICS = ("iterations", "iteration_duration")

M = TypeVar("M", bound=Meter)
N = TypeVar("N", bound=Total)
T = TypeVar("T")


class Recorder:
    """Hands out meters, one for each metric or bundle and set of tags, and makes the reports."""

    def __init__(self, origin: float | None = None, *, max_series: int = MAX_SERIES) -> None:
        """Until `start_at` says when interval 0 began, it does not end."""
        self.interval = 0
        self._origin = math.inf if origin is None else origin
        self._table = SeriesTable(max_series)
        self._declared = 0
        self._meters: dict[tuple[object, ...], Meter] = {}
        self._totals: dict[int, Total] = {}

    @property
    def end(self) -> float:
        """The moment at which the open interval ends."""
        return self._origin + (self.interval + 1) * INTERVAL_S

    def start_at(self, origin: float) -> None:
        """Fix T. Samples of before it, if any, are counted in interval 0."""
        self._origin = origin

    # -- meters ------------------------------------------------------------------------------

    def requests(self, tags: Mapping[str, str], *, failed: bool) -> RequestSeries:
        """For answered requests; `failed` is whether their status is not an expected one."""
        return self._meter(
            RequestSeries,
            _REQUEST_METRICS,
            tags,
            lambda tags: RequestSeries(
                *self._request_counts(tags),
                [self._trend_total(name, tags) for name in REQUEST_TRENDS],
                failed=failed,
            ),
            failed,
        )

    def errors(self, tags: Mapping[str, str]) -> ErrorSeries:
        """For requests that got no answer; `tags` name the error."""
        return self._meter(
            ErrorSeries,
            _ERROR_METRICS,
            tags,
            lambda tags: ErrorSeries(
                *self._request_counts(tags), self._trend_total("http_req_response_time", tags)
            ),
        )

    def iterations(self, tags: Mapping[str, str]) -> IterationSeries:
        """For complete iterations."""
        return self._meter(
            IterationSeries,
            _ITERATION_METRICS,
            tags,
            lambda tags: IterationSeries(
                self._counter_total("iterations", tags),
                self._trend_total("iteration_duration", tags),
            ),
        )

    def trend(self, metric: str, tags: Mapping[str, str]) -> Trend:
        return self._meter(
            Trend, (metric,), tags, lambda tags: Trend(self._trend_total(metric, tags)), metric
        )

    def counter(self, metric: str, tags: Mapping[str, str]) -> Counter:
        return self._meter(
            Counter,
            (metric,),
            tags,
            lambda tags: Counter(self._counter_total(metric, tags)),
            metric,
        )

    def rate(self, metric: str, tags: Mapping[str, str]) -> Rate:
        return self._meter(
            Rate, (metric,), tags, lambda tags: Rate(self._rate_total(metric, tags)), metric
        )

    def gauge(self, metric: str, tags: Mapping[str, str]) -> Gauge:
        return self._meter(
            Gauge,
            (metric,),
            tags,
            lambda tags: Gauge(self._total(GaugeTotal, metric, tags, Kind.GAUGE)),
            metric,
        )

    # -- reports -----------------------------------------------------------------------------

    def flush(self, least: int = _WORTH_FLUSHING) -> Generator[None, None, None]:
        """Add what waits in the open interval to its totals; yields about every millisecond.

        Not to be left for longer than 100 ms: the more samples wait in one meter, the longer it
        holds the loop.
        """
        meters = rows = 0
        for meter in tuple(self._meters.values()):
            taken = meter.flush(self.end, least)
            meters += taken > 0
            rows += taken
            if meters >= _METERS_AT_ONCE or rows >= _ROWS_AT_ONCE:
                meters = rows = 0
                yield

    def close_interval(self) -> Generator[None, None, Report]:
        """Make the report of the open interval, open the next one; yields as `flush` does.

        To be started once the interval has ended and driven to its end. The report declares the
        series that are new in it; whose it is, accounts and `last` are left to the sender.
        """
        report = Report(interval=self.interval)
        yield from self.flush(least=1)
        for done, total in enumerate(tuple(self._totals.values()), start=1):
            total.report_to(report)
            if done % _TOTALS_AT_ONCE == 0:
                yield
        report.declarations.extend(self._table.declarations(after=self._declared))
        self._declared += len(report.declarations)
        self.interval += 1
        return report

    def declarations(self) -> list[SeriesDeclaration]:
        """All that a report may refer to so far; a new stream repeats them first."""
        return self._table.declarations()

    # -- inside ------------------------------------------------------------------------------

    def _meter(
        self,
        kind: type[M],
        metrics: tuple[str, ...],
        tags: Mapping[str, str],
        make: Callable[[Mapping[str, str]], M],
        *also: object,
    ) -> M:
        fitting = self._table.fit(metrics, tags)
        key = (kind, *also, *sorted(fitting.items()))
        meter = self._meters.get(key)
        if meter is None:
            meter = self._meters[key] = make(fitting)
        assert isinstance(meter, kind)
        return meter

    def _request_counts(
        self, tags: Mapping[str, str]
    ) -> tuple[CounterTotal, RateTotal, CounterTotal, CounterTotal]:
        return (
            self._counter_total("http_reqs", tags),
            self._rate_total("http_req_failed", tags),
            self._counter_total("data_sent", tags),
            self._counter_total("data_received", tags),
        )

    def _counter_total(self, metric: str, tags: Mapping[str, str]) -> CounterTotal:
        return self._total(CounterTotal, metric, tags, Kind.COUNTER)

    def _rate_total(self, metric: str, tags: Mapping[str, str]) -> RateTotal:
        return self._total(RateTotal, metric, tags, Kind.RATE)

    def _trend_total(self, metric: str, tags: Mapping[str, str]) -> TrendTotal:
        return self._total(TrendTotal, metric, tags, Kind.TREND)

    def _total(self, type_: type[N], metric: str, tags: Mapping[str, str], kind: Kind) -> N:
        """The one total of a series, whichever meters feed it."""
        number = self._table.number(Series.of(metric, tags), kind)
        total = self._totals.get(number)
        if total is None:
            total = self._totals[number] = type_(number)
        assert isinstance(total, type_)
        return total


async def unhurried(steps: Generator[None, None, T]) -> T:
    """Run a generator to its end and let the loop breathe at each of its yields."""
    while True:
        try:
            next(steps)
        except StopIteration as end:
            return end.value  # type: ignore[no-any-return]  # what the generator returns: T
        await asyncio.sleep(0)
