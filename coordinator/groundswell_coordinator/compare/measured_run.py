"""A stored run, read for a comparison: its judged span, cell by cell, in the verdict's own terms.

    run = measured_run(store.get_run(run_id), store.intervals(run_id), os.environ)
    run.estimate(Figure.of("http_req_duration", "p(95)"), is_logarithmic=True)

Which samples count is said by the judge's `Meter` alone, which is fed the seconds of one cell after
the other; and a run's value is that of all its cells together.
"""

from __future__ import annotations

from dataclasses import replace
from functools import lru_cache
from itertools import pairwise
from typing import TYPE_CHECKING

import numpy as np

from groundswell.metrics.catalog import Kind
from groundswell.metrics.histogram import Histogram
from groundswell.metrics.scratch import Scratch
from groundswell.verdict.selection import Selection, parse_selection
from groundswell_coordinator.compare.bootstrap import estimate
from groundswell_coordinator.compare.cells import (
    CountCells,
    ShareCells,
    TrendCells,
    cell_edges,
)
from groundswell_coordinator.compare.estimate import NOT_MEASURED, Estimate
from groundswell_coordinator.judge.activity import Activity
from groundswell_coordinator.judge.meter import Meter
from groundswell_coordinator.judge.view import CounterView, RateView
from groundswell_coordinator.timeline.interval_reader import IntervalReader
from groundswell_coordinator.timeline.stored_report import report_of
from groundswell_coordinator.timeline.timeline import Timeline, first_judged

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

    from groundswell.metrics.catalog import Metric
    from groundswell.metrics.series import Series
    from groundswell.scenario.model import Test
    from groundswell_coordinator.compare.cells import Cells
    from groundswell_coordinator.compare.figure import Figure
    from groundswell_coordinator.report.summary import Summary
    from groundswell_coordinator.store.records import StoredInterval
    from groundswell_coordinator.timeline.interval import Interval, Trend


