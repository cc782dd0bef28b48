"""A person's side of the control service: the same for an embedded coordinator and a remote one."""

from __future__ import annotations

import asyncio
import logging
from contextlib import aclosing, asynccontextmanager
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Self

import grpc

from groundswell.credentials import Remote
from groundswell.errors import GroundswellError, InvalidConfiguration
from groundswell.files.streaming import parts_of
from groundswell.files.wire import stamp_from_wire, stamp_to_wire
from groundswell.tls_reason import tls_reason
from groundswell.v1 import control_pb2, control_pb2_grpc
from groundswell.v1.agent_pb2 import STOP_MODE_ABORT, STOP_MODE_GRACEFUL
from groundswell.wire import CLIENT_OPTIONS
from groundswell_coordinator.failure import METADATA_OPTIONS, CoordinatorGone, error_of, failure_of
from groundswell_coordinator.history.answers import Judged, Part
from groundswell_coordinator.report.summary import Summary
from groundswell_coordinator.run.submission import source_to_wire
from groundswell_coordinator.store.records import Baseline

if TYPE_CHECKING:
    from collections.abc import (
        AsyncGenerator,
        AsyncIterable,
        AsyncIterator,
        Iterable,
        Mapping,
        Sequence,
    )
    from pathlib import Path

    from groundswell.capacity.settings import SearchSettings
    from groundswell.files.stamp import FileStamp
    from groundswell.scenario.source import TestSource

_log = logging.getLogger(__name__)

_OPTIONS = (
    *CLIENT_OPTIONS,
    *METADATA_OPTIONS,
    # A coordinator that is back is to be found soon; by itself grpc waits up to two minutes.
    ("grpc.initial_reconnect_backoff_ms", 100),
    ("grpc.max_reconnect_backoff_ms", 1_000),
    # One whose machine is gone says no goodbye.
    ("grpc.keepalive_time_ms", 10_000),
    ("grpc.keepalive_timeout_ms", 5_000),
)
_ANSWER_S = 30.0
# For what else is under way on a channel that is given up.
_LAST_WORD_S = 5.0
# For what reads a whole run.
_READ_S = 600.0


