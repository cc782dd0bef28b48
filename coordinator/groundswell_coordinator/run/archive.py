"""One run's way into the store: what is written when, and that a failing store is heard of but once."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import TYPE_CHECKING

from groundswell import __version__
from groundswell_coordinator.store.records import (
    AgentClock,
    Amendment,
    Contribution,
    NewRun,
    StoredEvent,
    StoredShare,
)

if TYPE_CHECKING:
    from groundswell.v1.metrics_pb2 import Report
    from groundswell_coordinator.run.crew import Crew
    from groundswell_coordinator.run.interval import Interval
    from groundswell_coordinator.run.submission import Submission
    from groundswell_coordinator.store.writer import StoreWriter


class Archive:
    """Every method returns after the commit, or raises StoreFailed."""

    def __init__(self, store: StoreWriter, submission: Submission) -> None:
        self._store = store
        self._submission = submission
        self._run_id = submission.run_id

    async def create(self, coordinator_id: str, generation: int) -> None:
        """Before anything is prepared."""
        submission = self._submission
        run = NewRun(
            run_id=self._run_id,
            test=submission.test.test,
            test_hash=submission.source.hash,
            source=submission.source.text,
            seed=submission.seed,
            created_at=submission.created_at,
            groundswell_version=__version__,
            coordinator_id=coordinator_id,
            generation=generation,
            labels=submission.labels,
        )
        await self._store.submit(lambda store: store.create_run(run))

    async def shares(self, crew: Crew) -> None:
        """Before the shares are told to anybody."""
        entries = [
            StoredShare(agent.name, agent.incarnation, agent.weight) for agent in crew.agents
        ]
        epoch = crew.table.epoch
        await self._store.submit(lambda store: store.save_shares(self._run_id, epoch, entries))

    async def start(self, crew: Crew, start_at: datetime) -> None:
        """Before the start is ordered."""
        clocks = [
            AgentClock(
                agent.name,
                agent.incarnation,
                crew.clocks[agent.name].offset_ns,
                crew.clocks[agent.name].error_ns,
            )
            for agent in crew.agents
        ]
        await self._store.submit(lambda store: store.save_start(self._run_id, start_at, clocks))

    async def skew(self, incarnation: str, skew_ns: int) -> None:
        await self._store.submit(lambda store: store.save_skew(self._run_id, incarnation, skew_ns))

    async def interval(self, interval: Interval) -> None:
        """Before the reports that are in it are acknowledged."""
        merged = interval.to_report(self._run_id).SerializeToString()
        contained = [
            Contribution(part.incarnation, part.SerializeToString()) for part in interval.parts
        ]
        await self._store.submit(
            lambda store: store.save_interval(self._run_id, interval.number, merged, contained)
        )

    async def amendment(self, late: Report, part: Report) -> None:
        """A late report, whole, beside the interval that it amends."""
        amendment = Amendment(
            late.incarnation, part.SerializeToString(), late.SerializeToString()
        )
        await self._store.submit(
            lambda store: store.save_amendment(self._run_id, late.interval, amendment)
        )

    async def event(self, code: str, message: str, agent: str | None = None) -> None:
        event = StoredEvent(datetime.now(UTC), code, message, agent)
        await self._store.submit(lambda store: store.save_event(self._run_id, event))

    async def close(
        self, *, verdict: str | None, exit_code: int, summary_json: str | None, duration_s: float
    ) -> None:
        """The end; nothing of the run is written after it."""
        ended_at = datetime.now(UTC)
        await self._store.submit(
            lambda store: store.close_run(
                self._run_id,
                verdict=verdict,
                exit_code=exit_code,
                summary_json=summary_json,
                ended_at=ended_at,
                duration_s=duration_s,
            )
        )