class MeasuredRun:
    """`summary` is what the run said at its end."""

    def __init__(
        self,
        summary: Summary,
        test: Test,
        intervals: Iterable[StoredInterval],
        stopped_at: float | None = None,
    ) -> None:
        self.summary = summary
        self.test = test
        first = first_judged(test.warmup)
        self._timeline = Timeline(summary.run, {}, judged_from=first)
        self._trends: dict[Series, list[tuple[int, Trend]]] = {}
        # The series of shares of which anything passed: failures, mostly, of few requests.
        self._passed: dict[Series, None] = {}
        self._read(intervals)
        self._activity = Activity(test, self._timeline, stopped_at)
        self._edges = cell_edges(first, self._timeline.sealed_count)
        # What a metric's series hold, for all selections of it: they come one after the other.
        self._series_cells = lru_cache(maxsize=1)(self._decoded)
        self._cells = lru_cache(maxsize=4)(self._cut)

    @property
    def seconds(self) -> int:
        """How many of it are judged."""
        return self._edges[-1] - self._edges[0] if self._edges else 0

    @property
    def catalog(self) -> Mapping[str, Metric]:
        return self.test.catalog

    @property
    def _cell_s(self) -> float:
        return self.seconds / max(len(self._edges) - 1, 1)

    def selections(self) -> Sequence[Selection]:
        """Each metric, its requests by name, and what thresholds select of it."""
        series = (*self._timeline.series(), *self._trends)
        detailed = (*self._passed, *self._trends)
        counters = (name for name, metric in self.catalog.items() if metric.kind is Kind.COUNTER)
        metrics = dict.fromkeys((*(one.metric for one in series), *counters))
        named = (
            Selection(one.metric, (tag,))
            for one in detailed
            for tag in one.tags
            if tag[0] == "name"
        )
        asked = (
            parse_selection(one.metric, catalog=self.catalog) for one in self.summary.thresholds
        )
        return tuple(dict.fromkeys((*map(Selection, metrics), *named, *asked)))

    def estimate(self, figure: Figure, *, is_logarithmic: bool) -> Estimate:
        cells = self._cells(figure.selection)
        if cells is None:
            return Estimate(None, why=NOT_MEASURED)
        return estimate(figure, cells, is_logarithmic=is_logarithmic)

    def course(self, selection: Selection) -> Sequence[tuple[float, Histogram]]:
        """A trend's cells: in the middle of which second of the run each lies, and its distribution."""
        cells = self._cells(selection)
        if not isinstance(cells, TrendCells):
            return ()
        middles = ((one + next_) / 2 for one, next_ in pairwise(self._edges))
        return tuple(zip(middles, cells.cells, strict=True))

    def _read(self, intervals: Iterable[StoredInterval]) -> None:
        """Distributions stay as they are stored; most are asked for once, and some never."""
        reader = IntervalReader()
        for stored in intervals:
            interval = reader.read(
                report_of(stored.merged),
                [report_of(late.report) for late in stored.amendments],
            )
            if interval.number >= self._timeline.judged_from:
                self._passed.update(
                    (one, None) for one, rate in interval.rates.items() if rate.passes
                )
                for series, trend in interval.trends.items():
                    self._trends.setdefault(series, []).append((interval.number, trend))
            self._timeline.restore(replace(interval, trends={}), ())

    def _cut(self, selection: Selection) -> Cells | None:
        if selection.metric not in self.catalog:
            # The other side's own.
            return None
        match self.catalog[selection.metric].kind:
            case Kind.TREND:
                return self._trend_cells(selection)
            case Kind.RATE:
                return self._share_cells(selection)
            case Kind.COUNTER:
                return self._count_cells(selection)
            case Kind.GAUGE:
                return None

    def _trend_cells(self, selection: Selection) -> TrendCells | None:
        by_series = self._series_cells(selection.metric)
        chosen = [cells for series, cells in by_series.items() if selection.matches(series)]
        if not chosen:
            return None
        if len(chosen) == 1:
            return TrendCells(chosen[0], self._cell_s)
        unions = [Histogram() for _ in self._edges[1:]]
        for cells in chosen:
            for union, cell in zip(unions, cells, strict=True):
                union.merge(cell)
        return TrendCells(unions, self._cell_s)

    def _decoded(self, metric: str) -> dict[Series, Sequence[Histogram]]:
        place = np.searchsorted(self._edges, np.arange(self._timeline.sealed_count), "right") - 1
        places: list[int] = place.tolist()
        found: dict[Series, Sequence[Histogram]] = {}
        scratch = Scratch()
        for series, trends in self._trends.items():
            if series.metric == metric:
                cells = found[series] = [Histogram() for _ in self._edges[1:]]
                for number, trend in trends:
                    trend.add_to(cells[places[number]], scratch)
        return found

    def _share_cells(self, selection: Selection) -> ShareCells | None:
        if not self._timeline.matching(selection):
            return None
        views = [self._meter(selection, seconds).view() for seconds in self._cell_seconds()]
        shares = [view for view in views if isinstance(view, RateView)]
        return ShareCells(
            np.array([view.passes for view in shares], np.float64),
            np.array([view.total for view in shares], np.float64),
            self._cell_s,
        )

    def _count_cells(self, selection: Selection) -> CountCells | None:
        """A counter that nobody incremented is 0."""
        counts: list[int] = []
        active: list[int] = []
        for seconds in self._cell_seconds():
            view = self._meter(selection, seconds).view()
            counts.append(view.count if isinstance(view, CounterView) else 0)
            touched = (self._activity.touches(selection, second.number) for second in seconds)
            active.append(sum(touched))
        return CountCells(
            np.array(counts, np.float64),
            np.array(active, np.float64),
            self._activity.seconds(selection),
            self._cell_s,
        )

    def _meter(self, selection: Selection, seconds: Iterable[Interval]) -> Meter:
        kind = self.catalog[selection.metric].kind
        meter = Meter(selection, kind, self._timeline, self._activity)
        for second in seconds:
            meter.observe(second)
        return meter

    def _cell_seconds(self) -> Iterable[Sequence[Interval]]:
        intervals = self._timeline.intervals()
        for first, end in zip(self._edges, self._edges[1:], strict=False):
            yield intervals[first:end]
