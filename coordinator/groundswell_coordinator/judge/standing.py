"""How a threshold stands: what it is judged by, and the number found."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Protocol

from groundswell.metrics.histogram import Histogram
from groundswell.verdict.expression import Aggregation
from groundswell_coordinator.judge.view import CounterView, GaugeView, RateView
from groundswell_coordinator.judge.window import SlidingWindow

if TYPE_CHECKING:
    from groundswell.verdict.threshold import Threshold
    from groundswell_coordinator.judge.activity import Activity
    from groundswell_coordinator.judge.meter import Meter
    from groundswell_coordinator.judge.view import View
    from groundswell_coordinator.timeline.interval import Interval
    from groundswell_coordinator.timeline.timeline import Timeline


class Asked(Protocol):
    """What is wanted of a view: a threshold's, or whoever else wants the same."""

    @property
    def aggregation(self) -> Aggregation: ...
    @property
    def percentile(self) -> float | None: ...


@dataclass(frozen=True, slots=True)
class Window:
    """Seconds of the run, [start, end)."""

    start: int
    end: int


@dataclass(frozen=True, slots=True)
class Standing:
    """`value` is in the unit of the threshold's limit, math.inf for a percentile above one hour.

    `ok` and `value` are None where there are no samples. `window` is the worst one, for a threshold
    that is judged by windows; `value` is then that window's.
    """

    threshold: Threshold
    ok: bool | None
    value: float | None
    window: Window | None = None


def value_of(asked: Asked, view: View | None) -> float | None:
    """The one number that a threshold takes of a view; None without samples."""
    match view:
        case None:
            return None
        case CounterView():
            is_rate = asked.aggregation is Aggregation.RATE
            return view.rate if is_rate else float(view.count)
        case RateView():
            return view.rate
        case GaugeView():
            return view.value
        case Histogram():
            return _of_trend(asked, view) if view.count else None


def _of_trend(asked: Asked, trend: Histogram) -> float:
    match asked.aggregation:
        case Aggregation.AVG:
            return trend.mean_ms
        case Aggregation.MIN:
            return trend.min_ms
        case Aggregation.MAX:
            return trend.max_ms
        case _:
            if asked.percentile is None:
                raise ValueError(f"{asked} takes nothing that a trend has")
            return trend.percentile(asked.percentile)


class WholeWatch:
    """Judges a threshold by everything so far. It can recover: only the last answer decides."""

    def __init__(self, threshold: Threshold, meter: Meter) -> None:
        self.threshold = threshold
        self._meter = meter

    def observe(self, interval: Interval) -> None:
        """Nothing to do: the meter, which several thresholds may share, is fed on its own."""

    def standing(self) -> Standing:
        value = value_of(self.threshold, self._meter.view())
        ok = None if value is None else self.threshold.holds(value)
        return Standing(self.threshold, ok, value)


class WindowWatch:
    """Judges a threshold by every full window of active time; one failed is failed."""

    def __init__(
        self, threshold: Threshold, length: int, timeline: Timeline, activity: Activity
    ) -> None:
        self.threshold = threshold
        self._timeline = timeline
        self._activity = activity
        self._window = SlidingWindow(threshold.metric.kind, length)
        self._worst: Standing | None = None
        # The ends of the windows that were judged, in unbroken rows.
        self.ends: list[range] = []

    @property
    def length(self) -> int:
        return self._window.length

    def observe(self, interval: Interval) -> None:
        selection = self.threshold.selection
        is_warm = interval.number >= self._timeline.judged_from
        if not is_warm or not self._activity.fills(selection, interval.number):
            self._window.reset()
            return
        self._window.push(interval, self._timeline.matching(selection))
        if self._window.is_full:
            self._judge(interval.number + 1)

    def standing(self) -> Standing:
        return self._worst or Standing(self.threshold, None, None)

    def _judge(self, end: int) -> None:
        value = value_of(self.threshold, self._window.view())
        if value is None:
            return
        self._note_end(end)
        if not self._is_worst(value):
            return
        window = Window(end - self._window.length, end)
        self._worst = Standing(self.threshold, self.threshold.holds(value), value, window)

    def _note_end(self, end: int) -> None:
        if self.ends and self.ends[-1].stop == end:
            self.ends[-1] = range(self.ends[-1].start, end + 1)
        else:
            self.ends.append(range(end, end + 1))

    def _is_worst(self, value: float) -> bool:
        if self._worst is None or self._worst.value is None:
            return True
        return self.threshold.badness(value) > self.threshold.badness(self._worst.value)


Watch = WholeWatch | WindowWatch
