"""One agent: carries out what its life cycle says, between the link to the coordinator and the engine."""

from __future__ import annotations

import asyncio
import gc
import logging
import time
from typing import TYPE_CHECKING

from groundswell.errors import GroundswellError
from groundswell.v1 import agent_pb2
from groundswell_agent.engine.engine import Engine
from groundswell_agent.lifecycle import (
    Arm,
    Build,
    BuildFailed,
    Built,
    Discard,
    Event,
    Halt,
    HaltMode,
    Instruction,
    LeaseEnded,
    Lifecycle,
    LoadEnded,
    PrepareReceived,
    Released,
    SayPrepared,
    SayRefused,
    SayStartAcknowledged,
    StartReceived,
    State,
    StopReceived,
)
from groundswell_agent.link import Link

if TYPE_CHECKING:
    from groundswell.v1.metrics_pb2 import Report

_log = logging.getLogger(__name__)

_CHECK_S = 0.1
# A drain lasts as long as running iterations may take, and as the last report takes to be stored.
_LONGEST_DRAIN_S = 10.0
# What is cancelled may close its connections in peace, but not for long.
_LOAD_ENDS_S = 2.0


class Agent:
    """Serves one stream; `run` returns or raises when the stream ends, and no load outlives it."""

    def __init__(self, address: str, hello: agent_pb2.Hello) -> None:
        self._incarnation = hello.incarnation
        self._link = Link(address, hello, self._receive)
        self._lifecycle = Lifecycle()
        self._engine: Engine | None = None
        self._load: asyncio.Task[None] | None = None
        self._fault: Exception | None = None
        self._leave_by: float | None = None

    async def run(self) -> None:
        watch = asyncio.create_task(self._watch())
        try:
            await self._link.serve()
        finally:
            watch.cancel()
            await self._end_load()
        if self._fault is not None:
            raise self._fault

    def drain(self) -> None:
        """Leave: stop the load gracefully, deliver the last report, end the stream."""
        if self._leave_by is None:
            self._leave_by = time.monotonic() + _LONGEST_DRAIN_S
        if self._engine is None:
            self._link.close()
        else:
            self._engine.halt(HaltMode.GRACEFUL)

    def _receive(self, message: agent_pb2.CoordinatorMessage) -> None:
        event = _event(message)
        if event is not None:
            self._handle(event)

    def _handle(self, event: Event) -> None:
        for instruction in self._lifecycle.handle(event):
            self._execute(instruction)

    def _execute(self, instruction: Instruction) -> None:
        match instruction:
            case Build(prepare):
                self._build(prepare)
            case SayPrepared(run_id):
                self._link.send(prepared=agent_pb2.Prepared(run_id=run_id))
            case SayRefused(run_id, code, message, hint):
                refused = agent_pb2.Refused(run_id=run_id, code=code, message=message, hint=hint)
                self._link.send(refused=refused)
            case Arm(start_at_ns):
                self._load = asyncio.create_task(self._run_load(start_at_ns))
            case SayStartAcknowledged(run_id, start_at_ns):
                acknowledged = agent_pb2.StartAcknowledged(run_id=run_id, start_at_ns=start_at_ns)
                self._link.send(start_acknowledged=acknowledged)
            case Halt(mode):
                if self._engine is not None:
                    self._engine.halt(mode)
            case Discard():
                self._discard()

    def _build(self, prepare: agent_pb2.Prepare) -> None:
        try:
            self._engine = Engine.build(prepare, incarnation=self._incarnation)
        except GroundswellError as error:
            self._handle(BuildFailed(prepare.run_id, error.message, error.hint or ""))
            return
        # Everything that lives as long as the run leaves the collector's sight before the load.
        gc.collect()
        gc.freeze()
        self._handle(Built(prepare.run_id))

    async def _run_load(self, start_at_ns: int) -> None:
        engine = self._engine
        assert engine is not None
        try:
            await engine.run(start_at_ns, report=self._report, started=self._started)
        except Exception as fault:
            # The coordinator sees a lost agent and says so in the verdict; a silent one would pass
            # for idle.
            _log.exception("the engine failed")
            self._fault = fault
            self._link.close()
            return
        self._handle(LoadEnded(engine.run_id))

    def _report(self, report: Report) -> None:
        # An engine that was discarded while it ran still measures to its end, for nobody.
        if self._engine is not None and self._engine.run_id == report.run_id:
            self._link.report(report)

    def _started(self, start_at_ns: int) -> None:
        assert self._engine is not None
        started = agent_pb2.Started(
            run_id=self._engine.run_id, start_at_ns=start_at_ns, started_ns=time.monotonic_ns()
        )
        self._link.send(started=started)

    def _discard(self) -> None:
        self._engine = None
        self._link.forget_reports()
        gc.unfreeze()

    async def _watch(self) -> None:
        """Leave when a drain is done, or stop all load when the lease has ended: the dead-man switch."""
        while not self._link.lease_ended():
            if self._leave_by is not None and self._may_leave(self._leave_by):
                self._link.close()
            await asyncio.sleep(_CHECK_S)
        _log.warning("the coordinator is silent: load stops")
        self._handle(LeaseEnded())
        self._link.abandon()

    def _may_leave(self, latest: float) -> bool:
        is_done = self._lifecycle.state in (State.IDLE, State.REPORTING)
        return (is_done and not self._link.owes_reports) or time.monotonic() > latest

    async def _end_load(self) -> None:
        if self._engine is not None:
            self._engine.halt(HaltMode.ABORT)
        if self._load is not None:
            await asyncio.wait([self._load], timeout=_LOAD_ENDS_S)
            self._load.cancel()
            await asyncio.gather(self._load, return_exceptions=True)


def _event(message: agent_pb2.CoordinatorMessage) -> Event | None:
    """The life cycle's event for a message of the coordinator; None for one it has no interest in."""
    match message.WhichOneof("body"):
        case "prepare":
            return PrepareReceived(message.prepare)
        case "start":
            return StartReceived(message.start.run_id, message.start.start_at_ns)
        case "stop":
            abort = message.stop.mode == agent_pb2.STOP_MODE_ABORT
            return StopReceived(message.stop.run_id, HaltMode.ABORT if abort else HaltMode.GRACEFUL)
        case "release":
            return Released(message.release.run_id)
        case _:
            return None
