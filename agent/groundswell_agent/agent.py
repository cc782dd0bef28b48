"""One agent: carries out what its life cycle says, between the link to the coordinator and the engine."""

from __future__ import annotations

import asyncio
import gc
import logging
import time
from typing import TYPE_CHECKING

from groundswell.errors import GroundswellError, ProtocolViolation
from groundswell.load_guard import NO_GUARD
from groundswell.schedule.levels import Level
from groundswell.v1 import agent_pb2
from groundswell_agent.engine.engine import Engine
from groundswell_agent.engine.phases import Kind
from groundswell_agent.engine.prepared import PreparedTest
from groundswell_agent.events import (
    Arm,
    BreakOff,
    Build,
    BuildFailed,
    Built,
    Depart,
    Discard,
    DrainRequested,
    Event,
    Halt,
    HaltMode,
    HandOver,
    Instruction,
    LeaseEnded,
    LoadEnded,
    Perform,
    PhaseEnded,
    Rise,
    SayPerformed,
    SayPrepared,
    SayRefused,
    SayStartAcknowledged,
    TakeOver,
    TakeResult,
)
from groundswell_agent.files import RunFiles
from groundswell_agent.heard import event_of
from groundswell_agent.lease import Lease
from groundswell_agent.lifecycle import Lifecycle, State
from groundswell_agent.link import Link
from groundswell_agent.preflight.preflight import checked, problems, to_wire

if TYPE_CHECKING:
    from collections.abc import Callable

    from groundswell.credentials import Remote
    from groundswell.files.cache import FileCache
    from groundswell.load_guard import LoadGuard
    from groundswell.scenario.model import Test
    from groundswell.v1.metrics_pb2 import Report
    from groundswell_agent.engine.phases import Performance, Performed
    from groundswell_agent.http.guard import Guard
    from groundswell_agent.ready_file import ReadyFile
    from groundswell_agent.script.note import Note

_log = logging.getLogger(__name__)

# Python looks for circles after 700 new objects, which is one turn of the loop with some hundred VUs:
# a seventh of what an agent with 1,000 of them does. Of the old ones, which after 100,000 VUs are
# millions, a look holds the loop for a second; ours free their circles themselves.
COLLECT_AFTER = (2_000, 2, 10_000)

_CHECK_S = 0.1
# From the word to leave until nothing new starts: the others have their part of it by then.
_NOTICE_S = 0.6
# On top of the graceful stop: for the last report to be stored.
_LAST_REPORT_S = 5.0
# What is cancelled may close its connections in peace, but not for long.
_LOAD_ENDS_S = 2.0


_PHASES = {Kind.SETUP: agent_pb2.PHASE_SETUP, Kind.TEARDOWN: agent_pb2.PHASE_TEARDOWN}


