"""The timeline of a run: interval k of every agent, merged, sealed, kept.

    report of interval k     k not sealed     k sealed       run closed
    -----------------------  ---------------  -------------  -----------
    first of its agent       MERGED           AMENDMENT      TOO_LATE
    seen before              DUPLICATE        DUPLICATE      TOO_LATE

Interval k is sealed, always after k - 1, when nobody still owes it: every agent has delivered it,
has said at an earlier one that it was its last, or is lost; at the latest 800 ms after its end.
What comes later amends it, once. Times are seconds since the run's start on the coordinator's
clock.

Everything here follows from the sealed intervals, the agents' parts and the amendments, in any
order; a timeline restored from them is the same timeline.
"""

from __future__ import annotations

from dataclasses import replace
from enum import Enum
from math import ceil
from typing import TYPE_CHECKING

from groundswell.errors import ProtocolViolation
from groundswell.metrics.histogram import Histogram
from groundswell.metrics.scratch import Scratch
from groundswell_coordinator.timeline.agent_record import AgentRecord
from groundswell_coordinator.timeline.declarations import SeriesRegistry
from groundswell_coordinator.timeline.measured import Measured, check_amounts, read
from groundswell_coordinator.timeline.open_interval import HistogramPool, OpenInterval
from groundswell_coordinator.timeline.part import part_of, self_contained
from groundswell_coordinator.timeline.slice import trend_of
from groundswell_coordinator.timeline.strain import Strain

if TYPE_CHECKING:
    from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
    from fractions import Fraction

    from groundswell.metrics.scratch import Decoded
    from groundswell.metrics.series import Series
    from groundswell.v1.metrics_pb2 import Report
    from groundswell.verdict.selection import Selection
    from groundswell_coordinator.timeline.interval import Interval

GRACE_S = 0.8
# How far ahead an agent's clock may be: a last report of the year 3000 must not stall the run.
_AHEAD_S = 5.0


class Outcome(Enum):
    """What became of a report."""

    MERGED = "merged"
    DUPLICATE = "duplicate"
    AMENDMENT = "amendment"
    TOO_LATE = "too_late"


def first_judged(warmup: Fraction) -> int:
    """The first interval that is judged: the first to begin at or after the end of the warm-up."""
    return ceil(warmup)


