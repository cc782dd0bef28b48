"""The runs of this coordinator's life, by id."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING

from groundswell.errors import StoreFailed, UnknownRun
from groundswell_coordinator.judge.ending import Cause
from groundswell_coordinator.run.conductor import Conductor
from groundswell_coordinator.run.events import StopMode
from groundswell_coordinator.run.submission import Submission

if TYPE_CHECKING:
    from groundswell.v1.control_pb2 import SubmitRequest
    from groundswell_coordinator.pool import Pool
    from groundswell_coordinator.run.owner import RunOwner
    from groundswell_coordinator.store.writer import StoreWriter

# Longer than any run takes from an abort to its end.
_CLOSE_S = 10.0


class RunRegistry:
    """Starts a conductor for each submission and finds it again."""

    def __init__(self, pool: Pool, owner: RunOwner) -> None:
        self._pool = pool
        self._store: StoreWriter | None = None
        self._owner = owner
        self._runs: dict[str, Conductor] = {}
        self._tasks: set[asyncio.Task[None]] = set()

    def use(self, store: StoreWriter) -> None:
        """Take runs from now on; before, the store is still being opened."""
        self._store = store

    def submit(self, request: SubmitRequest) -> str:
        """Start the run, or find it where its id has been submitted before. Raises InvalidTest."""
        if self._store is None:
            raise StoreFailed("the store is not open", hint="try again in a moment")
        if request.run_id not in self._runs:
            submission = Submission.from_wire(request)
            run = Conductor(submission, self._pool, self._store, self._owner)
            self._runs[request.run_id] = run
            task = asyncio.create_task(run.conduct())
            self._tasks.add(task)
            task.add_done_callback(self._tasks.discard)
        return request.run_id

    def get(self, run_id: str) -> Conductor:
        try:
            return self._runs[run_id]
        except KeyError:
            raise UnknownRun(f"no run {run_id} on this coordinator") from None

    async def close(self) -> None:
        """Stop every run and wait for its end to be written; take none any more."""
        self._store = None
        for run in self._runs.values():
            run.stop(StopMode.ABORT, Cause.INTERRUPTED)
        if self._tasks:
            _, hanging = await asyncio.wait(self._tasks, timeout=_CLOSE_S)
            for task in hanging:
                task.cancel()
            await asyncio.gather(*hanging, return_exceptions=True)
