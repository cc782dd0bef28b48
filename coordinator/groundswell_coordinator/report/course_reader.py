"""Reads the course of a run from its stored seconds, in one pass and without keeping any of them."""

from __future__ import annotations

from collections import defaultdict
from typing import TYPE_CHECKING

from groundswell.metrics.histogram import Histogram
from groundswell.metrics.scratch import Scratch
from groundswell_coordinator.report.course import PERCENTILES, Course, Named, step_of
from groundswell_coordinator.report.heat_rows import HeatRows
from groundswell_coordinator.store.damage import contradictions
from groundswell_coordinator.timeline.stored_report import report_of

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from groundswell.metrics.scratch import Decoded
    from groundswell.v1.metrics_pb2 import Report, SeriesDeclaration, TrendValue
    from groundswell_coordinator.store.records import StoredInterval, StoredRun

MOST_BINS = 1200
_MOST_HEAT_BINS = 300
_DURATION, _RESPONSE, _LAG = "http_req_duration", "http_req_response_time", "send_lag"
_TRENDS = frozenset((_DURATION, _RESPONSE, _LAG))


def read_course(
    run: StoredRun, intervals: Iterable[StoredInterval], most_bins: int = MOST_BINS
) -> Course:
    """`intervals` are all of the run, in order."""
    seconds = run.line.intervals
    with contradictions(run.line.run_id):
        reader = _Reader(Course(step_of(seconds, most_bins), seconds))
        for interval in intervals:
            reader.take(interval)
        return reader.finish()


class _Reader:
    """One bin at a time; what is added up over the run grows with it."""

    def __init__(self, course: Course) -> None:
        self._course = course
        self._heat = HeatRows(course.seconds, course.step_s, _MOST_HEAT_BINS)
        self._scratch = Scratch()
        # By incarnation: how many iterations were fired and dropped.
        self._books: dict[str, tuple[int, int]] = {}
        self._booked = (0, 0)
        self._parts: dict[str, bytes] = {}
        self._bin = _Bin()
        # Of the second that is being read, all scenarios and late reports together.
        self._vus: float | None = None

    def take(self, stored: StoredInterval) -> None:
        late = stored.amendments
        for report in (stored.merged, *(one.report for one in late)):
            self._add(report_of(report))
        if self._vus is not None:
            self._bin.vus = max(self._bin.vus or 0.0, self._vus)
            self._vus = None
        # Accounts are cumulative: of each agent only the last one of a bin is read.
        self._parts |= {one.incarnation: one.accounts for one in stored.contained}
        self._parts |= {one.incarnation: one.accounts for one in late}
        self._bin.seconds += 1
        if self._bin.seconds == self._course.step_s:
            self._close_bin()

    def finish(self) -> Course:
        if self._bin.seconds:
            self._close_bin()
        self._course.heat = self._heat.finish()
        return self._course

    def _add(self, report: Report) -> None:
        declared = {one.number: one for one in report.declarations}
        self._add_trends(report, declared)
        for counter in report.counters:
            if declared[counter.series].metric == "http_reqs":
                self._bin.requests += counter.delta
                self._named(declared[counter.series]).requests += counter.delta
        for rate in report.rates:
            if rate.passes and declared[rate.series].metric == "http_req_failed":
                self._bin.failed += rate.passes
                self._named(declared[rate.series]).failed += rate.passes
        self._add_gauges(report, declared)

    def _add_trends(self, report: Report, declared: Mapping[int, SeriesDeclaration]) -> None:
        for trend in report.trends:
            declaration = declared[trend.series]
            if declaration.metric not in _TRENDS:
                continue
            decoded = self._decode(trend)
            self._bin.trends[declaration.metric].add(decoded)
            if declaration.metric == _DURATION:
                self._named(declaration).duration.add(decoded)
        self._scratch.clear()

    def _decode(self, trend: TrendValue) -> Decoded:
        return self._scratch.decode(
            trend.payload, trend.count, trend.sum_ns, trend.min_ns, trend.max_ns, trend.clamped
        )

    def _add_gauges(self, report: Report, declared: Mapping[int, SeriesDeclaration]) -> None:
        for gauge in report.gauges:
            metric = declared[gauge.series].metric
            if metric == "vus":
                self._vus = (self._vus or 0.0) + gauge.value
            elif metric == "agent_cpu":
                self._bin.agent_cpu = max(self._bin.agent_cpu or 0.0, gauge.value)

    def _named(self, declaration: SeriesDeclaration) -> Named:
        name = declaration.tags.get("name", "")
        named = self._course.names.get(name)
        if named is None:
            named = self._course.names[name] = Named()
        return named

    def _close_bin(self) -> None:
        course, done = self._course, self._bin
        course.requests.append(done.requests / done.seconds)
        course.failed.append(done.failed / done.seconds)
        course.vus.append(done.vus)
        course.agent_cpu.append(done.agent_cpu)
        self._close_trends(done)
        self._close_accounts(done.seconds)
        self._bin = _Bin()

    def _close_trends(self, done: _Bin) -> None:
        course, duration = self._course, done.trends[_DURATION]
        p50, p95, p99 = _percentiles(duration)
        course.p50_ms.append(p50)
        course.p95_ms.append(p95)
        course.p99_ms.append(p99)
        course.response_p99_ms.append(_percentiles(done.trends[_RESPONSE])[-1])
        course.send_lag_p99_ms.append(_percentiles(done.trends[_LAG])[-1])
        course.duration.merge(duration)
        course.response.merge(done.trends[_RESPONSE])
        self._heat.add(len(course.requests) - 1, duration)

    def _close_accounts(self, seconds: int) -> None:
        for incarnation, part in self._parts.items():
            accounts = report_of(part).accounts
            self._books[incarnation] = (
                sum(one.fired for one in accounts),
                sum(sum(one.dropped.values()) for one in accounts),
            )
        self._parts.clear()
        now = tuple(map(sum, zip(*self._books.values(), strict=True))) or (0, 0)
        changes = [(new - old) / seconds for new, old in zip(now, self._booked, strict=True)]
        self._booked = (now[0], now[1])
        for column, change in zip((self._course.fired, self._course.dropped), changes, strict=True):
            column.append(max(change, 0.0))


class _Bin:
    """What is known so far of the bin that is being read."""

    __slots__ = ("agent_cpu", "failed", "requests", "seconds", "trends", "vus")

    def __init__(self) -> None:
        self.seconds = 0
        self.requests = 0
        self.failed = 0
        self.vus: float | None = None
        self.agent_cpu: float | None = None
        self.trends: defaultdict[str, Histogram] = defaultdict(Histogram)


def _percentiles(histogram: Histogram) -> list[float | None]:
    if not histogram.count:
        return [None] * len(PERCENTILES)
    return list(histogram.percentiles(PERCENTILES))
