"""What a run's timeline knows of one agent: what it delivered, its accounts, its own health."""

from __future__ import annotations

from typing import TYPE_CHECKING

from groundswell.errors import ProtocolViolation
from groundswell.metrics.histogram import Histogram
from groundswell_coordinator.timeline.accounts import AccountBook, AgentAccounts
from groundswell_coordinator.timeline.declarations import Declarations, SeriesRegistry
from groundswell_coordinator.timeline.strain import Strain, Vitals

if TYPE_CHECKING:
    from collections.abc import Collection, Mapping, Sequence

    from groundswell.metrics.scratch import Decoded
    from groundswell.metrics.series import Series
    from groundswell.v1.metrics_pb2 import Report
    from groundswell_coordinator.timeline.measured import Measured


class AgentRecord:
    """One incarnation. Lags and strain are those after warm-up, cumulative over the run."""

    def __init__(
        self,
        incarnation: str,
        name: str,
        registry: SeriesRegistry,
        judged_from: int,
        strain: Strain | None = None,
    ) -> None:
        self.incarnation = incarnation
        self.name = name
        self.declarations = Declarations(registry)
        self.book = AccountBook(judged_from)
        self.is_lost = False
        # It has handed its share over and ends in order.
        self.has_left = False
        self.last: int | None = None
        # The newest handover that it said it had taken.
        self.epoch = 0
        self.strain = strain or Strain()
        # By slot: they are added to every second.
        self._lags: dict[int, Histogram] = {}
        self._registry = registry
        self._judged_from = judged_from
        # All intervals below `delivered_below` are here, and those in `_ahead`: one number instead
        # of a set of all seconds of a long run, for each of a thousand agents.
        self.delivered_below = 0
        self._ahead: set[int] = set()

    @property
    def cpu_max(self) -> float | None:
        """The highest of any second."""
        return self.strain.cpu_max

    @property
    def newest(self) -> int:
        """The newest interval it delivered, -1 before the first."""
        return max(self._ahead, default=self.delivered_below - 1)

    @property
    def has_ended(self) -> bool:
        """Whether it has said that no interval follows."""
        return self.last is not None

    @property
    def is_complete(self) -> bool:
        """Whether all of its intervals are here."""
        return self.last is not None and self.delivered_below > self.last

    @property
    def accounts(self) -> AgentAccounts:
        return AgentAccounts(self.incarnation, self.book.latest, self.has_ended)

    def has(self, interval: int) -> bool:
        return interval < self.delivered_below or interval in self._ahead

    def owes(self, interval: int) -> bool:
        """Whether this interval is still to be expected from it."""
        if self.is_lost or self.has(interval):
            return False
        return self.last is None or interval <= self.last

    def owes_before(self, end: int) -> bool:
        """Whether any interval below `end` is still to be expected from it."""
        return any(self.owes(number) for number in range(self.delivered_below, end))

    def check_order(self, report: Report) -> None:
        if self.last is not None and report.interval > self.last:
            raise ProtocolViolation(
                f"{self.name}: interval {report.interval} after {self.last}, its last"
            )
        if report.last and report.interval < self.newest:
            raise ProtocolViolation(
                f"{self.name}: interval {report.interval} is its last, but {self.newest} is here"
            )

    def note(
        self, report: Report, measured: Measured, decoded: Sequence[tuple[int, Decoded]]
    ) -> None:
        """Take over a report that was found to be in order, once."""
        self._deliver(report.interval)
        self.epoch = max(self.epoch, report.epoch)
        if report.last:
            self.last = report.interval
        self.book.note(report.interval, report.accounts)
        vitals = None
        if report.interval >= self._judged_from:
            vitals = self._note_health(measured, decoded)
            self.strain.note(report.interval, vitals)
        if report.interval == self.newest:
            self.strain.note_drops(report.accounts, vitals)

    @property
    def lags(self) -> Mapping[Series, Histogram]:
        return {self._registry[slot]: histogram for slot, histogram in self._lags.items()}

    def lag(self, metric: str, scenarios: Collection[str]) -> Histogram:
        """A lag after warm-up, of these scenarios and of what belongs to no scenario.

        To be read only: mostly there is but one series, and the union is its own histogram.
        """
        own: list[Histogram] = []
        for slot, histogram in self._lags.items():
            series = self._registry[slot]
            if series.metric != metric:
                continue
            scenario = dict(series.tags).get("scenario")
            if scenario is None or scenario in scenarios:
                own.append(histogram)
        return own[0] if len(own) == 1 else _union(own)

    def _deliver(self, interval: int) -> None:
        self._ahead.add(interval)
        while self.delivered_below in self._ahead:
            self._ahead.remove(self.delivered_below)
            self.delivered_below += 1

    def _note_health(self, measured: Measured, decoded: Sequence[tuple[int, Decoded]]) -> Vitals:
        registry, vitals = self._registry, Vitals()
        for slot, one in decoded:
            if slot in registry.vitals:
                if slot not in self._lags:
                    self._lags[slot] = Histogram()
                self._lags[slot].add(one)
                metric = registry[slot].metric
                samples, late = self.strain.late(metric, one)
                known = vitals.lags.get(metric, (0, 0))
                vitals.lags[metric] = known[0] + samples, known[1] + late
        for slot, value in measured.gauges:
            if slot in registry.vitals:
                vitals.note_gauge(registry[slot].metric, value)
        return vitals


def _union(histograms: Sequence[Histogram]) -> Histogram:
    union = Histogram()
    for histogram in histograms:
        union.merge(histogram)
    return union
