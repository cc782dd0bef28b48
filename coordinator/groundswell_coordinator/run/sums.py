"""What was measured, added up over some intervals of a run: metrics, checks, errors."""

from __future__ import annotations

from collections import Counter
from math import ceil
from typing import TYPE_CHECKING

from groundswell.metrics.catalog import BUILTIN, Kind, Metric
from groundswell.verdict.selection import Selection
from groundswell_coordinator.report.summary import CheckSummary, ErrorSummary, MetricSummary
from groundswell_coordinator.run.spread import spread_of
from groundswell_coordinator.timeline.slice import Slice, trend_of

if TYPE_CHECKING:
    from collections.abc import Mapping

    from groundswell.metrics.histogram import Histogram
    from groundswell_coordinator.timeline.timeline import Timeline

_PERCENTILES = {"p(90)": 90.0, "p(95)": 95.0, "p(99)": 99.0, "p(99.9)": 99.9}
_EXPECTED = Selection("http_req_duration", (("expected_response", "true"),))


class Sums:
    """Over the intervals of a timeline from `first` on; rates are per second of `duration_s`.

    No percentile is an average: trends are merged.
    """

    def __init__(
        self,
        timeline: Timeline,
        duration_s: float,
        first: int = 0,
        own: Mapping[str, Metric] | None = None,
    ) -> None:
        """`own` are the metrics of the test itself; of one that is not known the kind is."""
        self._timeline = timeline
        self._catalog = {**BUILTIN, **(own or {})}
        self._duration = duration_s
        self._first = first
        self._intervals = timeline.intervals()[first:]

    def metrics(self, asked: Mapping[Selection, str]) -> dict[str, MetricSummary]:
        """Every metric that was measured, then the selections that thresholds name."""
        present = self._present()
        found = {
            name: self._metric(Selection(name), metric)
            for name, metric in {**self._catalog, **present}.items()
            if name in present
        }
        if "http_req_duration" in present:
            found[str(_EXPECTED)] = self._metric(_EXPECTED, BUILTIN[_EXPECTED.metric])
        for selection, key in asked.items():
            if key not in found and selection.metric in present:
                found[key] = self._metric(selection, present[selection.metric])
        return {key: summary for key, summary in found.items() if summary is not None}

    def checks(self) -> tuple[CheckSummary, ...]:
        passes: Counter[str] = Counter()
        all_of: Counter[str] = Counter()
        for interval in self._intervals:
            for series, rate in interval.rates.items():
                if series.metric == "checks":
                    name = dict(series.tags).get("check", "")
                    passes[name] += rate.passes
                    all_of[name] += rate.total
        return tuple(
            CheckSummary(name, passes[name], total - passes[name]) for name, total in all_of.items()
        )

    def errors(self) -> tuple[ErrorSummary, ...]:
        """Requests without an answer, and answers with a status that was not expected, most first."""
        counts: Counter[tuple[str, str]] = Counter()
        for interval in self._intervals:
            for series, rate in interval.rates.items():
                tags = dict(series.tags)
                if series.metric == "http_req_failed" and rate.passes:
                    error = tags.get("error") or f"status {tags.get('status', '?')}"
                    counts[error, tags.get("name", "")] += rate.passes
        most_first = sorted(counts.items(), key=lambda item: (-item[1], item[0]))
        return tuple(ErrorSummary(error, name, count) for (error, name), count in most_first)

    def _present(self) -> dict[str, Metric]:
        """What has a value, and all counters: one that nobody incremented is 0.

        What was declared and never had a value is in no store.
        """
        catalog = self._catalog
        found = {name: one for name, one in catalog.items() if one.kind is Kind.COUNTER}
        for interval in self._intervals:
            for series, kind in interval.series():
                name = series.metric
                if name not in found:
                    found[name] = catalog.get(name) or Metric(name, kind)
        return found

    def _metric(self, selection: Selection, metric: Metric) -> MetricSummary | None:
        match metric.kind:
            case Kind.TREND:
                return self._trend(selection, metric)
            case Kind.COUNTER:
                count = sum(cut.count for cut in self._cuts(selection))
                rate = count / self._duration if self._duration else 0.0
                return MetricSummary("counter", {"count": count, "rate": rate}, _unit(metric))
            case Kind.RATE:
                cuts = self._cuts(selection)
                passes, total = sum(cut.passes for cut in cuts), sum(cut.total for cut in cuts)
                values = {
                    "rate": passes / total if total else 0.0,
                    "passes": passes,
                    "fails": total - passes,
                }
                return MetricSummary("rate", values)
            case Kind.GAUGE:
                return self._gauge(selection, metric)

    def _trend(self, selection: Selection, metric: Metric) -> MetricSummary:
        timeline = self._timeline
        union = timeline.trend(selection)
        # The cumulative ones begin where judging does.
        series = timeline.matching(selection)
        for interval in timeline.intervals()[self._first : timeline.judged_from]:
            trend_of(interval, series, into=union)
        return MetricSummary(
            "trend",
            trend_values(union),
            _unit(metric),
            clamped=union.clamped,
            spread=spread_of(union),
        )

    def _gauge(self, selection: Selection, metric: Metric) -> MetricSummary | None:
        # What follows the planned end is the graceful stop, in which VUs go home one by one.
        within = max(ceil(self._duration), 1)
        cuts = self._cuts(selection)[:within]
        values = [cut.gauge for cut in cuts if cut.gauge is not None]
        if not values:
            return None
        shown = {"value": values[-1], "min": min(values), "max": max(values)}
        return MetricSummary("gauge", shown, _unit(metric))

    def _cuts(self, selection: Selection) -> list[Slice]:
        series = self._timeline.matching(selection)
        return [Slice.of(interval, series) for interval in self._intervals]


def trend_values(histogram: Histogram) -> dict[str, int | float]:
    """A trend's values in ms, as the summary names them; only its count where it is empty."""
    if not histogram.count:
        return {"count": 0}
    percentiles = dict(
        zip(_PERCENTILES, histogram.percentiles(list(_PERCENTILES.values())), strict=True)
    )
    return {
        "count": histogram.count,
        "min": histogram.min_ms,
        "avg": histogram.mean_ms,
        "med": histogram.percentile(50),
        "max": histogram.max_ms,
        **percentiles,
    }


def _unit(metric: Metric) -> str | None:
    return metric.unit.value or None
