"""One run's way into the store: what is written when, and that a failure is heard of but once.

Before the load a failure is the StoreFailed of the method: nothing has begun, and nothing will.
Under load it is `failure`, which stops the run, and the methods say whether they have written;
after it nothing but the end is tried, because an interval behind a gap would pass for all there is.
With the end, if that can be written, goes what befell the run meanwhile.
"""

from __future__ import annotations

from datetime import UTC, datetime
from typing import TYPE_CHECKING

from groundswell import __version__
from groundswell.errors import GroundswellError, StoreFailed
from groundswell.verdict.verdict import ReasonCode
from groundswell_coordinator.capacity import log
from groundswell_coordinator.counted import counted
from groundswell_coordinator.run.environment import environment_of
from groundswell_coordinator.run.guard_log import GUARDS, guards_detail
from groundswell_coordinator.store.records import (
    AgentClock,
    Amendment,
    Contribution,
    NewRun,
    StoredEvent,
    StoredHandover,
    StoredShare,
)

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping

    from groundswell.capacity.settings import SearchSettings
    from groundswell.load_guard import LoadGuard
    from groundswell.schedule.division import Handover
    from groundswell.v1.metrics_pb2 import Report
    from groundswell_coordinator.run.crew import Crew
    from groundswell_coordinator.run.submission import Submission
    from groundswell_coordinator.store.run_store import RunStore
    from groundswell_coordinator.store.writer import StoreWriter
    from groundswell_coordinator.timeline.interval import Interval


class Archive:
    """Every method returns after the commit, or without one."""

    def __init__(self, store: StoreWriter, submission: Submission) -> None:
        self._store = store
        self._submission = submission
        self._run_id = submission.run_id
        # Until then there may be another's run of the same id.
        self._is_ours = False
        # The first one under load.
        self.failure: StoreFailed | None = None
        self._untold: list[StoredEvent] = []

    def resume(self) -> None:
        """The run is in the store already, and it is ours."""
        self._is_ours = True

    async def create(self, coordinator_id: str, generation: int, *, is_local: bool) -> None:
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
            is_local=is_local,
            on_agent_loss=submission.on_agent_loss.value,
            agent_histograms=submission.agent_histograms,
            labels=submission.labels,
            environment=environment_of(submission.source.files.stamps),
        )
        await self._store.submit(lambda store: store.create_run(run))
        self._is_ours = True

    async def shares(self, crew: Crew) -> None:
        """Before the shares are told to anybody."""
        entries = [
            StoredShare(agent.name, agent.incarnation, agent.weight) for agent in crew.agents
        ]
        known = environment_of(self._submission.source.files.stamps, crew.agents)
        await self._store.submit(lambda store: store.save_shares(self._run_id, entries, known))

    async def guards(self, guards: Mapping[str, LoadGuard]) -> None:
        """By agent, before anything is prepared."""
        line = f"{counted(len(guards), 'agent')} with --max-rate or --max-vus"
        detail = guards_detail(guards)
        event = StoredEvent(datetime.now(UTC), GUARDS, line, detail=detail)
        await self._store.submit(lambda store: store.save_event(self._run_id, event))

    async def handover(self, handover: Handover) -> bool:
        """Before anybody hears of it."""
        moved = StoredHandover(
            handover.epoch,
            handover.from_agent,
            handover.boundary_ns,
            tuple((heir.agent, heir.weight) for heir in handover.heirs),
            handover.decided,
        )
        return await self._write(lambda store: store.save_handover(self._run_id, moved))

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

    async def skews(self, skews_ns: Mapping[str, int]) -> bool:
        """By incarnation."""
        return await self._write(lambda store: store.save_skews(self._run_id, skews_ns))

    async def interval(self, interval: Interval, reports: Mapping[str, Report]) -> bool:
        """Before the reports that are in it are acknowledged.

        `reports` are those of them, by incarnation, that are stored whole.
        """
        merged = interval.to_report(self._run_id).SerializeToString()
        contained = [_contribution(part, reports.get(part.incarnation)) for part in interval.parts]
        return await self._write(
            lambda store: store.save_interval(self._run_id, interval.number, merged, contained)
        )

    async def amendments(self, interval: int, late: Iterable[tuple[Report, Report]]) -> bool:
        """Late reports, each whole and its part, beside the interval that they amend."""
        written = [
            Amendment(whole.incarnation, part.SerializeToString(), whole.SerializeToString())
            for whole, part in late
        ]
        return await self._write(
            lambda store: store.save_amendments(self._run_id, interval, written)
        )

    async def search(self, settings: SearchSettings) -> None:
        """What the run is to find out, before anything is prepared."""
        event = StoredEvent(
            datetime.now(UTC),
            log.SEARCHED,
            "a search for capacity",
            None,
            log.search_detail(settings),
        )
        await self._store.submit(lambda store: store.save_event(self._run_id, event))

    async def event(
        self,
        code: str,
        message: str,
        agent: str | None = None,
        detail: Mapping[str, float | str] | None = None,
    ) -> bool:
        event = StoredEvent(datetime.now(UTC), code, message, agent, detail)
        if await self._write(lambda store: store.save_event(self._run_id, event)):
            return True
        self._untold.append(event)
        return False

    async def close(
        self, *, verdict: str | None, exit_code: int, summary_json: str | None, duration_s: float
    ) -> bool:
        """The end; nothing of the run is written after it.

        Tried also after a failure: a disk may have room again.
        """
        ended_at = datetime.now(UTC)
        told = [*self._untold, *self._failures(ended_at)]

        def write(store: RunStore) -> None:
            for event in told:
                store.save_event(self._run_id, event)
            store.close_run(
                self._run_id,
                verdict=verdict,
                exit_code=exit_code,
                summary_json=summary_json,
                ended_at=ended_at,
                duration_s=duration_s,
            )

        return self._is_ours and await self._try(write)

    def _failures(self, at: datetime) -> Iterable[StoredEvent]:
        """The verdict is a function of the store, so it says of itself that it failed."""
        if self.failure is not None:
            yield StoredEvent(at, ReasonCode.STORE_FAILED.value, self.failure.message)

    async def _write(self, operation: Callable[[RunStore], object]) -> bool:
        return self.failure is None and await self._try(operation)

    async def _try(self, operation: Callable[[RunStore], object]) -> bool:
        try:
            await self._store.submit(operation)
        except GroundswellError as error:
            # Also one that says that the run is not there any more.
            failure = error if isinstance(error, StoreFailed) else StoreFailed(error.message)
            self.failure = self.failure or failure
            return False
        return True


def _contribution(part: Report, whole: Report | None) -> Contribution:
    report = None if whole is None else whole.SerializeToString()
    return Contribution(part.incarnation, part.SerializeToString(), report)
