"""A person's side of the control service: the same for an embedded coordinator and a remote one."""

from __future__ import annotations

from typing import TYPE_CHECKING, Self

import grpc

from groundswell.errors import CoordinatorUnreachable, GroundswellError, UnknownRun
from groundswell.v1 import control_pb2, control_pb2_grpc
from groundswell.v1.agent_pb2 import STOP_MODE_ABORT, STOP_MODE_GRACEFUL
from groundswell_coordinator.run.submission import source_to_wire

if TYPE_CHECKING:
    from collections.abc import AsyncGenerator, Mapping
    from types import TracebackType

    from groundswell.scenario.loader import TestSource


class ControlClient:
    """`async with ControlClient("127.0.0.1:9700") as client: …`"""

    def __init__(self, address: str) -> None:
        self._address = address
        self._channel = grpc.aio.insecure_channel(address, options=(("grpc.enable_http_proxy", 0),))
        self._stub = control_pb2_grpc.ControlServiceStub(self._channel)

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        await self._channel.close()

    async def submit(
        self,
        run_id: str,
        source: TestSource,
        *,
        agents: int,
        labels: Mapping[str, str],
        seed: int,
        wait_s: float,
    ) -> None:
        """Ask for a run. The same id again is the same run."""
        request = control_pb2.SubmitRequest(
            run_id=run_id,
            source=source_to_wire(source),
            agents=agents,
            labels=dict(labels),
            seed=seed,
            wait_ms=int(wait_s * 1000),
        )
        try:
            await self._stub.Submit(request)
        except grpc.aio.AioRpcError as error:
            raise self._refused(error) from error

    async def watch(self, run_id: str) -> AsyncGenerator[control_pb2.RunEvent]:
        """Where the run stands, then what happens, until its end."""
        try:
            async for event in self._stub.Watch(control_pb2.WatchRequest(run_id=run_id)):
                yield event
        except grpc.aio.AioRpcError as error:
            raise self._refused(error) from error

    async def stop(self, run_id: str, *, abort: bool, cause: str) -> None:
        mode = STOP_MODE_ABORT if abort else STOP_MODE_GRACEFUL
        request = control_pb2.StopRunRequest(run_id=run_id, mode=mode, cause=cause)
        try:
            await self._stub.StopRun(request)
        except grpc.aio.AioRpcError as error:
            raise self._refused(error) from error

    def _refused(self, error: grpc.aio.AioRpcError) -> GroundswellError:
        said = error.details() or error.code().name
        if error.code() is grpc.StatusCode.NOT_FOUND:
            return UnknownRun(said)
        return CoordinatorUnreachable(f"the coordinator at {self._address} says: {said}")
