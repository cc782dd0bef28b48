"""The runs of this coordinator's life, by id."""

from __future__ import annotations

import asyncio
import logging
from datetime import UTC, datetime
from typing import TYPE_CHECKING

from groundswell.errors import GroundswellError, NotEnoughAgents, StoreFailed, UnknownRun
from groundswell.exit_codes import ExitCode
from groundswell.v1.control_pb2 import Ended
from groundswell.verdict.verdict import ReasonCode, Verdict
from groundswell_coordinator.judge.ending import Cause
from groundswell_coordinator.run.broadcast import Broadcast
from groundswell_coordinator.run.conductor import Conductor
from groundswell_coordinator.run.events import Phase, StopMode
from groundswell_coordinator.run.recovery import Recovery
from groundswell_coordinator.run.submission import Submission
from groundswell_coordinator.run_files import RunFiles
from groundswell_coordinator.store.records import StoredEvent

if TYPE_CHECKING:
    from collections.abc import Coroutine, Sequence

    from groundswell.v1.control_pb2 import SubmitRequest
    from groundswell_coordinator.pool import Pool
    from groundswell_coordinator.run.owner import RunOwner
    from groundswell_coordinator.store.records import StoredRun
    from groundswell_coordinator.store.run_store import RunStore
    from groundswell_coordinator.store.writer import StoreWriter
    from groundswell_coordinator.telemetry import Telemetry

# Under way and waiting, together.
_MOST_RUNS = 200
# Longer than any run takes from an abort to its end.
_CLOSE_S = 10.0
# Runs that have ended and can still be watched to their end without the store.
_ENDED_KEPT = 50

_log = logging.getLogger(__name__)


