"""A run that is measured and stored as the conductor does it, with reports given by hand."""

from __future__ import annotations

from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import TYPE_CHECKING

from groundswell.scenario.loader import TestSource, load
from groundswell_coordinator.attachment import Attachment
from groundswell_coordinator.clock import ClockOffset
from groundswell_coordinator.judge.ending import Cause
from groundswell_coordinator.run.archive import Archive
from groundswell_coordinator.run.broadcast import Broadcast
from groundswell_coordinator.run.conclusion import Story, conclude
from groundswell_coordinator.run.crew import Crew
from groundswell_coordinator.run.measurement import Measurement
from groundswell_coordinator.run.submission import Submission
from groundswell_coordinator.run.succession import LostAgent, Succession
from groundswell_coordinator.store.run_store import RunStore
from groundswell_coordinator.store.writer import StoreWriter
from tests.coordinator.reporting import RUN

if TYPE_CHECKING:
    from collections.abc import AsyncGenerator, Collection, Mapping

    from groundswell.v1.metrics_pb2 import Report
    from groundswell_coordinator.report.summary import Summary
    from groundswell_coordinator.run.events import StopMode
    from groundswell_coordinator.store.records import StoredInterval, StoredRun
    from groundswell_coordinator.timeline.timeline import Timeline

# Six seconds of load, of which the first two are not judged.
TEST = b"""\
test: recorded
target: "{{ env.BASE_URL }}"
warmup: 2s
scenarios:
  load:
    executor: constant-arrival-rate
    rate: 10/s
    duration: 6s
    max_vus: 12
    steps:
      - get: "/{{ env.PATH_PREFIX | default('') }}"
        name: start
        check: {status: 200}
thresholds:
  http_req_duration:
    - p(95) < 3s
    - {threshold: avg < 2s, over: 2s}
  http_req_duration{name:1}: max < 4s
  http_req_failed: rate < 60%
  http_reqs: count > 10
"""
ENV = {"BASE_URL": "http://localhost"}
AGENTS = {"i1": "agent-1", "i2": "agent-2", "i3": "agent-3"}
STARTED = datetime(2026, 3, 4, 5, 6, 8, 125000, tzinfo=UTC)


@dataclass(slots=True)
class Recording:
    """`url` is of its store."""

    url: str
    submission: Submission
    crew: Crew
    archive: Archive
    measurement: Measurement
    succession: Succession
    stopped_at: float | None = None
    aborted_by: str | None = None
    cause: Cause = field(default=Cause.COMPLETE)

    @property
    def timeline(self) -> Timeline:
        return self.measurement.timeline

    async def take(self, report: Report, now: float) -> None:
        await self.measurement.take(report, now)

    async def lose(self, name: str, lease_end: float) -> None:
        incarnation = self.crew[name].incarnation
        self.timeline.lose(incarnation)
        self.succession.lose(LostAgent(name, incarnation, lease_end))
        await self.archive.event("agent_lost", "silent", name, {"lease_end": lease_end})

    async def hand_over(self, name: str, heirs: Collection[str], boundary: float) -> None:
        latest = self.measurement.record(self.crew[name].incarnation).book.latest
        decided = {scenario: account.planned for scenario, account in latest.items()}
        handover = self.succession.plan(name, heirs, round(boundary * 1e9), decided)
        assert await self.archive.handover(handover)
        self.succession.take(handover)

    async def stop(
        self, at: float, mode: StopMode, cause: Cause, threshold: str | None = None
    ) -> None:
        self.stopped_at = at if self.stopped_at is None else self.stopped_at
        self.cause, self.aborted_by = cause, threshold
        detail: dict[str, float | str] = {"at": self.stopped_at, "mode": mode.value}
        if threshold is not None:
            detail["threshold"] = threshold
        await self.archive.event(cause.value, "stopped", detail=detail)

    async def conclude(self) -> Summary:
        """What the run says at its end, when all reports are in that come in time."""
        await self.measurement.close()
        story = Story(
            self.cause,
            started_at=STARTED,
            stopped_at=self.stopped_at,
            aborted_by=self.aborted_by,
            losses=self.succession.losses(self.timeline, self.stopped_at),
        )
        return await conclude(self.submission, self.crew, self.timeline, story, self.archive)

    def stored(self) -> tuple[StoredRun, tuple[StoredInterval, ...]]:
        """As another process reads it."""
        with RunStore.open(self.url) as store:
            return store.get_run(RUN), tuple(store.intervals(RUN))


@asynccontextmanager
async def recording(
    url: str,
    *,
    text: bytes = TEST,
    agents: Mapping[str, str] = AGENTS,
    agent_histograms: bool = False,
) -> AsyncGenerator[Recording]:
    """A run that has started."""
    source = TestSource("recorded.yaml", text, ENV)
    submission = Submission(
        run_id=RUN,
        source=source,
        test=load(source),
        agents=len(agents),
        labels={"branch": "main"},
        seed=7,
        wait=60.0,
        created_at=datetime(2026, 3, 4, 5, 6, 7, tzinfo=UTC),
        agent_histograms=agent_histograms,
    )
    writer = await StoreWriter.open(url)
    try:
        yield await _begin(url, writer, submission, agents)
    finally:
        await writer.close()


async def _begin(
    url: str, writer: StoreWriter, submission: Submission, agents: Mapping[str, str]
) -> Recording:
    attachments = [
        Attachment(incarnation, name, weight=weight)
        for weight, (incarnation, name) in enumerate(agents.items(), 1)
    ]
    crew, archive = Crew(RUN, attachments), Archive(writer, submission)
    await archive.create("coordinator-1", 1, is_local=True)
    await archive.shares(crew)
    for number, agent in enumerate(attachments):
        crew.clocks[agent.name] = ClockOffset(1000 * number, 10)
    await archive.start(crew, STARTED)
    for number, agent in enumerate(attachments):
        crew.skews[agent.name] = 100_000 * number
        await archive.skews({agent.incarnation: crew.skews[agent.name]})
    return Recording(
        url,
        submission,
        crew,
        archive,
        Measurement(submission, crew, archive, Broadcast()),
        Succession(submission.test, crew.table, submission.seed),
    )
