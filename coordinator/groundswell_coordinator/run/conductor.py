"""Conducts one run: carries out what its state machine says.

    agents' messages ─┐                       ┌─ orders to agents
    client's stop ────┼─> RunMachine ─────────┼─ transactions
    time ─────────────┘                       └─ events to whoever watches

    reports ─> Timeline ─seal─> Judge ─> store ─> acknowledgement, progress

Everything that happens goes through one queue and is taken in order, so no two of these steps ever
overlap.
"""

from __future__ import annotations

import asyncio
import logging
import time
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING

from groundswell.errors import GroundswellError, InvalidConfiguration, ProtocolViolation
from groundswell.exit_codes import ExitCode
from groundswell.schedule.shape import run_duration_with_grace
from groundswell.v1 import control_pb2
from groundswell.verdict.verdict import ReasonCode
from groundswell_coordinator.capacity.pilot import Pilot
from groundswell_coordinator.judge.ending import Cause
from groundswell_coordinator.outputs.outputs import Outputs, ended_early
from groundswell_coordinator.outputs.sink import RunFacts
from groundswell_coordinator.pool import Demand
from groundswell_coordinator.run.archive import Archive
from groundswell_coordinator.run.broadcast import Broadcast
from groundswell_coordinator.run.conclusion import Story, absence_reasons, conclude
from groundswell_coordinator.run.crew import Crew
from groundswell_coordinator.run.errands import Errands
from groundswell_coordinator.run.events import (
    AgentEnded,
    AgentExpelled,
    AgentLeaving,
    AgentLost,
    AgentPrepared,
    AgentRefused,
    AgentsChosen,
    Close,
    Dismiss,
    Event,
    GuardExceeded,
    Instruction,
    MoveShare,
    Perform,
    Phase,
    Prepare,
    Start,
    StartAcknowledged,
    Stop,
    StopMode,
    StopRequested,
    Tick,
)
from groundswell_coordinator.run.findings import Findings, tell
from groundswell_coordinator.run.inbox import Inbox, Said
from groundswell_coordinator.run.machine import Limits, RunMachine, State
from groundswell_coordinator.run.measurement import Measurement
from groundswell_coordinator.run.phase_orders import PhaseOrders
from groundswell_coordinator.run.phases import PhaseLog
from groundswell_coordinator.run.restoration import COORDINATOR_AWAY, OUTPUT
from groundswell_coordinator.run.steward import Steward
from groundswell_coordinator.run.submission import source_to_wire
from groundswell_coordinator.run.succession import Succession

if TYPE_CHECKING:
    from collections.abc import Sequence

    from groundswell.files.stamp import FileStamp
    from groundswell.v1 import agent_pb2
    from groundswell.verdict.run_warning import RunWarning
    from groundswell_coordinator.attachment import Attachment
    from groundswell_coordinator.pool import Pool
    from groundswell_coordinator.report.capacity_summary import LevelSummary
    from groundswell_coordinator.run.owner import RunOwner
    from groundswell_coordinator.run.progress import Durations
    from groundswell_coordinator.run.recovery import Recovered
    from groundswell_coordinator.run.submission import Submission
    from groundswell_coordinator.store.writer import StoreWriter
    from groundswell_coordinator.telemetry import Telemetry
    from groundswell_coordinator.timeline.timeline import Timeline

_log = logging.getLogger(__name__)

_TICK_S = 0.05
# Far away, or over a line that loses, orders and answers take their time: T is later by so many of the
# longest round trip that was measured, if that makes a difference.
_SPARE_ROUND_TRIPS = 20
_LEAST_SPARE_S = 0.1
_MOST_SPARE_S = 5.0
# After the last agent is back: for the reports that it owes.
_DELIVERY_S = 0.5

_BEFORE_LOAD = (State.PREPARING, State.SETTING_UP, State.STARTING)
_UNDER_LOAD = (State.RUNNING, State.STOPPING)
# In which an agent whose stream breaks has its lease's time to come back.
_LEASED = (*_UNDER_LOAD, State.TEARING_DOWN)

