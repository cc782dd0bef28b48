"""Judges a run's thresholds while it lasts, interval by interval in order.

Nothing is judged in the warm-up. Windows are judged as their intervals are sealed and not again
when one is amended; the final verdict (judgement.py) feeds a new judge with the intervals as they
are then.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from groundswell.verdict.threshold import parse
from groundswell_coordinator.judge.activity import Activity
from groundswell_coordinator.judge.meter import Meter
from groundswell_coordinator.judge.standing import WholeWatch, WindowWatch

if TYPE_CHECKING:
    from collections.abc import Iterable

    from groundswell.scenario.model import Test
    from groundswell.verdict.selection import Selection
    from groundswell.verdict.threshold import Threshold
    from groundswell_coordinator.judge.standing import Standing, Watch
    from groundswell_coordinator.timeline.interval import Interval
    from groundswell_coordinator.timeline.timeline import Timeline


def thresholds_of(test: Test) -> tuple[Threshold, ...]:
    """A test's thresholds in the order in which they are written."""
    return tuple(
        parse(key, spec, test.scenarios, test.catalog)
        for key, specs in test.thresholds.items()
        for spec in specs
    )


class Judge:
    """Fed each newly sealed interval; `stopped_at` is when the run was stopped early."""

    def __init__(self, test: Test, timeline: Timeline, stopped_at: float | None = None) -> None:
        self.activity = Activity(test, timeline, stopped_at)
        self.thresholds = thresholds_of(test)
        self._timeline = timeline
        self._meters: dict[Selection, Meter] = {}
        self._watches = tuple(self._watch(threshold) for threshold in self.thresholds)
        self._seen = 0

    def observe(self, interval: Interval) -> None:
        """Take the next sealed interval."""
        if interval.number != self._seen:
            raise ValueError(f"interval {interval.number} after {self._seen - 1}")
        self._seen += 1
        for meter in self._meters.values():
            meter.observe(interval)
        for watch in self._watches:
            watch.observe(interval)

    def standings(self) -> tuple[Standing, ...]:
        """How each threshold stands, in the order of `thresholds`."""
        return tuple(watch.standing() for watch in self._watches)

    def windows(self) -> Iterable[tuple[Threshold, int, range]]:
        """All windows that thresholds were judged by: their length, and where they end, in rows."""
        for watch in self._watches:
            if isinstance(watch, WindowWatch):
                for ends in watch.ends:
                    yield watch.threshold, watch.length, ends

    def abort(self) -> Standing | None:
        """The first threshold that fails in a way that ends the run, if any does by now.

        `delay_abort_eval` counts from the run's start and delays only the abort, as in k6.
        """
        if self._seen <= self._timeline.judged_from:
            return None
        return next((one for one in self.standings() if self._aborts(one)), None)

    def _aborts(self, standing: Standing) -> bool:
        threshold = standing.threshold
        is_due = threshold.abort_on_fail and self._seen >= threshold.delay_abort_eval
        return is_due and standing.ok is False

    def _watch(self, threshold: Threshold) -> Watch:
        if threshold.over is not None:
            return WindowWatch(threshold, int(threshold.over), self._timeline, self.activity)
        selection = threshold.selection
        if selection not in self._meters:
            kind = threshold.metric.kind
            self._meters[selection] = Meter(selection, kind, self._timeline, self.activity)
        return WholeWatch(threshold, self._meters[selection])