class ControlClient:
    """`async with ControlClient("127.0.0.1:9700") as client: …`, or with a Remote, which has credentials.

    What the coordinator refuses is raised as the GroundswellError that it was there; where none
    answers, it is CoordinatorGone. A `run` is an id, the start of one, or "last".
    """

    def __init__(self, coordinator: Remote | str) -> None:
        """Raises InvalidConfiguration where a certificate, a key or a token cannot be read."""
        if isinstance(coordinator, str):
            coordinator = Remote.of(coordinator)
        self.coordinator = coordinator
        self.address = str(coordinator)
        self._closing: set[asyncio.Task[None]] = set()
        self._open()

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(self, *exception: object) -> None:
        await self._channel.close()
        for task in self._closing:
            task.cancel()
        await asyncio.gather(*self._closing, return_exceptions=True)

    def _open(self) -> None:
        self._channel = self.coordinator.credentials.channel(self.address, _OPTIONS)
        self._stub = control_pb2_grpc.ControlServiceStub(self._channel)

    def _read_anew(self) -> None:
        """A certificate may have been renewed since: a channel keeps the one that it began with."""
        old = self._channel
        try:
            self._open()
        except InvalidConfiguration as error:
            _log.warning("%s", error)
            return
        closing = asyncio.create_task(old.close(_LAST_WORD_S))
        self._closing.add(closing)
        closing.add_done_callback(self._closing.discard)

    # --- runs that go on -----------------------------------------------------------------------

    async def submit(
        self,
        run_id: str,
        source: TestSource,
        *,
        agents: int,
        labels: Mapping[str, str],
        seed: int,
        wait_s: float,
        selector: Mapping[str, str] | None = None,
        on_agent_loss: str = "",
        agent_histograms: bool = False,
        outputs: Iterable[str] = (),
        search: SearchSettings | None = None,
    ) -> None:
        """Ask for a run, or for a search for capacity. The same id again is the same run, also after its end."""
        request = control_pb2.SubmitRequest(
            run_id=run_id,
            source=source_to_wire(source),
            agents=agents,
            labels=dict(labels),
            seed=seed,
            wait_ms=int(wait_s * 1000),
            selector=dict(selector or {}),
            on_agent_loss=on_agent_loss,
            agent_histograms=agent_histograms,
            outputs=outputs,
            search=None if search is None else search.to_wire(),
        )
        async with self._raising():
            await self._stub.Submit(request, timeout=_ANSWER_S)

    async def missing_files(self, stamps: Iterable[FileStamp]) -> set[FileStamp]:
        """Those that the coordinator does not have."""
        request = control_pb2.FindFilesRequest(files=map(stamp_to_wire, stamps))
        async with self._raising():
            answer = await self._stub.FindFiles(request, timeout=_ANSWER_S)
        return set(map(stamp_from_wire, answer.missing))

    async def send_file(self, stamp: FileStamp, path: Path) -> None:
        """As it was when it was stamped. FileUnavailable where it is not any more, or cannot be taken."""
        async with self._raising():
            await self._stub.SendFile(_file_as_messages(stamp, path))

    async def watch(self, run: str) -> AsyncGenerator[control_pb2.RunEvent]:
        """Which run it is, where it stands, then what happens, until its end."""
        async with self._raising():
            async for event in self._stub.Watch(control_pb2.WatchRequest(run=run)):
                yield event

    async def stop(self, run_id: str, *, abort: bool, cause: str) -> None:
        mode = STOP_MODE_ABORT if abort else STOP_MODE_GRACEFUL
        request = control_pb2.StopRunRequest(run_id=run_id, mode=mode, cause=cause)
        async with self._raising():
            await self._stub.StopRun(request, timeout=_ANSWER_S)

    async def agents(self) -> list[control_pb2.AgentLine]:
        """All that are attached, by name."""
        async with self._raising():
            answer = await self._stub.ListAgents(control_pb2.ListAgentsRequest(), timeout=_ANSWER_S)
        return list(answer.agents)

    # --- past runs: as history.past_runs.PastRuns has them -------------------------------------

    async def lines(self, limit: int = 20) -> list[control_pb2.RunLine]:
        request = control_pb2.ListRunsRequest(limit=limit)
        async with self._raising():
            answer = await self._stub.ListRuns(request, timeout=_ANSWER_S)
        return list(answer.runs)

    async def summary(
        self, run: str, part: Part | None = None, env: Mapping[str, str] | None = None
    ) -> Summary:
        part = part or Part(0.0)
        request = control_pb2.GetRunRequest(
            run=run, from_s=part.from_s, to_s=part.to_s or 0.0, env=dict(env or {})
        )
        async with self._raising():
            answer = await self._stub.GetRun(request, timeout=_READ_S)
        return Summary.from_json(answer.summary_json)

    async def judge(self, run: str, env: Mapping[str, str]) -> Judged:
        request = control_pb2.JudgeRunRequest(run=run, env=dict(env))
        async with self._raising():
            answer = await self._stub.JudgeRun(request, timeout=_READ_S)
        return Judged(
            Summary.from_json(answer.summary_json),
            answer.stored_verdict or None,
            tuple(answer.not_given),
        )

    async def delete(self, run_id: str) -> None:
        async with self._raising():
            await self._stub.DeleteRun(control_pb2.DeleteRunRequest(run_id=run_id), timeout=_READ_S)

    async def export(self, run: str) -> AsyncGenerator[bytes]:
        async with self._raising():
            async for chunk in self._stub.ExportRun(control_pb2.ExportRunRequest(run=run)):
                yield chunk.data

    async def import_run(self, chunks: AsyncIterable[bytes]) -> str:
        async with self._raising():
            answer = await self._stub.ImportRun(_as_messages(chunks))
        return answer.run_id

    async def set_baseline(self, name: str, runs: Sequence[str]) -> tuple[str, ...]:
        request = control_pb2.SetBaselineRequest(name=name, runs=runs)
        async with self._raising():
            return tuple((await self._stub.SetBaseline(request, timeout=_ANSWER_S)).run_ids)

    async def remove_baseline(self, name: str) -> None:
        request = control_pb2.RemoveBaselineRequest(name=name)
        async with self._raising():
            await self._stub.RemoveBaseline(request, timeout=_ANSWER_S)

    async def baselines(self) -> tuple[Baseline, ...]:
        async with self._raising():
            answer = await self._stub.ListBaselines(
                control_pb2.ListBaselinesRequest(), timeout=_ANSWER_S
            )
        return tuple(
            Baseline(one.name, one.run_id, datetime.fromtimestamp(one.set_at_us / 1e6, UTC))
            for one in answer.baselines
        )

    @asynccontextmanager
    async def _raising(self) -> AsyncGenerator[None]:
        try:
            yield
        except grpc.aio.AioRpcError as error:
            raise await self._error_of(error) from error

    async def _error_of(self, status: grpc.aio.AioRpcError) -> GroundswellError:
        error = error_of(status, self.address)
        if isinstance(error, CoordinatorGone) and failure_of(status) is None:
            reason = await asyncio.to_thread(tls_reason, self.coordinator)
            if self.coordinator.credentials.is_tls:
                self._read_anew()
            return reason or error
        return error


async def _file_as_messages(
    stamp: FileStamp, path: Path
) -> AsyncIterator[control_pb2.SendFileRequest]:
    yield control_pb2.SendFileRequest(stamp=stamp_to_wire(stamp))
    async with aclosing(parts_of(path)) as parts:
        async for data in parts:
            yield control_pb2.SendFileRequest(data=data)


async def _as_messages(chunks: AsyncIterable[bytes]) -> AsyncIterator[control_pb2.Chunk]:
    async for data in chunks:
        yield control_pb2.Chunk(data=data)