class RunRegistry:
    """Starts a conductor for each submission and finds it again."""

    def __init__(
        self,
        pool: Pool,
        owner: RunOwner,
        telemetry: Telemetry | None = None,
        files: RunFiles | None = None,
    ) -> None:
        self._pool = pool
        self._owner = owner
        self._telemetry = telemetry
        self._files = files or RunFiles()
        self._store: StoreWriter | None = None
        # In the order of their coming; those that have ended are forgotten one day.
        self._runs: dict[str, Conductor] = {}
        self._broadcasts: dict[str, Broadcast] = {}
        self._tasks: dict[asyncio.Task[None], str] = {}

    def use(self, store: StoreWriter) -> None:
        """Take runs from now on; before, the store is still being opened."""
        self._store = store

    async def resume(self, store: StoreWriter) -> None:
        """Take up what was under way when the owner before ended; before any agent can attach."""
        for stored in await store.submit(lambda store: store.unended_runs()):
            self._take_up(stored, store)
        self.use(store)

    def submit(self, request: SubmitRequest) -> str:
        """Start the run, or find it where its id has been submitted before. Raises InvalidTest, and
        FilesMissing.
        """
        if self._store is None:
            raise StoreFailed("the store is not open", hint="try again in a moment")
        if request.run_id not in self._broadcasts:
            self._check_room()
            is_local = self._owner.is_local
            submission = Submission.from_wire(request, may_write_files=is_local)
            self._files.hold(request.run_id, submission.source.files.stamps.values())
            run = Conductor(
                submission, self._pool, self._store, self._owner, telemetry=self._telemetry
            )
            self._broadcasts[request.run_id] = run.broadcast
            self._runs[request.run_id] = run
            _log.info("run %s is submitted: %s", request.run_id, submission.test.test)
            self._begin(run.conduct(), request.run_id)
        return request.run_id

    def get(self, run_id: str) -> Conductor:
        """One that is under way, or has ended a little while ago."""
        try:
            return self._runs[run_id]
        except KeyError:
            raise UnknownRun(f"no run {run_id} is under way on this coordinator") from None

    def forget(self, run_id: str) -> None:
        """One that has ended and is deleted: its id is free."""
        if run_id not in self._tasks.values():
            self._broadcasts.pop(run_id, None)
            self._runs.pop(run_id, None)

    def broadcast(self, run_id: str) -> Broadcast | None:
        """What there is to watch of a run, also of one that is still being taken up."""
        return self._broadcasts.get(run_id)

    @property
    def runs(self) -> Sequence[Conductor]:
        """Those that have not ended."""
        ids = set(self._tasks.values())
        return [run for run_id, run in self._runs.items() if run_id in ids]

    async def close(self) -> None:
        """Stop every run and wait for its end to be written; take none any more."""
        self._store = None
        for run in self._runs.values():
            run.stop(StopMode.ABORT, Cause.INTERRUPTED)
        if self._tasks:
            _, hanging = await asyncio.wait(self._tasks, timeout=_CLOSE_S)
            await _cancel(hanging)

    async def suspend(self) -> None:
        """Leave every run as it is, for the next owner of the store to take up."""
        self._store = None
        await _cancel(set(self._tasks))

    def _check_room(self) -> None:
        if len(self._tasks) >= _MOST_RUNS:
            raise NotEnoughAgents(
                f"{len(self._tasks)} runs are under way or wait already",
                hint="`groundswell runs` lists them; stop some, or try again later",
            )

    def _begin(self, work: Coroutine[None, None, None], run_id: str) -> None:
        task = asyncio.create_task(work)
        self._tasks[task] = run_id
        task.add_done_callback(self._ended)

    def _ended(self, task: asyncio.Task[None]) -> None:
        run_id = self._tasks.pop(task)
        self._files.release(run_id)
        if (end := self._broadcasts[run_id].end) is not None:
            _log.info("run %s has ended with exit code %d", run_id, end.exit_code)
        going_on = set(self._tasks.values())
        ended = [run_id for run_id in self._broadcasts if run_id not in going_on]
        for run_id in ended[:-_ENDED_KEPT]:
            del self._broadcasts[run_id]
            self._runs.pop(run_id, None)

    # --- after a restart -------------------------------------------------------------------------

    def _take_up(self, stored: StoredRun, store: StoreWriter) -> None:
        run_id = stored.line.run_id
        _log.info("run %s is taken up again", run_id)
        broadcast = self._broadcasts[run_id] = Broadcast()
        if stored.line.start_at is None:
            is_set_up = any(event.code == Phase.SETUP.value for event in stored.events)
            after = ", after setup had begun" if is_set_up else ""
            error = GroundswellError(
                f"the coordinator of run {run_id} ended before the load began{after}",
                hint="what setup had done is not taken back: see to it, then submit it again"
                if is_set_up
                else "submit it again",
            )
            self._begin(self._give_up(stored, store, broadcast, error), run_id)
            return
        recovery = Recovery(stored, self._pool, store)
        recovery.expect()
        self._begin(self._recover(recovery, stored, store, broadcast), run_id)

    async def _recover(
        self, recovery: Recovery, stored: StoredRun, store: StoreWriter, broadcast: Broadcast
    ) -> None:
        try:
            recovered = await recovery.recover()
        except GroundswellError as error:
            recovery.let_go()
            await self._give_up(stored, store, broadcast, error)
            return
        submission = recovered.restored.submission
        run = Conductor(submission, self._pool, store, self._owner, broadcast, self._telemetry)
        run.resume(recovered)
        self._runs[recovery.run_id] = run
        await run.conduct()

    async def _give_up(
        self, stored: StoredRun, store: StoreWriter, broadcast: Broadcast, error: GroundswellError
    ) -> None:
        """Close a run that nobody can go on with; what is stored of it stays, and can be judged."""
        line = stored.line
        code, verdict = (
            (ExitCode.ERROR, None)
            if line.start_at is None
            else (ExitCode.INCONCLUSIVE, Verdict.INCONCLUSIVE.value)
        )

        def close(store: RunStore) -> None:
            store.save_event(
                line.run_id,
                StoredEvent(datetime.now(UTC), ReasonCode.COORDINATOR_LOST.value, error.message),
            )
            store.close_run(
                line.run_id,
                verdict=verdict,
                exit_code=int(code),
                summary_json=None,
                ended_at=line.seen_until,
                duration_s=float(line.intervals),
            )

        await store.submit(close)
        if self._telemetry is not None:
            self._telemetry.ended(verdict, [ReasonCode.COORDINATOR_LOST.value])
        broadcast.ended(Ended(error=error.message, hint=error.hint or "", exit_code=int(code)))


async def _cancel(tasks: set[asyncio.Task[None]]) -> None:
    for task in tasks:
        task.cancel()
    await asyncio.gather(*tasks, return_exceptions=True)
