"""What a selection comes to over the judged span: the one place that says which samples count.

    counters            active time only: a graceful stop would dilute a rate
    gauges              likewise: after it, VUs are 0
    dropped_iterations, interrupted_iterations, failed_iterations
                        everything after warm-up: they come about when active time ends
    rates, trends       everything after warm-up: the slowest requests end last, and fail last

Thresholds, the live view and the summary read the same views, so they cannot disagree.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from groundswell.metrics.catalog import BUILTIN, Kind
from groundswell_coordinator.judge.view import CounterView, GaugeView, RateView
from groundswell_coordinator.timeline.slice import Slice

if TYPE_CHECKING:
    from groundswell.verdict.selection import Selection
    from groundswell_coordinator.judge.activity import Activity
    from groundswell_coordinator.judge.view import View
    from groundswell_coordinator.timeline.interval import Interval
    from groundswell_coordinator.timeline.timeline import Timeline

_AT_THE_END = frozenset({"dropped_iterations", "interrupted_iterations", "failed_iterations"})


class Meter:
    """One selection, fed every interval in order; `view` may be asked at any time."""

    def __init__(
        self, selection: Selection, kind: Kind, timeline: Timeline, activity: Activity
    ) -> None:
        """`kind` is that of the selection's metric."""
        self.selection = selection
        self._timeline = timeline
        self._activity = activity
        self._kind = kind
        self._count = 0
        self._rate = RateView(0, 0)
        self._gauge: GaugeView | None = None

    def observe(self, interval: Interval) -> None:
        if interval.number < self._timeline.judged_from or self._kind is Kind.TREND:
            return  # trends are cumulative in the timeline
        cut = Slice.of(interval, self._timeline.matching(self.selection))
        if self._kind is Kind.RATE:
            self._rate = RateView(self._rate.passes + cut.passes, self._rate.total + cut.total)
            return
        is_active = self._activity.touches(self.selection, interval.number)
        if is_active or self.selection.metric in _AT_THE_END:
            self._count += cut.count
        if is_active and cut.gauge is not None:
            self._gauge = _extended(self._gauge, cut.gauge)

    def view(self) -> View | None:
        """None where nothing can be said: no gauge yet, or not a moment of active time to count in.

        A counter that nobody incremented is 0; rates and trends may be empty.
        """
        match self._kind:
            case Kind.TREND:
                return self._timeline.trend(self.selection)
            case Kind.RATE:
                return self._rate
            case Kind.GAUGE:
                return self._gauge
            case Kind.COUNTER:
                seconds = self._activity.seconds(self.selection)
                return CounterView(self._count, seconds) if seconds > 0 else None


def measure(selection: Selection, timeline: Timeline, activity: Activity) -> View | None:
    """The view of a selection of a built-in metric over all that is sealed."""
    meter = Meter(selection, BUILTIN[selection.metric].kind, timeline, activity)
    for interval in timeline.intervals():
        meter.observe(interval)
    return meter.view()


def _extended(gauge: GaugeView | None, value: float) -> GaugeView:
    if gauge is None:
        return GaugeView(value, value, value)
    return GaugeView(value, min(gauge.min, value), max(gauge.max, value))
