"""The people's side of the coordinator: submit a run, watch it, stop it, ask about agents."""

from __future__ import annotations

from contextlib import aclosing
from typing import TYPE_CHECKING, Any, NoReturn

import grpc

from groundswell.errors import GroundswellError, InvalidTest, ProtocolViolation, UnknownRun
from groundswell.v1 import control_pb2, control_pb2_grpc
from groundswell.v1.agent_pb2 import STOP_MODE_ABORT
from groundswell_coordinator.judge.ending import Cause
from groundswell_coordinator.run.events import StopMode

if TYPE_CHECKING:
    from collections.abc import AsyncIterator

    from groundswell_coordinator.pool import Pool
    from groundswell_coordinator.run.registry import RunRegistry

type_context = grpc.aio.ServicerContext[Any, Any]

_CAUSES = {"operator": Cause.OPERATOR, "interrupted": Cause.INTERRUPTED}


class ControlService(control_pb2_grpc.ControlServiceServicer):
    """Serves clients; every GroundswellError becomes a status with its message and hint."""

    def __init__(self, runs: RunRegistry, pool: Pool) -> None:
        self._runs = runs
        self._pool = pool

    async def Submit(
        self, request: control_pb2.SubmitRequest, context: type_context
    ) -> control_pb2.SubmitResponse:
        try:
            run_id = self._runs.submit(request)
        except GroundswellError as error:
            await _abort(context, error)
        return control_pb2.SubmitResponse(run_id=run_id)

    async def Watch(
        self, request: control_pb2.WatchRequest, context: type_context
    ) -> AsyncIterator[control_pb2.RunEvent]:
        try:
            broadcast = self._runs.get(request.run_id).broadcast
        except GroundswellError as error:
            await _abort(context, error)
        # Closed by us: a client that goes away leaves the generator where it stands.
        async with aclosing(broadcast.watch()) as events:
            async for event in events:
                yield event

    async def StopRun(
        self, request: control_pb2.StopRunRequest, context: type_context
    ) -> control_pb2.StopRunResponse:
        mode = StopMode.ABORT if request.mode == STOP_MODE_ABORT else StopMode.GRACEFUL
        try:
            self._runs.get(request.run_id).stop(mode, _CAUSES.get(request.cause, Cause.OPERATOR))
        except GroundswellError as error:
            await _abort(context, error)
        return control_pb2.StopRunResponse()

    async def ListAgents(
        self, request: control_pb2.ListAgentsRequest, context: type_context
    ) -> control_pb2.ListAgentsResponse:
        lines = [
            control_pb2.AgentLine(
                name=agent.name,
                incarnation=agent.incarnation,
                weight=agent.weight,
                labels=dict(agent.labels),
                run_id=agent.run.run_id if agent.run is not None else "",
            )
            for agent in self._pool.agents()
        ]
        return control_pb2.ListAgentsResponse(agents=lines)


async def _abort(context: type_context, error: GroundswellError) -> NoReturn:
    status = grpc.StatusCode.FAILED_PRECONDITION
    if isinstance(error, InvalidTest | ProtocolViolation):
        status = grpc.StatusCode.INVALID_ARGUMENT
    elif isinstance(error, UnknownRun):
        status = grpc.StatusCode.NOT_FOUND
    await context.abort(status, str(error))
