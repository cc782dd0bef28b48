"""What is measured of a run: reports in, sealed intervals judged, stored, acknowledged and shown."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

from groundswell.verdict.verdict import ReasonCode
from groundswell_coordinator.judge.failures import Failures
from groundswell_coordinator.judge.judge import Judge
from groundswell_coordinator.run.progress import ProgressMeter
from groundswell_coordinator.telemetry import Telemetry
from groundswell_coordinator.timeline.strain import strain_of
from groundswell_coordinator.timeline.timeline import GRACE_S, Outcome, Timeline, first_judged

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

    from groundswell.schedule.levels import Level
    from groundswell.v1.metrics_pb2 import Report
    from groundswell_coordinator.judge.standing import Standing
    from groundswell_coordinator.outputs.outputs import Outputs
    from groundswell_coordinator.run.archive import Archive
    from groundswell_coordinator.run.broadcast import Broadcast
    from groundswell_coordinator.run.crew import Crew
    from groundswell_coordinator.run.progress import Durations
    from groundswell_coordinator.run.submission import Submission
    from groundswell_coordinator.timeline.agent_record import AgentRecord
    from groundswell_coordinator.timeline.interval import Interval

# For reports that may be here, and not read. To merge one costs less than to amend an interval by it:
# whoever was held up, and then called all of them late, would never catch up.
_GRACE_BEHIND_S = 30.0
_STORE_LATE_EVERY_S = 0.25


def new_timeline(submission: Submission, names: Mapping[str, str]) -> Timeline:
    """`names` by incarnation."""
    return Timeline(
        submission.run_id,
        names,
        first_judged(submission.test.warmup),
        keeps_reports=submission.agent_histograms,
        new_strain=strain_of(submission.test),
        scenarios=submission.test.scenarios,
    )


class Measurement:
    """Times are seconds since the run's start on the coordinator's clock."""

    def __init__(
        self,
        submission: Submission,
        crew: Crew,
        archive: Archive,
        broadcast: Broadcast,
        timeline: Timeline | None = None,
        telemetry: Telemetry | None = None,
        outputs: Outputs | None = None,
    ) -> None:
        """With a timeline that was restored from the store it goes on from there."""
        test = submission.test
        self.timeline = timeline or new_timeline(submission, crew.names)
        self._crew = crew
        self._archive = archive
        self._broadcast = broadcast
        self._telemetry = telemetry or Telemetry()
        self._outputs = outputs
        self._judge = Judge(test, self.timeline)
        self._progress = ProgressMeter(test, self.timeline, self._judge)
        self._failures = Failures(test)
        self._records = {record.incarnation: record for record in self.timeline.agents}
        # By interval: late reports, each whole and its part, that are not stored yet.
        self._late: dict[int, list[tuple[Report, Report]]] = {}
        self._store_late_from = -math.inf
        # Incarnations; a dict, to keep their order.
        self._to_acknowledge: dict[str, None] = {}
        # Who else wants to know of sealed intervals, with their parts, and of late reports.
        self._on_sealed: Callable[[Interval], None] | None = None
        self._on_late: Callable[[Report], None] | None = None
        # All intervals below are stored.
        self._stored = self.timeline.sealed_count
        for interval in self.timeline.intervals():
            self._judge.observe(interval)
            self._failures.observe(interval)
            self._progress.resume(interval)
        self._progress.catch_up()

    @property
    def durations(self) -> Durations:
        """Of all requests in sealed intervals."""
        return self._progress.durations

    @property
    def hopeless(self) -> str | None:
        """A scenario in Python whose every iteration is an exception."""
        return self._failures.hopeless()

    def listen(self, sealed: Callable[[Interval], None], late: Callable[[Report], None]) -> None:
        """Tell of every interval that is sealed from now on, and of every report that amends one."""
        self._on_sealed, self._on_late = sealed, late

    def rise(self, levels: Sequence[Level]) -> None:
        """A search has come to the last of these: what is achieved is shown beside it."""
        self._progress.rise(levels)

    def record(self, incarnation: str) -> AgentRecord:
        return self._records[incarnation]

    async def take(self, report: Report, now: float) -> None:
        """Add a report; ProtocolViolation if it is not in order."""
        outcome = self.timeline.add(report, now)
        self._telemetry.took(outcome.value, report.ByteSize())
        if outcome is Outcome.AMENDMENT:
            whole = self.timeline.self_contained(report)
            self._late.setdefault(report.interval, []).append((whole, self.timeline.part(report)))
            if self._on_late is not None:
                self._on_late(whole)
        if outcome is not Outcome.MERGED:
            # Of a duplicate, too, what came before it may not be stored yet.
            self._to_acknowledge[report.incarnation] = None

    async def store_late(self, now: float = math.inf) -> None:
        """Store what came late since the last time, and acknowledge it.

        All of an interval at once, and with `now` only a few times a second: when a busy machine
        makes many late, each on its own would make more so.
        """
        if now < self._store_late_from:
            return
        if now < math.inf:
            self._store_late_from = now + _STORE_LATE_EVERY_S
        late, self._late = self._late, {}
        for interval, reports in late.items():
            await self._archive.amendments(interval, reports)
        waiting, self._to_acknowledge = self._to_acknowledge, {}
        for incarnation in waiting:
            self._acknowledge(incarnation)

    async def advance(self, now: float, *, is_behind: bool = False) -> Standing | None:
        """Seal what is due; the threshold that aborts the run, if one does by what is new.

        While the coordinator itself is behind with reading, no agent is called late.
        """
        sealed = self.timeline.seal_due(now, _GRACE_BEHIND_S if is_behind else GRACE_S)
        # What an agent sent late comes before what is acknowledged with an interval.
        await self.store_late(math.inf if sealed else now)
        for interval in sealed:
            self._telemetry.seal_delay.add(now - interval.number - 1)
            await self._settle(interval)
        return self._judge.abort() if sealed else None

    async def close(self) -> None:
        """Seal all that was delivered. What comes later is not merged."""
        await self.store_late()
        for interval in self.timeline.close():
            await self._settle(interval)

    async def _settle(self, interval: Interval) -> None:
        self._telemetry.intervals_sealed += 1
        self._judge.observe(interval)
        self._failures.observe(interval)
        reports = self.timeline.release_reports(interval.number)
        is_stored = await self._archive.interval(interval, reports)
        # Who watches waits for it, an agent does not for an acknowledgement: a thousand take a tenth
        # of a second.
        self._broadcast.progress(self._progress.observe(interval))
        if self._outputs is not None:
            self._outputs.take(interval)
        if self._on_sealed is not None:
            self._on_sealed(interval)
        if (news := self._progress.take_news()) is not None:
            self._broadcast.notice(ReasonCode.AGENT_SATURATED.value, news)
        if is_stored:
            self._stored = interval.number + 1
            for part in interval.parts:
                self._acknowledge(part.incarnation)

    def _acknowledge(self, incarnation: str) -> None:
        """Acknowledge all of an agent that is stored without a gap.

        What an agent sends never says what may be acknowledged: a duplicate's first copy may not be
        stored yet, and what is missing before a report is still to be sent.
        """
        end = min(self._records[incarnation].delivered_below, self._stored)
        if end and self._archive.failure is None:
            self._crew.acknowledge(incarnation, end - 1)