class Agent:
    """`run` returns when the agent has left in order; no load outlives it."""

    def __init__(
        self,
        coordinator: Remote,
        hello: agent_pb2.Hello,
        cache: FileCache | None = None,
        *,
        scripts: bool = True,
        guard: Callable[[Test], Guard] | None = None,
        load_guard: LoadGuard = NO_GUARD,
        ready: ReadyFile | None = None,
    ) -> None:
        """`cache` keeps the files of tests; `scripts` is whether it runs any in Python; `ready` is
        there while it is attached and stays.
        """
        self._cache = cache
        self._scripts = scripts
        self._guard = guard
        self._load_guard = load_guard
        self._ready = ready
        self._coordinator = coordinator
        self._incarnation = hello.incarnation
        self._lease = Lease()
        self._lease.on_end = self._lease_ended
        self._link = Link(
            coordinator,
            hello,
            self._lease,
            receive=self._receive,
            attached=self._attached,
            detached=self._detached,
            holding=self._holding,
        )
        self._lifecycle = Lifecycle()
        # Code of a test goes on that nothing could end: the process has to.
        self.is_stubborn = False
        # Of the run that is served.
        self._prepare: agent_pb2.Prepare | None = None
        self._engine: Engine | None = None
        self._files: RunFiles | None = None
        # Fetching, building, checking.
        self._preparing: asyncio.Task[None] | None = None
        self._performance: Performance | None = None
        self._performing: asyncio.Task[None] | None = None
        self._load: asyncio.Task[None] | None = None
        self._start_at_ns = 0
        self._started: agent_pb2.Started | None = None
        self._leaving: agent_pb2.Leaving | None = None
        self._fault: Exception | None = None
        self._leave_by: float | None = None

    async def run(self) -> None:
        watch = asyncio.create_task(self._watch())
        try:
            await self._link.serve()
        finally:
            watch.cancel()
            self._end_preparing()
            self._end_performance()
            await self._end_load()
        if self._fault is not None:
            raise self._fault

    def drain(self, reason: str = "told to leave") -> None:
        """Leave in order: hand the share over, deliver the last report, end the stream."""
        if self._leave_by is None:
            self._detached()
            grace = 0.0 if self._engine is None else self._engine.graceful_stop
            self._leave_by = time.monotonic() + _NOTICE_S + grace + _LAST_REPORT_S
            self._handle(DrainRequested(reason))

    # --- the coordinator -----------------------------------------------------------------------

    def _receive(self, message: agent_pb2.CoordinatorMessage) -> None:
        if message.HasField("recall"):
            self._recall(message.recall.run_id)
        elif (event := event_of(message)) is not None:
            self._handle(event)

    def _attached(self) -> None:
        """On a new stream: repeat what may have been lost with the one before."""
        if self._started is not None:
            self._link.send(started=self._started)
        if self._leaving is not None:
            self._link.send(leaving=self._leaving)
        if self._ready is not None and self._leave_by is None:
            self._ready.show()

    def _detached(self) -> None:
        if self._ready is not None:
            self._ready.hide()

    def _holding(self) -> agent_pb2.Holding | None:
        prepare = self._prepare
        if prepare is None:
            return None
        return agent_pb2.Holding(
            run_id=prepare.run_id,
            agent=prepare.agent,
            start_at_ns=self._start_at_ns,
            epoch=0 if self._engine is None else self._engine.epoch,
        )

    def _recall(self, run_id: str) -> None:
        if self._prepare is not None and self._prepare.run_id == run_id:
            recalled = agent_pb2.Recalled(run_id=run_id, source=self._prepare.source)
            self._link.send(recalled=recalled)

    # --- the life cycle ------------------------------------------------------------------------

    def _handle(self, event: Event) -> None:
        for instruction in self._lifecycle.handle(event):
            self._execute(instruction)

    def _execute(self, instruction: Instruction) -> None:
        match instruction:
            case Build(prepare):
                self._build(prepare)
            case SayPrepared(run_id, findings):
                told = [to_wire(finding) for finding in findings]
                self._link.send(prepared=agent_pb2.Prepared(run_id=run_id, findings=told))
            case SayRefused(run_id, code, message, hint):
                refused = agent_pb2.Refused(run_id=run_id, code=code, message=message, hint=hint)
                self._link.send(refused=refused)
            case Perform(kind):
                if kind is Kind.SETUP:
                    # Whoever gives the order has been heard, and nothing of the run can be another's.
                    self._lease.begin()
                self._perform(kind)
            case BreakOff():
                if self._performance is not None:
                    self._performance.break_off()
            case SayPerformed(run_id, performed):
                self._say_performed(run_id, performed)
            case TakeResult(result):
                self._obey(lambda engine: engine.phases.take_result(result))
            case Arm(start_at_ns):
                # Likewise: a lease that ended while the agent was ready was of no load.
                self._lease.begin()
                self._start_at_ns = start_at_ns
                self._load = asyncio.create_task(self._run_load(start_at_ns))
            case SayStartAcknowledged(run_id, start_at_ns):
                acknowledged = agent_pb2.StartAcknowledged(run_id=run_id, start_at_ns=start_at_ns)
                self._link.send(start_acknowledged=acknowledged)
            case Halt(mode):
                if self._engine is not None:
                    self._engine.halt(mode)
            case TakeOver(handovers):
                self._obey(lambda engine: engine.reshare(handovers))
            case Rise(levels):
                self._obey(lambda engine: engine.rise(map(Level.of, levels)))
            case HandOver(reason, at_once):
                self._hand_over(reason, 0.0 if at_once else _NOTICE_S)
            case Discard():
                self._discard()
            case Depart():
                self._link.close()

    def _build(self, prepare: agent_pb2.Prepare) -> None:
        self._lease.begin()
        self._prepare = prepare
        self._files = RunFiles(self._cache)
        self._preparing = asyncio.create_task(self._get_ready(prepare, self._files))

    async def _get_ready(self, prepare: agent_pb2.Prepare, files: RunFiles) -> None:
        """What will not work is said now, and not found in the numbers."""
        try:
            kept = await files.fetch(prepare.source, self._coordinator)
            # Renewals go on while a large file is looked through, or large modules are imported.
            prepared = await asyncio.to_thread(
                PreparedTest.of, prepare, kept, scripts=self._scripts
            )
            engine = self._engine = Engine.build(
                prepare,
                incarnation=self._incarnation,
                lease=self._lease,
                prepared=prepared,
                guard=self._guard,
                load_guard=self._load_guard,
            )
        except GroundswellError as error:
            self._preparing = None
            self._handle(BuildFailed(prepare.run_id, error.message, error.hint or ""))
            return
        except Exception as fault:
            _log.exception("the run cannot be prepared")
            self._preparing = None
            text = f"the agent failed to prepare: {type(fault).__name__}: {fault}"
            self._handle(BuildFailed(prepare.run_id, text, "see its log"))
            return
        if engine.script is not None:
            engine.script.on_note = self._note
        # Everything that lives as long as the run leaves the collector's sight before the load.
        gc.collect()
        gc.freeze()
        gc.set_threshold(*COLLECT_AFTER)
        found = problems(await checked(engine.test, engine.shares, engine.connectors))
        self._preparing = None
        refusal = next((one for one in found if one.refuses), None)
        if refusal is not None:
            self._handle(BuildFailed(engine.run_id, refusal.message, refusal.hint or ""))
        else:
            self._handle(Built(engine.run_id, tuple(found)))

    def _note(self, note: Note) -> None:
        if self._engine is not None:
            finding = agent_pb2.Finding(code=note.code, message=note.message, hint=note.hint)
            noted = agent_pb2.Noted(run_id=self._engine.run_id, finding=finding, place=note.place)
            self._link.send(noted=noted)

    def _perform(self, kind: Kind) -> None:
        engine = self._engine
        assert engine is not None
        self._performance = engine.phases.performance(kind)
        self._performing = asyncio.create_task(self._end_phase(engine.run_id, self._performance))

    async def _end_phase(self, run_id: str, performance: Performance) -> None:
        performed = await performance.run()
        self._performance = self._performing = None
        self._handle(PhaseEnded(run_id, performed))

    def _say_performed(self, run_id: str, performed: Performed) -> None:
        self._link.send(
            performed=agent_pb2.Performed(
                run_id=run_id,
                phase=_PHASES[performed.kind],
                failure=performed.failure,
                message=performed.message,
                hint=performed.hint,
                requests=performed.requests,
                took_ns=performed.took_ns,
                result=performed.result,
            )
        )

    def _obey(self, change: Callable[[Engine], None]) -> None:
        assert self._engine is not None
        try:
            change(self._engine)
        except ProtocolViolation as violation:
            # A share that nobody can tell is one that nobody carries out: better leave than guess.
            _log.error("%s", violation)
            self.drain(str(violation))

    def _hand_over(self, reason: str, notice_s: float) -> None:
        """Name a boundary, with notice enough for the others to hear of it in time."""
        engine = self._engine
        assert engine is not None
        now_ns = time.monotonic_ns() - self._start_at_ns
        boundary_ns = max(now_ns, 0) + round(notice_s * 1e9)
        self._leaving = agent_pb2.Leaving(
            run_id=engine.run_id,
            boundary_ns=boundary_ns,
            decided=engine.leave(boundary_ns),
            reason=reason,
        )
        self._link.send(leaving=self._leaving)

    async def _run_load(self, start_at_ns: int) -> None:
        engine = self._engine
        assert engine is not None
        try:
            await engine.run(start_at_ns, report=self._report, started=self._note_start)
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
            if self._link.is_full:
                self.drain("its reports are not taken any more")

    def _note_start(self, start_at_ns: int) -> None:
        assert self._engine is not None
        self._started = agent_pb2.Started(
            run_id=self._engine.run_id, start_at_ns=start_at_ns, started_ns=time.monotonic_ns()
        )
        self._link.send(started=self._started)

    def _discard(self) -> None:
        if self._engine is not None and self._engine.is_stubborn:
            _log.error("code of the test goes on that cannot be stopped: this process ends")
            self.is_stubborn = True
            self._link.close()
        self._engine = self._prepare = self._started = self._leaving = None
        self._start_at_ns = 0
        self._end_preparing()
        self._end_performance()
        self._link.forget_reports()
        gc.unfreeze()

    def _end_preparing(self) -> None:
        if self._preparing is not None:
            self._preparing.cancel()
            self._preparing = None
        if self._files is not None:
            self._files.close()
            self._files = None

    def _end_performance(self) -> None:
        if self._performing is not None:
            self._performing.cancel()
            self._performance = self._performing = None

    # --- time ----------------------------------------------------------------------------------

    async def _watch(self) -> None:
        """Leave when a drain is done; and see the lease's end where no request asks for it."""
        while True:
            if self._engine is not None and not self._lease.holds():
                self._lease.end()
            if self._leave_by is not None and self._may_leave(self._leave_by):
                self._link.close()
            await asyncio.sleep(_CHECK_S)

    def _lease_ended(self) -> None:
        # Called in the middle of a request, too: what is cancelled must not be who cancels.
        asyncio.get_running_loop().call_soon(self._stop_unleased)

    def _stop_unleased(self) -> None:
        """The dead-man switch."""
        if self._lifecycle.state in (State.RUNNING, State.LEAVING):
            _log.warning("the coordinator was silent for the whole lease: load stops")
        self._handle(LeaseEnded())

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