class Timeline:
    """`agents` maps incarnations to names; `judged_from` is the first interval after warm-up.

    `new_strain` makes what judges each agent's own health. Accounts are taken of `scenarios` alone, if
    any are given.

    With `keeps_reports` the reports of an interval are kept whole until `release_reports`, for
    whoever wants to tell the agents' histograms apart.
    """

    def __init__(
        self,
        run_id: str,
        agents: Mapping[str, str],
        judged_from: int = 0,
        *,
        keeps_reports: bool = False,
        new_strain: Callable[[], Strain] = Strain,
        scenarios: Collection[str] = (),
    ) -> None:
        self.run_id = run_id
        self._scenarios = frozenset(scenarios)
        self.judged_from = judged_from
        self.is_closed = False
        self.too_late = 0
        self._last_active: dict[str, int] = {}
        self._registry = SeriesRegistry()
        self._agents = {
            incarnation: AgentRecord(incarnation, name, self._registry, judged_from, new_strain())
            for incarnation, name in agents.items()
        }
        self._scratch = Scratch()
        self._pool = HistogramPool()
        self._open: dict[int, OpenInterval] = {}
        # What is to be added to intervals that are sealed.
        self._late: dict[int, OpenInterval] = {}
        self._sealed: list[Interval] = []
        self._cumulative: dict[Series, Histogram] = {}
        # The newest interval that any agent delivered, -1 before the first.
        self.newest = -1
        # Who still owes an interval, kept for the next one to be sealed: it is asked for after
        # every report, and there may be a thousand agents.
        self._owed = -1
        self._owing: set[AgentRecord] = set()
        self._keeps_reports = keeps_reports
        self._reports: dict[int, dict[str, Report]] = {}

    # --- reports -------------------------------------------------------------------------------

    def add(self, report: Report, now: float) -> Outcome:
        """Take a report; ProtocolViolation if it is not in order, and then nothing of it counts."""
        agent = self._sender(report)
        if self.is_closed:
            self.too_late += 1
            return Outcome.TOO_LATE
        # Also of a duplicate: a new stream declares anew on the first report that it repeats.
        agent.declarations.declare(report.declarations)
        if agent.has(report.interval):
            return Outcome.DUPLICATE
        if report.interval > now + _AHEAD_S:
            raise ProtocolViolation(
                f"{agent.name}: interval {report.interval} at {now:.1f} s of the run"
            )
        agent.check_order(report)
        return self._take(agent, report)

    def lose(self, incarnation: str) -> None:
        """Stop waiting for an agent; what it still delivers counts until the run is closed."""
        agent = self._agents[incarnation]
        agent.is_lost = True
        self._owing.discard(agent)

    def part(self, report: Report) -> Report:
        """What is stored of an added report beside its interval."""
        return part_of(report, self._agents[report.incarnation].declarations)

    def self_contained(self, report: Report) -> Report:
        """An added report with the declarations of all it uses: the stored form of an amendment."""
        return self_contained(report, self._agents[report.incarnation].declarations)

    def release_reports(self, number: int) -> Mapping[str, Report]:
        """The whole reports that were merged into an interval, by incarnation; given away once.

        Empty unless the timeline keeps them; amendments are not among them.
        """
        return self._reports.pop(number, {})

    def _sender(self, report: Report) -> AgentRecord:
        if report.run_id != self.run_id:
            raise ProtocolViolation(f"a report of another run: {report.run_id!r}")
        agent = self._agents.get(report.incarnation)
        if agent is None:
            raise ProtocolViolation(f"a report of an unknown agent: {report.incarnation!r}")
        return agent

    def _take(self, agent: AgentRecord, report: Report) -> Outcome:
        measured = read(report, agent.declarations)
        check_amounts(report, measured)
        self._check_scenarios(report)
        try:
            decoded = measured.decode(self._scratch)
            # It is in order: from here on nothing fails.
            self._note(agent, report, measured, decoded)
            return self._add(agent, report, measured, decoded)
        finally:
            self._scratch.clear()

    def _check_scenarios(self, report: Report) -> None:
        for account in report.accounts:
            if self._scenarios and account.scenario not in self._scenarios:
                raise ProtocolViolation(
                    f"an account of {account.scenario!r}, no scenario of the test"
                )

    def _note(
        self,
        agent: AgentRecord,
        report: Report,
        measured: Measured,
        decoded: Sequence[tuple[int, Decoded]],
    ) -> None:
        agent.note(report, measured, decoded)
        self.newest = max(self.newest, report.interval)
        if not agent.owes(self._owed):
            self._owing.discard(agent)

    def _add(
        self,
        agent: AgentRecord,
        report: Report,
        measured: Measured,
        decoded: Sequence[tuple[int, Decoded]],
    ) -> Outcome:
        is_late = report.interval < len(self._sealed)
        intervals = self._late if is_late else self._open
        if report.interval not in intervals:
            intervals[report.interval] = self._new_interval(report.interval)
        interval = intervals[report.interval]
        interval.add(measured, decoded)
        if is_late:
            return Outcome.AMENDMENT
        interval.parts.append(part_of(report, agent.declarations))
        if self._keeps_reports:
            own = self._reports.setdefault(report.interval, {})
            own[report.incarnation] = self_contained(report, agent.declarations)
        return Outcome.MERGED

    def _new_interval(self, number: int) -> OpenInterval:
        return OpenInterval(number, self._registry, self._pool)

    # --- sealing -------------------------------------------------------------------------------

    def seal_due(self, now: float, grace: float = GRACE_S) -> list[Interval]:
        """Seal what is due, in order. The intervals come with their parts, which are not kept."""
        sealed: list[Interval] = []
        while self._is_due(len(self._sealed), now, grace):
            sealed.append(self._seal())
        return sealed

    def close(self) -> list[Interval]:
        """Seal all that was delivered; from now on every report is too late."""
        self.is_closed = True
        sealed: list[Interval] = []
        while len(self._sealed) <= self.newest:
            sealed.append(self._seal())
        return sealed

    def _is_due(self, number: int, now: float, grace: float) -> bool:
        if self.is_closed:
            return False
        if self._owed != number:
            self._owed = number
            self._owing = {agent for agent in self._agents.values() if agent.owes(number)}
        if self._owing:
            return now >= number + 1 + grace
        return number <= self.newest

    def _seal(self) -> Interval:
        number = len(self._sealed)
        interval = self._open.pop(number, None) or self._new_interval(number)
        self._accumulate(number, interval.trends)
        sealed = interval.seal()
        self._sealed.append(replace(sealed, parts=()))
        self._note_activity(sealed)
        return sealed

    def _amend(self) -> None:
        """Add what came late to its intervals: before anybody reads, and not for each report."""
        while self._late:
            number, late = self._late.popitem()
            self._accumulate(number, late.trends)
            late.include(self._sealed[number])
            interval = self._sealed[number] = replace(late.seal(), parts=())
            self._note_activity(interval)

    def _accumulate(self, number: int, trends: Mapping[int, Histogram]) -> None:
        if number < self.judged_from:
            return
        for slot, histogram in trends.items():
            self._total(self._registry[slot]).merge(histogram)

    def _total(self, series: Series) -> Histogram:
        return self._cumulative.setdefault(series, Histogram())

    def _note_activity(self, interval: Interval) -> None:
        for scenario in interval.active_scenarios():
            known = self._last_active.get(scenario, -1)
            self._last_active[scenario] = max(known, interval.number)

    # --- restoring -----------------------------------------------------------------------------

    def restore(self, interval: Interval, parts: Iterable[Report]) -> None:
        """Take a stored interval, the next in order, with what its agents contributed to it.

        Amendments are given to `add` again, after the interval that they amend.
        """
        if interval.number != len(self._sealed):
            raise ValueError(f"interval {interval.number} after {len(self._sealed) - 1}")
        for part in parts:
            self._restore_part(part)
        for series, kind in interval.series():
            self._registry.register(series, kind)
        if interval.number >= self.judged_from:
            for series, trend in interval.trends.items():
                trend.add_to(self._total(series))
        self._sealed.append(replace(interval, parts=()))
        self._note_activity(interval)

    def _restore_part(self, part: Report) -> None:
        agent = self._sender(part)
        agent.declarations.declare(part.declarations)
        measured = read(part, agent.declarations)
        self._check_scenarios(part)
        try:
            self._note(agent, part, measured, measured.decode(self._scratch))
        finally:
            self._scratch.clear()

    # --- reading -------------------------------------------------------------------------------

    @property
    def agents(self) -> Sequence[AgentRecord]:
        return tuple(self._agents.values())

    @property
    def sealed_count(self) -> int:
        """How many seconds of the run are sealed."""
        return len(self._sealed)

    @property
    def is_complete(self) -> bool:
        """Whether every agent that is not lost has delivered all of its intervals."""
        return all(agent.is_lost or agent.is_complete for agent in self._agents.values())

    @property
    def last_active(self) -> Mapping[str, int]:
        """The last interval in which each scenario was seen to be at work."""
        self._amend()
        return self._last_active

    def sealed(self, number: int) -> Interval:
        """A sealed interval with its amendments, without parts."""
        self._amend()
        return self._sealed[number]

    def intervals(self) -> Sequence[Interval]:
        """All sealed intervals with their amendments."""
        self._amend()
        return self._sealed

    def series(self) -> tuple[Series, ...]:
        """Every series of the run, in the order of declaration."""
        return tuple(self._registry)

    def matching(self, selection: Selection) -> tuple[Series, ...]:
        """The series of a selection."""
        return self._registry.matching(selection)

    def trend(self, selection: Selection) -> Histogram:
        """The union of a selection's trends after warm-up, without a walk over all intervals."""
        self._amend()
        union = Histogram()
        for series in self.matching(selection):
            if (histogram := self._cumulative.get(series)) is not None:
                union.merge(histogram)
        return union

    def trend_between(self, selection: Selection, first: int, end: int) -> Histogram:
        """The same over the intervals first..end - 1."""
        union = Histogram()
        series = self.matching(selection)
        for interval in self.intervals()[first:end]:
            trend_of(interval, series, into=union)
        return union
