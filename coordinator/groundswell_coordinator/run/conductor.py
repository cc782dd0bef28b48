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
from collections import Counter
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING

from groundswell.errors import GroundswellError, ProtocolViolation
from groundswell.exit_codes import ExitCode
from groundswell.schedule.shape import run_duration_with_grace
from groundswell.v1 import control_pb2
from groundswell_coordinator.judge.ending import Cause
from groundswell_coordinator.run.archive import Archive
from groundswell_coordinator.run.broadcast import Broadcast
from groundswell_coordinator.run.conclusion import Story, conclude
from groundswell_coordinator.run.crew import Crew
from groundswell_coordinator.run.events import (
    AgentEnded,
    AgentLost,
    AgentPrepared,
    AgentRefused,
    AgentsChosen,
    Close,
    Event,
    Instruction,
    Prepare,
    Start,
    StartAcknowledged,
    Stop,
    StopMode,
    StopRequested,
    Tick,
)
from groundswell_coordinator.run.loss import loss_of
from groundswell_coordinator.run.machine import Limits, RunMachine, State
from groundswell_coordinator.run.measurement import Measurement
from groundswell_coordinator.run.submission import source_to_wire

if TYPE_CHECKING:
    from collections.abc import Coroutine

    from groundswell.v1 import agent_pb2
    from groundswell_coordinator.pool import Attachment, Pool
    from groundswell_coordinator.run.submission import Submission
    from groundswell_coordinator.store.writer import StoreWriter
    from groundswell_coordinator.timeline.accounts import Loss

_log = logging.getLogger(__name__)

_TICK_S = 0.05
_GENERATION = 1
# What one agent may have sent that has not been taken yet: minutes of reports while the store is
# slow, but no flood.
_MOST_WAITING_BYTES = 64 * 1024 * 1024

_BEFORE_LOAD = (State.PREPARING, State.STARTING)
_UNDER_LOAD = (State.RUNNING, State.STOPPING)

_STATES = {
    State.WAITING: control_pb2.RUN_STATE_WAITING,
    State.PREPARING: control_pb2.RUN_STATE_PREPARING,
    State.STARTING: control_pb2.RUN_STATE_STARTING,
    State.RUNNING: control_pb2.RUN_STATE_RUNNING,
    State.STOPPING: control_pb2.RUN_STATE_STOPPING,
    State.CLOSED: control_pb2.RUN_STATE_CLOSED,
}

# The exit codes of runs that ended before any load.
_NEVER_STARTED = {
    Cause.NO_AGENTS: ExitCode.NO_AGENTS,
    Cause.START_FAILED: ExitCode.NO_AGENTS,
    Cause.REFUSED: ExitCode.INVALID_TEST,
    Cause.INTERRUPTED: ExitCode.INTERRUPTED,
    Cause.OPERATOR: ExitCode.STOPPED_BY_OPERATOR,
}


