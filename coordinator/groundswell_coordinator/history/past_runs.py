"""The runs in the store, for an event loop: listed, shown, judged anew, carried away and brought in.

    past = PastRuns(url)
    summary = await past.summary("last")

It has a connection and a thread of its own, so that whoever reads an hour's run never holds up the
runs that go on. A client asks another process's with the same methods.
"""

from __future__ import annotations

import asyncio
import tempfile
from pathlib import Path
from typing import TYPE_CHECKING, Self, TypeVar

from groundswell.errors import GroundswellError, StoreFailed, UnknownRun
from groundswell_coordinator.store.writer import StoreWriter

if TYPE_CHECKING:
    from collections.abc import AsyncGenerator, AsyncIterable, Callable, Mapping, Sequence
    from types import TracebackType

    from groundswell.v1 import control_pb2
    from groundswell_coordinator.history.answers import Judged, Part
    from groundswell_coordinator.report.summary import Summary
    from groundswell_coordinator.store.records import Baseline, RunLine
    from groundswell_coordinator.store.run_store import RunStore

T = TypeVar("T")

LAST = "last"
_CHUNK = 256 * 1024
_LARGEST_IMPORT = 8 * 1024**3


class PastRuns:
    """The store opens with the first question. `async with` closes it.

    A `run` is an id, the start of one where only one run has it, or "last".
    """

    def __init__(self, url: str | None = None) -> None:
        self._url = url
        self._opening: asyncio.Task[StoreWriter] | None = None

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        await self.close()

    async def close(self) -> None:
        opening, self._opening = self._opening, None
        if opening is not None:
            # One that could not be opened has been complained of.
            await asyncio.wait([opening])
            if opening.exception() is None:
                await opening.result().close()

    async def lines(self, limit: int = 20) -> list[control_pb2.RunLine]:
        """The newest first."""
        from groundswell_coordinator.history.past_run import line_to_wire

        return [
            line_to_wire(line) for line in await self._ask(lambda store: store.list_runs(limit))
        ]

    async def line(self, run: str) -> RunLine:
        return await self._ask(lambda store: _find(store, run))

    async def has(self, run_id: str) -> bool:
        """Whether this very id is taken."""
        try:
            line = await self.line(run_id)
        except UnknownRun:
            return False
        return line.run_id == run_id

    async def summary(
        self, run: str, part: Part | None = None, env: Mapping[str, str] | None = None
    ) -> Summary:
        """As it was at the end, or of a part. GroundswellError where it never started or goes on.

        A run that its coordinator lost can be judged only with the environment of its test.
        """
        from groundswell_coordinator.history import past_run

        def summary(store: RunStore) -> Summary:
            run_id = _find(store, run).run_id
            if part is None:
                return past_run.summary(store, run_id, env or {})
            return past_run.part_of(store, run_id, part)

        return await self._ask(summary)

    async def ending(self, run_id: str) -> control_pb2.Ended:
        """What the last event of a run that has ended was."""
        from groundswell_coordinator.history import past_run

        return await self._ask(lambda store: past_run.ending(store, run_id))

    async def judge(self, run: str, env: Mapping[str, str]) -> Judged:
        """The verdict, worked out anew from what is stored."""
        from groundswell_coordinator.history import past_run

        return await self._ask(lambda store: past_run.judge(store, _find(store, run).run_id, env))

    async def delete(self, run_id: str) -> None:
        """All of it; takes the whole id."""

        def delete(store: RunStore) -> None:
            line = _find(store, run_id)
            if line.run_id != run_id:
                raise whole_id_needed(run_id, line.run_id)
            store.delete_run(run_id)

        await self._ask(delete)

    async def set_baseline(self, name: str, runs: Sequence[str]) -> tuple[str, ...]:
        """The ids of the runs that have the name now."""

        def put(store: RunStore) -> tuple[str, ...]:
            return store.set_baseline(name, *(_find(store, run).run_id for run in runs))

        return await self._ask(put)

    async def remove_baseline(self, name: str) -> None:
        await self._ask(lambda store: store.remove_baseline(name))

    async def baselines(self) -> tuple[Baseline, ...]:
        """By name, then by run."""
        return await self._ask(lambda store: store.baselines())

    async def export(self, run: str) -> AsyncGenerator[bytes]:
        """The run as a file, whole, piece by piece."""
        with tempfile.TemporaryDirectory(prefix="groundswell-") as folder:
            path = Path(folder) / "run"
            await self._ask(lambda store: store.export_run(_find(store, run).run_id, path))
            with path.open("rb") as file:
                while chunk := await asyncio.to_thread(file.read, _CHUNK):
                    yield chunk

    async def import_run(self, chunks: AsyncIterable[bytes]) -> str:
        """Take in what `export` gave; the run's id."""
        with tempfile.TemporaryDirectory(prefix="groundswell-") as folder:
            path = Path(folder) / "run"
            size = 0
            with path.open("wb") as file:
                async for chunk in chunks:
                    size += len(chunk)
                    if size > _LARGEST_IMPORT:
                        raise GroundswellError("a run of more than 8 GiB is not taken in")
                    await asyncio.to_thread(file.write, chunk)
            try:
                return await self._ask(lambda store: store.import_run(path))
            except StoreFailed as error:
                # Where it lay for a moment says nothing to whoever sent it.
                message = error.message.replace(str(path), "the file")
                raise StoreFailed(message, hint=error.hint) from error

    async def _ask(self, question: Callable[[RunStore], T]) -> T:
        if self._opening is None or (self._opening.done() and self._opening.exception()):
            self._opening = asyncio.create_task(StoreWriter.open(self._url))
        store = await asyncio.shield(self._opening)
        return await store.submit(question)


def whole_id_needed(given: str, run_id: str) -> UnknownRun:
    """What cannot be undone is not done to a run that was named in passing."""
    return UnknownRun(f"{given!r} is not the whole id of a run", hint=f"say {run_id}")


def _find(store: RunStore, run: str) -> RunLine:
    if run != LAST:
        return store.get_run(run).line
    newest = store.list_runs(limit=1)
    if not newest:
        raise UnknownRun("there are no runs yet", hint="`groundswell run TEST` makes the first")
    return newest[0]
