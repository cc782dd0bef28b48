"""The people's side of the coordinator: runs submitted, watched, stopped, looked at and put away."""

from __future__ import annotations

import time
from contextlib import aclosing, suppress
from typing import TYPE_CHECKING

from groundswell.errors import GroundswellError, UnknownRun
from groundswell.files.wire import stamp_from_wire, stamp_to_wire
from groundswell.v1 import control_pb2, control_pb2_grpc
from groundswell.v1.agent_pb2 import STOP_MODE_ABORT
from groundswell_coordinator.failure import NotYet, refusals
from groundswell_coordinator.history.answers import Part
from groundswell_coordinator.history.past_runs import whole_id_needed
from groundswell_coordinator.judge.ending import Cause
from groundswell_coordinator.run.events import StopMode
from groundswell_coordinator.run.machine import State
from groundswell_coordinator.services import limits
from groundswell_coordinator.services.file_transfer import in_time, take_file

if TYPE_CHECKING:
    from collections.abc import AsyncGenerator, AsyncIterator

    from groundswell_coordinator.attachment import Attachment
    from groundswell_coordinator.failure import Context
    from groundswell_coordinator.history.past_runs import PastRuns
    from groundswell_coordinator.pool import Pool
    from groundswell_coordinator.run.registry import RunRegistry
    from groundswell_coordinator.run_files import RunFiles

_CAUSES = {"operator": Cause.OPERATOR, "interrupted": Cause.INTERRUPTED}
_LINES = 20