class Conductor:
    """One run. `conduct` is its whole life; everything else may be called while that runs."""

    def __init__(
        self, submission: Submission, pool: Pool, store: StoreWriter, coordinator_id: str
    ) -> None:
        self.run_id = submission.run_id
        self.broadcast = Broadcast()
        self._submission = submission
        self._pool = pool
        self._archive = Archive(store, submission)
        self._coordinator_id = coordinator_id
        span = float(run_duration_with_grace(submission.test.scenarios.values()))
        self._machine = RunMachine(span, Limits(wait=submission.wait), time.monotonic())
        self._inbox: asyncio.Queue[tuple[Attachment, agent_pb2.AgentMessage] | Event] = (
            asyncio.Queue()
        )
        self._waiting_bytes: Counter[Attachment] = Counter()
        self._prepared: set[str] = set()
        self._expelled: set[str] = set()
        self._helpers: set[asyncio.Task[None]] = set()
        # What a helper failed of; the run fails of it, too.
        self._fault: BaseException | None = None
        self._announced: State | None = None
        # From the moment the agents are chosen, and from the moment the start is ordered.
        self._crew: Crew | None = None
        self._measurement: Measurement | None = None
        self._started_at: datetime | None = None
        self._stopped_at: float | None = None
        self._aborted_by: str | None = None
        self._losses: list[Loss] = []

    # --- from outside --------------------------------------------------------------------------

    def deliver(self, agent: Attachment, message: agent_pb2.AgentMessage) -> None:
        """A message of one of the run's agents; ProtocolViolation where they are a flood."""
        if self._waiting_bytes[agent] > _MOST_WAITING_BYTES:
            raise ProtocolViolation("it sends more than its run can take")
        self._waiting_bytes[agent] += _cost(message)
        self._inbox.put_nowait((agent, message))

    def lost(self, agent: Attachment) -> None:
        """One of the run's agents is gone."""
        self._inbox.put_nowait(AgentLost(agent.name))

    def stop(self, mode: StopMode, cause: Cause) -> None:
        self._inbox.put_nowait(StopRequested(mode, cause))

    # --- the run -------------------------------------------------------------------------------

    async def conduct(self) -> None:
        """From the submission to the end.

        Whatever happens, watchers hear of an end and the agents are free again.
        """
        try:
            await self._archive.create(self._coordinator_id, _GENERATION)
            self._announce(self._machine.state)
            self._help(self._choose_agents())
            while self._machine.state is not State.CLOSED:
                await self._step()
        except GroundswellError as error:
            await self._end_with_error(error.message, error.hint, error.exit_code)
        except Exception:
            _log.exception("run %s failed", self.run_id)
            await self._end_with_error("the coordinator failed", "see its log", ExitCode.INTERNAL)
        finally:
            await self._let_go()

    async def _let_go(self) -> None:
        """Free the agents, and memory: a coordinator lives for months."""
        for helper in self._helpers:
            helper.cancel()
        await asyncio.gather(*self._helpers, return_exceptions=True)
        if self._crew is not None:
            self._crew.release()
        self._pool.release(self)
        self._crew = self._measurement = None
        self._waiting_bytes.clear()

    async def _step(self) -> None:
        """Wait for the next event, at most a tick; then let time pass."""
        if self._fault is not None:
            raise self._fault
        try:
            item = await asyncio.wait_for(self._inbox.get(), _TICK_S)
        except TimeoutError:
            pass
        else:
            await self._take(item)
        await self._pass_time()

    async def _take(self, item: tuple[Attachment, agent_pb2.AgentMessage] | Event) -> None:
        if isinstance(item, tuple):
            agent, message = item
            self._waiting_bytes[agent] -= _cost(message)
            # What was still queued when it was expelled is not heard; what one sent that was lost is.
            if agent.name not in self._expelled:
                await self._hear(agent, message)
            return
        if isinstance(item, AgentLost):
            await self._note_loss(item.agent)
        await self._handle(item)

    async def _hear(self, agent: Attachment, message: agent_pb2.AgentMessage) -> None:
        try:
            await self._message(agent, message)
        except ProtocolViolation as violation:
            await self._expel(agent, violation)

    async def _pass_time(self) -> None:
        if self._measurement is not None and self._machine.state is not State.CLOSED:
            standing = await self._measurement.advance(self._now())
            running = self._machine.state is State.RUNNING
            if standing is not None and running:
                self._aborted_by = str(standing.threshold)
                self.broadcast.notice("threshold_abort", f"aborting: {standing.threshold} failed")
                await self._handle(StopRequested(StopMode.ABORT, Cause.THRESHOLD))
            elif self._archive.failure is not None and running:
                self.broadcast.notice("store_failed", str(self._archive.failure))
                await self._handle(StopRequested(StopMode.GRACEFUL, Cause.STORE_FAILED))
        await self._handle(Tick())

    async def _message(self, agent: Attachment, message: agent_pb2.AgentMessage) -> None:
        """Take what may be said in this state; ProtocolViolation for the rest."""
        state, kind = self._machine.state, message.WhichOneof("body")
        match kind:
            case "prepared" if state is State.PREPARING and agent.name not in self._prepared:
                self._prepared.add(agent.name)
                self._help(self._measure_clock(agent))
            case "refused" if state in _BEFORE_LOAD:
                refused = message.refused
                await self._handle(AgentRefused(agent.name, refused.message, refused.hint))
            case "start_acknowledged" if state is State.STARTING and self._crew is not None:
                self._crew.check_start(agent, message.start_acknowledged.start_at_ns)
                await self._handle(StartAcknowledged(agent.name))
            case "started" if state in _UNDER_LOAD and self._crew is not None:
                skew = self._crew.note_start(agent, message.started)
                await self._archive.skew(agent.incarnation, skew)
            case "report" if state in _UNDER_LOAD and self._measurement is not None:
                await self._measurement.take(message.report, self._now())
                if message.report.last:
                    await self._handle(AgentEnded(agent.name))
            case _:
                raise ProtocolViolation(f"{kind} is not in order while the run is {state.value}")

    async def _handle(self, event: Event) -> None:
        was_running = self._machine.state in _UNDER_LOAD
        instructions = self._machine.handle(event, time.monotonic())
        # The state before what is done in it, so that the last event of all is the run's end.
        self._announce(self._machine.state)
        for instruction in instructions:
            await self._execute(instruction, was_running=was_running)

    async def _execute(self, instruction: Instruction, *, was_running: bool) -> None:
        match instruction:
            case Prepare():
                await self._prepare()
            case Start(start_at):
                await self._start(start_at)
            case Stop(mode):
                await self._stop_load(mode)
            case Close(cause, message, hint):
                if was_running:
                    await self._conclude(cause)
                else:
                    await self._give_up(cause, message, hint)

    # --- the instructions ----------------------------------------------------------------------

    async def _choose_agents(self) -> None:
        agents = await self._pool.reserve(self._submission.agents, self)
        self._crew = Crew(self.run_id, agents)
        self._inbox.put_nowait(AgentsChosen(tuple(agent.name for agent in agents)))

    async def _prepare(self) -> None:
        assert self._crew is not None
        await self._archive.shares(self._crew)
        source = source_to_wire(self._submission.source)
        self._crew.prepare(source, self._submission.seed, _GENERATION)

    async def _measure_clock(self, agent: Attachment) -> None:
        # Once it has prepared, an agent is idle, and its answers are quick.
        assert self._crew is not None
        await self._crew.measure_clock(agent)
        self._inbox.put_nowait(AgentPrepared(agent.name))

    async def _start(self, start_at: float) -> None:
        assert self._crew is not None
        self._started_at = datetime.now(UTC) + timedelta(seconds=start_at - time.monotonic())
        await self._archive.start(self._crew, self._started_at)
        self._measurement = Measurement(self._submission, self._crew, self._archive, self.broadcast)
        self._crew.start(round(start_at * 1e9))

    async def _stop_load(self, mode: StopMode) -> None:
        assert self._crew is not None
        if self._stopped_at is None:
            # An order may come between the acknowledgements and T.
            self._stopped_at = max(self._now(), 0.0)
        cause = self._machine.cause.value
        await self._archive.event(cause, f"{mode.value} stop after {self._stopped_at:.1f} s")
        self._crew.stop(mode)

    async def _conclude(self, cause: Cause) -> None:
        """The load has ended: judge what is there, store it, tell everybody."""
        assert self._measurement is not None
        assert self._crew is not None
        await self._measurement.close()
        story = Story(
            cause,
            started_at=self._started_at,
            stopped_at=self._stopped_at,
            aborted_by=self._aborted_by,
            losses=tuple(self._losses),
        )
        summary = await conclude(
            self._submission, self._crew, self._measurement.timeline, story, self._archive
        )
        if self._archive.failure is not None and cause is not Cause.STORE_FAILED:
            self.broadcast.notice("store_failed", str(self._archive.failure))
        self.broadcast.ended(
            control_pb2.Ended(summary_json=summary.to_json(), exit_code=summary.exit_code)
        )

    async def _give_up(self, cause: Cause, message: str, hint: str) -> None:
        """The run ends before any load."""
        code = _NEVER_STARTED.get(cause, ExitCode.ERROR)
        await self._archive.event(cause.value, message or cause.value)
        await self._end_with_error(message or "stopped before the start", hint or None, code)

    # --- losses --------------------------------------------------------------------------------

    async def _note_loss(self, name: str) -> None:
        """Account for an agent that is gone, unless it had delivered all it owed."""
        measurement, crew = self._measurement, self._crew
        if measurement is None or crew is None or self._machine.state not in _UNDER_LOAD:
            return
        attachment = crew[name]
        record = measurement.record(attachment.incarnation)
        if record.has_ended or record.is_lost:
            return
        measurement.timeline.lose(attachment.incarnation)
        loss = loss_of(
            self._submission.test,
            crew.table,
            self._submission.seed,
            agent=name,
            incarnation=attachment.incarnation,
            accounts=record.book.latest,
            lease_end=attachment.lease_until - self._machine.start_at,
        )
        self._losses.append(loss)
        self.broadcast.notice("agent_lost", f"{name} is lost; the others go on with their shares")
        await self._archive.event("agent_lost", "the stream ended", name)

    async def _expel(self, agent: Attachment, violation: ProtocolViolation) -> None:
        """What an agent that breaks the protocol says next cannot be believed either."""
        self.broadcast.notice("protocol", f"{agent.name} broke the protocol: {violation}")
        self._expelled.add(agent.name)
        self._pool.expel(agent, violation)
        await self._take(AgentLost(agent.name))

    # --- small things --------------------------------------------------------------------------

    def _now(self) -> float:
        """Seconds since the run's start."""
        return time.monotonic() - self._machine.start_at

    def _help(self, work: Coroutine[None, None, None]) -> None:
        task = asyncio.create_task(work)
        self._helpers.add(task)
        task.add_done_callback(self._helped)

    def _helped(self, helper: asyncio.Task[None]) -> None:
        self._helpers.discard(helper)
        if not helper.cancelled():
            self._fault = self._fault or helper.exception()

    def _announce(self, state: State) -> None:
        if state is not self._announced:
            self._announced = state
            self.broadcast.state(control_pb2.StateChanged(state=_STATES[state]))

    async def _end_with_error(self, message: str, hint: str | None, code: ExitCode) -> None:
        await self._archive.close(
            verdict=None, exit_code=int(code), summary_json=None, duration_s=0.0
        )
        self._announce(State.CLOSED)
        self.broadcast.ended(control_pb2.Ended(error=message, hint=hint or "", exit_code=int(code)))


def _cost(message: agent_pb2.AgentMessage) -> int:
    """About what a waiting message takes in memory."""
    return message.ByteSize() + 1024
