"""What is measured of a run, from its start: reports in, sealed intervals judged, stored, acknowledged and shown."""

from __future__ import annotations

from typing import TYPE_CHECKING

from groundswell.errors import StoreFailed
from groundswell_coordinator.run.judge import Judge
from groundswell_coordinator.run.progress import ProgressMeter
from groundswell_coordinator.run.timeline import Outcome, Timeline, first_judged

if TYPE_CHECKING:
    from collections.abc import Awaitable

    from groundswell.v1.metrics_pb2 import Report
    from groundswell_coordinator.run.archive import Archive
    from groundswell_coordinator.run.broadcast import Broadcast
    from groundswell_coordinator.run.crew import Crew
    from groundswell_coordinator.run.interval import Interval
    from groundswell_coordinator.run.standing import Standing
    from groundswell_coordinator.run.submission import Submission


class Measurement:
    """Times are seconds since the run's start on the coordinator's clock."""

    def __init__(
        self, submission: Submission, crew: Crew, archive: Archive, broadcast: Broadcast
    ) -> None:
        test = submission.test
        self.timeline = Timeline(submission.run_id, crew.names, first_judged(test.warmup))
        # The first failure of the store. After it nothing more is written or acknowledged.
        self.store_failure: StoreFailed | None = None
        self._crew = crew
        self._archive = archive
        self._broadcast = broadcast
        self._judge = Judge(test, self.timeline)
        self._progress = ProgressMeter(test, self.timeline, self._judge)

    async def take(self, report: Report, now: float) -> None:
        """Add a report; ProtocolViolation if it is not in order."""
        outcome = self.timeline.add(report, now)
        if outcome is Outcome.AMENDMENT:
            whole, part = self.timeline.self_contained(report), self.timeline.part(report)
            await self._store(self._archive.amendment(whole, part))
        if outcome is not Outcome.MERGED:
            self._acknowledge(report)

    async def advance(self, now: float) -> Standing | None:
        """Seal what is due; the threshold that aborts the run, if one does."""
        for interval in self.timeline.seal_due(now):
            await self._settle(interval)
        return self._judge.abort()

    async def close(self) -> None:
        """Seal all that was delivered. What comes later is acknowledged and not merged."""
        for interval in self.timeline.close():
            await self._settle(interval)

    async def _settle(self, interval: Interval) -> None:
        self._judge.observe(interval)
        await self._store(self._archive.interval(interval))
        for part in interval.parts:
            self._acknowledge(part)
        self._broadcast.progress(self._progress.observe(interval))

    async def _store(self, write: Awaitable[None]) -> None:
        try:
            await write
        except StoreFailed as failure:
            self.store_failure = self.store_failure or failure

    def _acknowledge(self, report: Report) -> None:
        if self.store_failure is None:
            self._crew.acknowledge(report.incarnation, report.interval)
