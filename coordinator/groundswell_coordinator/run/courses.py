"""The course of a run in a few columns: what the summary shows of it at a glance."""

from __future__ import annotations

from typing import TYPE_CHECKING

from groundswell.metrics.histogram import Histogram
from groundswell.verdict.selection import Selection
from groundswell_coordinator.report.finite import finite
from groundswell_coordinator.report.summary import CourseSummary
from groundswell_coordinator.timeline.slice import Slice, trend_of

if TYPE_CHECKING:
    from collections.abc import Sequence

    from groundswell_coordinator.timeline.interval import Interval
    from groundswell_coordinator.timeline.timeline import Timeline

MOST_COLUMNS = 48
# Below, a glance shows nothing that the numbers do not.
_FEWEST_SECONDS = 5
# Payloads to be decoded: about two seconds of work.
_MOST_DECODED = 100_000
_DIGITS = 4

_REQUESTS, _FAILED = Selection("http_reqs"), Selection("http_req_failed")
_VUS, _DURATION = Selection("vus"), Selection("http_req_duration")


def course_of(timeline: Timeline, seconds: int) -> CourseSummary | None:
    """Of the first so many seconds of a run; None where they are too few."""
    intervals = timeline.intervals()[:seconds]
    if len(intervals) < _FEWEST_SECONDS:
        return None
    step = -(-len(intervals) // MOST_COLUMNS)
    columns = [intervals[at : at + step] for at in range(0, len(intervals), step)]
    decoded = len(intervals) * len(timeline.matching(_DURATION))
    return CourseSummary(
        step_s=step,
        requests=tuple(_count(timeline, column) for column in columns),
        failed=tuple(_failed(timeline, column) for column in columns),
        vus=tuple(_vus(timeline, column) for column in columns),
        avg_ms=tuple(_avg(timeline, column) for column in columns),
        p95_ms=()
        if decoded > _MOST_DECODED
        else tuple(_p95(timeline, column) for column in columns),
    )


def _count(timeline: Timeline, column: Sequence[Interval]) -> float:
    series = timeline.matching(_REQUESTS)
    return _short(sum(Slice.of(one, series).count for one in column) / len(column))


def _failed(timeline: Timeline, column: Sequence[Interval]) -> float:
    series = timeline.matching(_FAILED)
    return _short(sum(Slice.of(one, series).passes for one in column) / len(column))


def _vus(timeline: Timeline, column: Sequence[Interval]) -> float | None:
    series = timeline.matching(_VUS)
    gauges = [gauge for one in column if (gauge := Slice.of(one, series).gauge) is not None]
    return max(gauges, default=None)


def _avg(timeline: Timeline, column: Sequence[Interval]) -> float | None:
    """Exact without a histogram: every trend knows its sum and count."""
    series = timeline.matching(_DURATION)
    trends = [trend for one in column for own in series if (trend := one.trends.get(own))]
    count = sum(trend.count for trend in trends)
    return _short(sum(trend.sum_ns for trend in trends) / count / 1e6) if count else None


def _p95(timeline: Timeline, column: Sequence[Interval]) -> float | None:
    series, union = timeline.matching(_DURATION), Histogram()
    for one in column:
        trend_of(one, series, into=union)
    if not union.count:
        return None
    return _short(finite(union.percentile(95)))


def _short(value: float) -> float:
    return float(f"{value:.{_DIGITS}g}")