_STATES = {
    State.WAITING: control_pb2.RUN_STATE_WAITING,
    State.PREPARING: control_pb2.RUN_STATE_PREPARING,
    State.SETTING_UP: control_pb2.RUN_STATE_SETTING_UP,
    State.STARTING: control_pb2.RUN_STATE_STARTING,
    State.RUNNING: control_pb2.RUN_STATE_RUNNING,
    State.STOPPING: control_pb2.RUN_STATE_STOPPING,
    State.TEARING_DOWN: control_pb2.RUN_STATE_TEARING_DOWN,
    State.CLOSED: control_pb2.RUN_STATE_CLOSED,
}

# The exit codes of runs that ended before any load.
_NEVER_STARTED = {
    Cause.NO_AGENTS: ExitCode.NO_AGENTS,
    Cause.START_FAILED: ExitCode.NO_AGENTS,
    Cause.REFUSED: ExitCode.INVALID_TEST,
    Cause.SETUP_FAILED: ExitCode.SETUP_FAILED,
    Cause.SETUP_RAISED: ExitCode.SCRIPT_EXCEPTION,
    Cause.INTERRUPTED: ExitCode.INTERRUPTED,
    Cause.OPERATOR: ExitCode.STOPPED_BY_OPERATOR,
}


class Conductor:
    """One run. `conduct` is its whole life; everything else may be called while that runs."""

    def __init__(
        self,
        submission: Submission,
        pool: Pool,
        store: StoreWriter,
        owner: RunOwner,
        broadcast: Broadcast | None = None,
        telemetry: Telemetry | None = None,
    ) -> None:
        self.run_id = submission.run_id
        self.submission = submission
        self.broadcast = broadcast or Broadcast()
        self._telemetry = telemetry
        self._pool = pool
        self._archive = Archive(store, submission)
        self._owner = owner
        span = float(run_duration_with_grace(submission.test.scenarios.values()))
        test = submission.test
        limits = Limits(
            wait=submission.wait,
            prepare=submission.prepare_s,
            late_reports=2 * pool.lease_s,
            setup=None if test.setup is None else float(test.setup.timeout),
            teardown=None if test.teardown is None else float(test.teardown.timeout),
        )
        self._machine = RunMachine(span, limits, submission.on_agent_loss, time.monotonic())
        self._inbox = Inbox()
        self._prepared: set[str] = set()
        self._findings = Findings()
        # What they come to, once all are prepared.
        self._warnings: tuple[RunWarning, ...] = ()
        self._expelled: set[str] = set()
        self._errands = Errands()
        self._announced: tuple[State, str] | None = None
        self._recovered: Recovered | None = None
        self._seal_from = 0.0
        self._next_tick = 0.0
        self._new_skews: dict[str, int] = {}
        self._absences: tuple[str, ...] = ()
        # From the moment the agents are chosen, and from the moment the start is ordered.
        self._crew: Crew | None = None
        self._phases: PhaseOrders | None = None
        self._steward: Steward | None = None
        # Of a search for capacity.
        self._pilot: Pilot | None = None
        self._started_at: datetime | None = None
        self._stopped_at: float | None = None
        self._stop_mode: StopMode | None = None
        self._aborted_by: str | None = None
        self._outputs: Outputs | None = None

    def resume(self, recovered: Recovered) -> None:
        """Take up a run that was under way when its coordinator ended; before `conduct`."""
        restored = recovered.restored
        self._recovered = recovered
        self._crew = recovered.crew
        self._inbox = recovered.inbox
        self._started_at = restored.started_at
        self._stopped_at = restored.stopped_at
        self._aborted_by = restored.aborted_by
        self._absences = restored.absences
        self._warnings = restored.warnings
        self._archive.resume()
        self._steward = self._new_steward(
            recovered.crew, restored.succession, recovered.start_at, restored.timeline
        )
        self._pilot = self._new_pilot(self._steward, restored.judged)
        names = [agent.name for agent in recovered.crew.agents]
        self._phases = self._new_phases(restored.phases, recovered.crew)
        settled, performers = restored.succession.settled, restored.phases.performers
        self._machine.resume(recovered.start_at, names, settled, performers)
        for agent in recovered.crew.agents:
            # One that came back without the run is not ours any more.
            if agent.run is not None:
                agent.run = self
                self._steward.catch_up(agent, None)

    # --- from outside --------------------------------------------------------------------------

    @property
    def state(self) -> State:
        return self._machine.state

    @property
    def durations(self) -> Durations | None:
        """Of all requests so far; None before the load and after it."""
        return None if self._steward is None else self._steward.measurement.durations

    def deliver(self, agent: Attachment, message: agent_pb2.AgentMessage) -> None:
        """A message of one of the run's agents; ProtocolViolation where they are a flood."""
        self._inbox.say(agent, message)

    def needs(self, stamp: FileStamp) -> bool:
        return stamp in self.submission.source.files.stamps.values()

    def keeps(self, agent: Attachment) -> bool:
        """Under load an agent has its lease's time to come back; before, nothing is lost with it."""
        return self._machine.state in _LEASED

    def lost(self, agent: Attachment) -> None:
        """One of the run's agents is gone."""
        self._inbox.put(AgentLost(agent.name))

    def returned(self, agent: Attachment, holding: agent_pb2.Holding) -> None:
        """One is back on a new stream."""
        if self._crew is not None:
            self._crew.trust_start(agent, holding.start_at_ns)
        if self._steward is not None:
            self._steward.catch_up(agent, self._stop_mode)
        if self._machine.state is State.TEARING_DOWN and self._phases is not None:
            self._phases.repeat(agent.name, Phase.TEARDOWN)

    def stop(self, mode: StopMode, cause: Cause) -> None:
        self._inbox.put(StopRequested(mode, cause))

    # --- the run -------------------------------------------------------------------------------

    async def conduct(self) -> None:
        """From the submission to the end.

        Whatever happens, watchers hear of an end and the agents are free again.
        """
        try:
            await self._begin()
            while self._machine.state is not State.CLOSED:
                await self._step()
        except GroundswellError as error:
            await self._end_with_error(error.message, error.hint, error.exit_code)
        except Exception:
            _log.exception("run %s failed", self.run_id)
            await self._end_with_error("the coordinator failed", "see its log", ExitCode.INTERNAL)
        except asyncio.CancelledError:
            # This coordinator ends, and not the run: the next one takes it up.
            await self._errands.end()
            if self._outputs is not None:
                await self._outputs.abandon()
            raise
        await self._let_go()

    async def _begin(self) -> None:
        if self._recovered is None:
            await self._archive.create(
                self._owner.coordinator_id, self._owner.generation, is_local=self._owner.is_local
            )
            if self.submission.search is not None:
                await self._archive.search(self.submission.search)
            self._announce(self._machine.state)
            self._errands.begin(self._choose_agents())
            return
        self._announce(self._machine.state)
        await self._note_absence()
        restored = self._recovered.restored
        for name in restored.ended:
            await self._handle(AgentEnded(name))
        for name in restored.succession.lost:
            await self._handle(AgentLost(name))
        if restored.stop is not None:
            await self._handle(StopRequested(restored.stop.mode, restored.stop.cause))

    async def _note_absence(self) -> None:
        """In the store, too: what agents did not do meanwhile has its reason in it."""
        assert self._steward is not None
        # The last interval that is stored ended up to two seconds before the coordinator did.
        away = self._now() - self._steward.measurement.timeline.sealed_count
        message = f"the coordinator was away for about {away:.0f} s"
        self._absences = (*self._absences, message)
        self.broadcast.notice(COORDINATOR_AWAY, f"{message}; the run goes on")
        await self._archive.event(COORDINATOR_AWAY, message)
        assert self._recovered is not None
        ended = tuple(map(ended_early, self._recovered.restored.outputs))
        await tell(ended, self.broadcast, self._archive)
        self._warnings = (*self._warnings, *ended)

    async def _let_go(self) -> None:
        """Free the agents, and memory: a coordinator lives for months."""
        await self._errands.end()
        if self._outputs is not None:
            await self._outputs.abandon()
        if self._crew is not None:
            self._crew.release()
        self._pool.release(self)
        self._crew = self._phases = self._steward = self._pilot = self._recovered = None
        self._inbox = Inbox()

    async def _step(self) -> None:
        """Wait for the next event, at most a tick; then let time pass.

        While more is waiting, time passes once a tick: a thousand reports come at once.
        """
        self._errands.check()
        item = await self._inbox.take(_TICK_S)
        if isinstance(item, Said):
            # What was still queued when it was expelled is not heard; what one sent that was lost is.
            if item.agent.name not in self._expelled:
                await self._hear(item.agent, item.message)
        elif isinstance(item, AgentLost):
            if not self._may_load_on(item.agent):
                await self._lose(item.agent)
        elif item is not None:
            await self._handle(item)
        if self._inbox.is_empty or time.monotonic() >= self._next_tick:
            await self._pass_time()
            self._next_tick = time.monotonic() + _TICK_S

    async def _hear(self, agent: Attachment, message: agent_pb2.AgentMessage) -> None:
        try:
            await self._message(agent, message)
        except ProtocolViolation as violation:
            await self._expel(agent, violation)

    async def _pass_time(self) -> None:
        if self._steward is not None and self._machine.state in _LEASED:
            await self._pass_time_under_load(self._steward)
        await self._handle(Tick())

    async def _pass_time_under_load(self, steward: Steward) -> None:
        for name in steward.expired(time.monotonic()):
            await self._lose(name)
        if not self._machine.has_begun:
            return
        await self._store_skews()
        await steward.measurement.store_late(self._now())
        standing = None
        if self._may_seal():
            is_behind = self._inbox.is_behind
            standing = await steward.measurement.advance(self._now(), is_behind=is_behind)
        if self._machine.state is not State.RUNNING:
            return
        if standing is not None:
            self._aborted_by = str(standing.threshold)
            self.broadcast.notice("threshold", f"aborting: {standing.threshold} failed")
            await self._handle(StopRequested(StopMode.ABORT, Cause.THRESHOLD))
        elif (hopeless := steward.measurement.hopeless) is not None:
            code = ReasonCode.SCRIPT_EXCEPTION.value
            self.broadcast.notice(code, f"aborting: every iteration of {hopeless} failed")
            await self._handle(StopRequested(StopMode.ABORT, Cause.SCRIPT_EXCEPTION))
        elif self._archive.failure is not None:
            self.broadcast.notice("store_failed", str(self._archive.failure))
            await self._handle(StopRequested(StopMode.GRACEFUL, Cause.STORE_FAILED))
        elif self._pilot is not None and await self._pilot.steer(self._now()):
            # All that was to be found out is.
            await self._handle(StopRequested(StopMode.GRACEFUL, Cause.COMPLETE))

    def _may_seal(self) -> bool:
        """After a restart not before all are back, or their leases over: what they measured meanwhile
        would be late by our fault, and live judging would not see it.
        """
        if self._recovered is None or self._crew is None:
            return True
        now = time.monotonic()
        if any(one.stream is None and one.lease_until > now for one in self._crew.agents):
            self._seal_from = now + _DELIVERY_S
        if now < self._seal_from:
            return False
        self._recovered = None
        return True

    async def _message(self, agent: Attachment, message: agent_pb2.AgentMessage) -> None:
        """Take what may be said in this state; ProtocolViolation for the rest."""
        state, kind = self._machine.state, message.WhichOneof("body")
        match kind:
            case "prepared" if state is State.PREPARING and agent.name not in self._prepared:
                self._prepared.add(agent.name)
                self._findings.take(agent.name, message.prepared.findings)
                self._errands.begin(self._measure_clock(agent))
            case "refused" if state in _BEFORE_LOAD:
                refused = message.refused
                await self._handle(AgentRefused(agent.name, refused.message, refused.hint))
            case "start_acknowledged" if state is State.STARTING and self._crew is not None:
                self._crew.check_start(agent, message.start_acknowledged.start_at_ns)
                await self._handle(StartAcknowledged(agent.name))
            case "started" if state in _LEASED and self._crew is not None:
                skew = self._crew.note_start(agent, message.started)
                self._new_skews[agent.incarnation] = skew
            case "performed" if state in (State.SETTING_UP, State.TEARING_DOWN):
                assert self._phases is not None
                phase = Phase.SETUP if state is State.SETTING_UP else Phase.TEARDOWN
                await self._handle(await self._phases.take(agent.name, phase, message.performed))
            case _ if state is State.TEARING_DOWN and not self._machine.has_begun:
                # Of a load that was called off; this came before its agent heard of that.
                return
            case "report" if state in _LEASED and self._steward is not None:
                await self._steward.measurement.take(message.report, self._now())
                if message.report.last:
                    await self._handle(AgentEnded(agent.name))
            case "noted" if state in _LEASED:
                await self._note(agent.name, message.noted)
            case "leaving" if state in _LEASED:
                await self._leave(agent.name, message.leaving)
            case "recalled":
                # Several were asked, and the first answer was enough.
                return
            case _:
                raise ProtocolViolation(f"{kind} is not in order while the run is {state.value}")

    async def _note(self, agent: str, noted: agent_pb2.Noted) -> None:
        """What an agent found out under load, unless another has said so of the same place."""
        if (warning := self._findings.note(agent, noted)) is not None:
            self._warnings = (*self._warnings, warning)
            await tell([warning], self.broadcast, self._archive)

    async def _handle(self, event: Event) -> None:
        instructions = self._machine.handle(event, time.monotonic())
        # The state before what is done in it, so that the last event of all is the run's end.
        self._announce(self._machine.state)
        for instruction in instructions:
            await self._execute(instruction)

    async def _execute(self, instruction: Instruction) -> None:
        match instruction:
            case Prepare():
                await self._prepare()
            case Perform(agent, phase):
                assert self._phases is not None
                await self._phases.give(agent, phase)
            case Dismiss(agent):
                assert self._crew is not None
                self._crew.dismiss_but(agent)
            case Start(start_at):
                await self._start(start_at)
            case Stop(mode):
                await self._stop_load(mode)
            case MoveShare():
                assert self._steward is not None
                await self._steward.move(instruction, self._machine.heirs)
            case Close(cause, message, hint):
                if self._machine.has_begun:
                    await self._conclude(cause)
                else:
                    await self._give_up(cause, message, hint)

    # --- the instructions ----------------------------------------------------------------------

    async def _choose_agents(self) -> None:
        demand = Demand(self.submission.agents, self.submission.selector)
        agents = await self._pool.reserve(demand, self, self._tell_waiting)
        self._crew = Crew(self.run_id, agents)
        log = PhaseLog(self.submission.test.teardown is not None)
        self._phases = self._new_phases(log, self._crew)
        self._inbox.put(AgentsChosen(tuple(agent.name for agent in agents)))

    async def _prepare(self) -> None:
        assert self._crew is not None
        submission = self.submission
        try:
            await asyncio.to_thread(self._crew.check_guards, submission.test, submission.seed)
        except InvalidConfiguration as error:
            self._inbox.put(GuardExceeded(error.message, error.hint or ""))
            return
        await self._archive.shares(self._crew)
        if self._crew.guards:
            await self._archive.guards(self._crew.guards)
        source = source_to_wire(submission.source)
        told = None if submission.search is None else submission.search.to_wire()
        self._crew.prepare(source, submission.seed, self._owner.generation, told)
        await self._open_outputs()

    async def _measure_clock(self, agent: Attachment) -> None:
        # Once it has prepared, an agent is idle, and its answers are quick.
        assert self._crew is not None
        await self._crew.measure_clock(agent)
        self._inbox.put(AgentPrepared(agent.name))

    async def _start(self, start_at: float) -> None:
        assert self._crew is not None
        self._warnings = self._findings.warnings(len(self._crew.agents))
        await tell(self._warnings, self.broadcast, self._archive)
        spare = min(_SPARE_ROUND_TRIPS * self._crew.longest_round_trip_s, _MOST_SPARE_S)
        if spare > _LEAST_SPARE_S:
            start_at = self._machine.put_off(time.monotonic(), spare)
        while True:
            begin = time.monotonic()
            self._started_at = datetime.now(UTC) + timedelta(seconds=start_at - begin)
            await self._archive.start(self._crew, self._started_at)
            now = time.monotonic()
            if self._machine.can_be_acknowledged(now):
                break
            start_at = self._machine.put_off(now, 2 * (now - begin))
        if self._outputs is not None:
            self._outputs.start(self._started_at)
        succession = Succession(self.submission.test, self._crew.table, self.submission.seed)
        self._steward = self._new_steward(self._crew, succession, start_at)
        self._pilot = self._new_pilot(self._steward)
        self._crew.start(round(start_at * 1e9))

    async def _open_outputs(self) -> None:
        test, destinations = self.submission.test, self.submission.outputs
        if not destinations:
            return
        facts = RunFacts(self.run_id, test.test, test.catalog)
        self._outputs = Outputs(destinations, facts, self.broadcast.notice)
        for destination in destinations:
            await self._archive.event(OUTPUT, str(destination))

    async def _stop_load(self, mode: StopMode) -> None:
        assert self._crew is not None
        self._stop_mode = mode
        if self._stopped_at is None:
            # An order may come between the acknowledgements and T.
            self._stopped_at = max(self._now(), 0.0)
        cause = self._machine.cause.value
        detail: dict[str, float | str] = {"at": self._stopped_at, "mode": mode.value}
        if self._aborted_by is not None:
            detail["threshold"] = self._aborted_by
        line = f"{mode.value} stop after {self._stopped_at:.1f} s"
        await self._archive.event(cause, line, detail=detail)
        self._crew.stop(mode)

    async def _store_skews(self) -> None:
        """Those that came since the last time, in one transaction: agents start all at once."""
        if self._new_skews:
            skews, self._new_skews = self._new_skews, {}
            await self._archive.skews(skews)

    async def _conclude(self, cause: Cause) -> None:
        """The load has ended: judge what is there, store it, tell everybody."""
        crew, steward = self._crew, self._steward
        assert crew is not None
        assert steward is not None
        assert self._phases is not None
        await self._store_skews()
        await steward.measurement.close()
        await self._close_outputs()
        timeline = steward.measurement.timeline
        # Of a thousand agents it takes half a second, in which leases are to be renewed.
        losses = await asyncio.to_thread(steward.succession.losses, timeline, self._stopped_at)
        story = Story(
            cause,
            started_at=self._started_at,
            stopped_at=self._stopped_at,
            aborted_by=self._aborted_by,
            losses=losses,
            reasons=absence_reasons(self._absences, losses),
            warnings=self._warnings,
            levels=steward.succession.division.levels,
            judged=() if self._pilot is None else tuple(self._pilot.judged),
            phases=self._phases.log.records,
        )
        summary = await conclude(self.submission, crew, timeline, story, self._archive)
        if self._telemetry is not None:
            codes = (reason.code for reason in summary.reasons)
            self._telemetry.ended(summary.verdict, codes)
        if self._archive.failure is not None and cause is not Cause.STORE_FAILED:
            self.broadcast.notice("store_failed", str(self._archive.failure))
        self.broadcast.ended(
            control_pb2.Ended(summary_json=summary.to_json(), exit_code=summary.exit_code)
        )

    async def _close_outputs(self) -> None:
        if self._outputs is not None:
            missed = await self._outputs.close()
            await tell(missed, self.broadcast, self._archive)
            self._warnings = (*self._warnings, *missed)

    async def _give_up(self, cause: Cause, message: str, hint: str) -> None:
        """The run ends before any load."""
        code = _NEVER_STARTED.get(cause, ExitCode.ERROR)
        await self._archive.event(cause.value, message or cause.value)
        await self._end_with_error(message or "stopped before the start", hint or None, code)

    # --- the agents ----------------------------------------------------------------------------

    def _may_load_on(self, name: str) -> bool:
        """Whether its stream ended just before the load began: then its lease says when it is lost."""
        assert self._crew is not None
        return self._machine.state in _LEASED and self._crew[name].stream is None

    async def _lose(self, name: str) -> None:
        # Before the load there is nothing to account for.
        if self._steward is not None and self._machine.has_begun:
            await self._steward.lose(name)
        # Of one that had delivered all that it owed, too: it cannot do the teardown any more.
        await self._handle(AgentLost(name))

    async def _leave(self, name: str, leaving: agent_pb2.Leaving) -> None:
        assert self._steward is not None
        if await self._steward.leave(name, leaving):
            await self._handle(AgentLeaving(name, leaving.boundary_ns, dict(leaving.decided)))

    async def _expel(self, agent: Attachment, violation: ProtocolViolation) -> None:
        """What an agent that breaks the protocol says next cannot be believed either.

        Under load it counts as lost when its lease has ended, like any that falls silent: until then
        it may go on.
        """
        self.broadcast.notice("protocol", f"{agent.name} broke the protocol: {violation}")
        self._expelled.add(agent.name)
        self._pool.expel(agent, violation)
        under_load = self._machine.state in _LEASED
        await self._handle((AgentExpelled if under_load else AgentLost)(agent.name))

    # --- small things --------------------------------------------------------------------------

    def _now(self) -> float:
        """Seconds since the run's start."""
        return time.monotonic() - self._machine.start_at

    def _new_phases(self, log: PhaseLog, crew: Crew) -> PhaseOrders:
        return PhaseOrders(log, crew, self._archive, self.broadcast)

    def _new_steward(
        self, crew: Crew, succession: Succession, start_at: float, timeline: Timeline | None = None
    ) -> Steward:
        measurement = Measurement(
            self.submission,
            crew,
            self._archive,
            self.broadcast,
            timeline,
            self._telemetry,
            self._outputs,
        )
        return Steward(crew, succession, measurement, self._archive, self.broadcast, start_at)

    def _new_pilot(self, steward: Steward, judged: Sequence[LevelSummary] = ()) -> Pilot | None:
        search, test = self.submission.search, self.submission.level_test
        if search is None or test is None:
            return None
        policy = self.submission.on_agent_loss
        return Pilot(search, test, steward, self._archive, self.broadcast, policy, judged)

    def _tell_waiting(self, line: str) -> None:
        if self._machine.state is State.WAITING:
            self._announce(State.WAITING, line)

    def _announce(self, state: State, message: str = "") -> None:
        if self._announced is None or (state, message or self._announced[1]) != self._announced:
            self._announced = (state, message)
            self.broadcast.state(control_pb2.StateChanged(state=_STATES[state], message=message))

    async def _end_with_error(self, message: str, hint: str | None, code: ExitCode) -> None:
        await self._archive.close(
            verdict=None, exit_code=int(code), summary_json=None, duration_s=0.0
        )
        self._announce(State.CLOSED)
        if self._telemetry is not None:
            self._telemetry.ended(None)
        self.broadcast.ended(control_pb2.Ended(error=message, hint=hint or "", exit_code=int(code)))
