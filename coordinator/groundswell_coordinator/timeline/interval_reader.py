"""Reads a run's stored seconds one after the other: what they declare is mostly what the last one did."""

from __future__ import annotations

from typing import TYPE_CHECKING

from groundswell_coordinator.timeline.declarations import (
    MOST_SERIES,
    Declarations,
    SeriesRegistry,
)
from groundswell_coordinator.timeline.interval import Interval
from groundswell_coordinator.timeline.measured import read
from groundswell_coordinator.timeline.open_interval import HistogramPool, OpenInterval

if TYPE_CHECKING:
    from collections.abc import Sequence

    from groundswell.v1.metrics_pb2 import Report, SeriesDeclaration


class IntervalReader:
    """Of one run."""

    def __init__(self) -> None:
        self._registry = SeriesRegistry()
        self._pool = HistogramPool()
        self._last: Sequence[SeriesDeclaration] = ()
        self._declarations = Declarations(self._registry, MOST_SERIES)

    def read(self, merged: Report, amendments: Sequence[Report] = ()) -> Interval:
        """The stored form of an interval back, with what came late; ProtocolViolation where it is none.

        Payloads are taken as they are: whether they decode shows where they are added up.
        """
        interval = self._one(merged)
        if not amendments:
            return interval
        whole = OpenInterval(interval.number, self._registry, self._pool)
        for part in (interval, *map(self._one, amendments)):
            whole.include(part)
        return whole.seal()

    def _one(self, report: Report) -> Interval:
        measured = read(report, self._declared(report))
        return Interval.from_measured(report.interval, measured, self._registry)

    def _declared(self, report: Report) -> Declarations:
        if report.declarations != self._last:
            self._declarations = Declarations(self._registry, MOST_SERIES)
            self._declarations.declare(report.declarations)
            self._last = report.declarations
        return self._declarations