class ControlService(control_pb2_grpc.ControlServiceServicer):
    """Serves clients; every GroundswellError becomes a status that their side raises again."""

    def __init__(self, runs: RunRegistry, pool: Pool, past: PastRuns, files: RunFiles) -> None:
        self._runs = runs
        self._pool = pool
        self._past = past
        self._files = files

    # --- runs that go on -----------------------------------------------------------------------

    async def Submit(
        self, request: control_pb2.SubmitRequest, context: Context
    ) -> control_pb2.SubmitResponse:
        async with refusals(context):
            limits.check_submit(request)
            # Asked for again after its end, by a client that never heard of it, it is not run again.
            is_known = self._runs.broadcast(request.run_id) is not None
            if not is_known and not await self._past.has(request.run_id):
                self._runs.submit(request)
        return control_pb2.SubmitResponse(run_id=request.run_id)

    async def FindFiles(
        self, request: control_pb2.FindFilesRequest, context: Context
    ) -> control_pb2.FindFilesResponse:
        async with refusals(context):
            limits.check_files(request.files)
            missing = self._files.missing(map(stamp_from_wire, request.files))
        return control_pb2.FindFilesResponse(missing=map(stamp_to_wire, missing))

    async def SendFile(
        self, request_iterator: AsyncIterator[control_pb2.SendFileRequest], context: Context
    ) -> control_pb2.SendFileResponse:
        async with refusals(context):
            await take_file(self._files, request_iterator)
        return control_pb2.SendFileResponse()

    async def Watch(
        self, request: control_pb2.WatchRequest, context: Context
    ) -> AsyncIterator[control_pb2.RunEvent]:
        async with refusals(context):
            limits.check_run(request.run)
            opened = await self._opened(request.run)
            yield control_pb2.RunEvent(opened=opened)
            # Closed by us: a client that goes away leaves the generator where it stands.
            async with aclosing(self._events(opened.run_id)) as events:
                async for event in events:
                    yield event

    async def StopRun(
        self, request: control_pb2.StopRunRequest, context: Context
    ) -> control_pb2.StopRunResponse:
        mode = StopMode.ABORT if request.mode == STOP_MODE_ABORT else StopMode.GRACEFUL
        async with refusals(context):
            limits.check_run(request.run_id)
            try:
                run = self._runs.get(request.run_id)
            except UnknownRun:
                raise await self._why_not(request.run_id) from None
            if run.state is State.CLOSED:
                raise GroundswellError(f"run {request.run_id} has ended already")
            run.stop(mode, _CAUSES.get(request.cause, Cause.OPERATOR))
        return control_pb2.StopRunResponse()

    async def ListAgents(
        self, request: control_pb2.ListAgentsRequest, context: Context
    ) -> control_pb2.ListAgentsResponse:
        lines = [_agent_line(agent) for agent in self._pool.agents()]
        return control_pb2.ListAgentsResponse(agents=lines)

    # --- runs in the store ---------------------------------------------------------------------

    async def ListRuns(
        self, request: control_pb2.ListRunsRequest, context: Context
    ) -> control_pb2.ListRunsResponse:
        async with refusals(context):
            limits.check_limit(request.limit)
            lines = await self._past.lines(request.limit or _LINES)
            states = {run.run_id: run.state.value for run in self._runs.runs}
            for line in lines:
                line.state = states.get(line.run_id, "")
        return control_pb2.ListRunsResponse(runs=lines)

    async def GetRun(
        self, request: control_pb2.GetRunRequest, context: Context
    ) -> control_pb2.GetRunResponse:
        async with refusals(context):
            limits.check_run(request.run)
            limits.check_part(request)
            part = None
            if request.from_s or request.to_s:
                part = Part(request.from_s, request.to_s or None)
            summary = await self._past.summary(request.run, part, dict(request.env))
        return control_pb2.GetRunResponse(run_id=summary.run, summary_json=summary.to_json())

    async def DeleteRun(
        self, request: control_pb2.DeleteRunRequest, context: Context
    ) -> control_pb2.DeleteRunResponse:
        async with refusals(context):
            limits.check_run(request.run_id)
            await self._past.delete(request.run_id)
            self._runs.forget(request.run_id)
        return control_pb2.DeleteRunResponse()

    async def JudgeRun(
        self, request: control_pb2.JudgeRunRequest, context: Context
    ) -> control_pb2.JudgeRunResponse:
        async with refusals(context):
            limits.check_run(request.run)
            limits.check_environment(request.env)
            judged = await self._past.judge(request.run, dict(request.env))
        return control_pb2.JudgeRunResponse(
            run_id=judged.summary.run,
            summary_json=judged.summary.to_json(),
            stored_verdict=judged.stored_verdict or "",
            not_given=judged.not_given,
        )

    async def ExportRun(
        self, request: control_pb2.ExportRunRequest, context: Context
    ) -> AsyncIterator[control_pb2.Chunk]:
        async with refusals(context):
            limits.check_run(request.run)
            async with aclosing(self._past.export(request.run)) as chunks:
                async for data in chunks:
                    yield control_pb2.Chunk(data=data)

    async def ImportRun(
        self, request_iterator: AsyncIterator[control_pb2.Chunk], context: Context
    ) -> control_pb2.ImportRunResponse:
        async with refusals(context):
            chunks = in_time(request_iterator)
            run_id = await self._past.import_run(chunk.data async for chunk in chunks)
        return control_pb2.ImportRunResponse(run_id=run_id)

    async def SetBaseline(
        self, request: control_pb2.SetBaselineRequest, context: Context
    ) -> control_pb2.SetBaselineResponse:
        async with refusals(context):
            limits.check_baseline(request.name, request.runs)
            run_ids = await self._past.set_baseline(request.name, request.runs)
        return control_pb2.SetBaselineResponse(run_ids=run_ids)

    async def RemoveBaseline(
        self, request: control_pb2.RemoveBaselineRequest, context: Context
    ) -> control_pb2.RemoveBaselineResponse:
        async with refusals(context):
            await self._past.remove_baseline(request.name)
        return control_pb2.RemoveBaselineResponse()

    async def ListBaselines(
        self, request: control_pb2.ListBaselinesRequest, context: Context
    ) -> control_pb2.ListBaselinesResponse:
        async with refusals(context):
            lines = [
                control_pb2.BaselineLine(
                    name=one.name, run_id=one.run_id, set_at_us=round(one.set_at.timestamp() * 1e6)
                )
                for one in await self._past.baselines()
            ]
        return control_pb2.ListBaselinesResponse(baselines=lines)

    # --- underneath ----------------------------------------------------------------------------

    async def _opened(self, run: str) -> control_pb2.Opened:
        """Which run is meant. One that goes on need not be asked of the store."""
        with suppress(UnknownRun):
            conductor = self._runs.get(run)
            return control_pb2.Opened(run_id=run, test=conductor.submission.test.test)
        line = await self._past.line(run)
        return control_pb2.Opened(run_id=line.run_id, test=line.test)

    async def _events(self, run_id: str) -> AsyncGenerator[control_pb2.RunEvent]:
        broadcast = self._runs.broadcast(run_id)
        if broadcast is None:
            yield control_pb2.RunEvent(ended=await self._past.ending(run_id))
            return
        async with aclosing(broadcast.watch()) as events:
            async for event in events:
                yield event

    async def _why_not(self, run_id: str) -> GroundswellError:
        """Why a run that is not under way here cannot be stopped."""
        if self._runs.broadcast(run_id) is not None:
            return NotYet(f"run {run_id} is being taken up again", hint="try again in a moment")
        line = await self._past.line(run_id)
        if line.run_id != run_id:
            return whole_id_needed(run_id, line.run_id)
        if line.ended_at is not None:
            return GroundswellError(
                f"run {run_id} has ended already: {line.verdict or 'not started'}"
            )
        return GroundswellError(
            f"run {run_id} is not under way on this coordinator",
            hint=f"process {line.owner.pid} on {line.owner.host} runs it, or did",
        )


def _agent_line(agent: Attachment) -> control_pb2.AgentLine:
    state = "away" if agent.stream is None else "free" if agent.run is None else "busy"
    rate = agent.guard.max_rate
    return control_pb2.AgentLine(
        name=agent.name,
        incarnation=agent.incarnation,
        weight=agent.weight,
        labels=dict(agent.labels),
        run_id=agent.run.run_id if agent.run is not None else "",
        state=state,
        version=agent.version,
        silent_ms=max(0, round((time.monotonic() - agent.last_heard) * 1000)),
        max_rate="" if rate is None else str(rate),
        max_vus=agent.guard.max_vus or 0,
    )
