"""The life of a run as a pure state machine: an event in, instructions out; no clock, no sockets, no store.

    state      event                        instructions                              next
    ---------  ---------------------------  ----------------------------------------  ---------
    WAITING    AgentsChosen                 Prepare(agents)                           PREPARING
               Tick past the wait           Close(no_agents)                          CLOSED
               StopRequested                Close(cause)                              CLOSED
    PREPARING  AgentPrepared, not the last                                            PREPARING
               AgentPrepared, the last      Start(T)                                  STARTING
               AgentRefused                 Close(refused)                            CLOSED
               AgentLost                    Close(no_agents)                          CLOSED
               Tick past the limit          Close(no_agents)                          CLOSED
               StopRequested                Close(cause)                              CLOSED
    STARTING   StartAcknowledged, the last                                            RUNNING
               AgentLost, AgentRefused      Close(start_failed)                       CLOSED
               Tick at T - 200 ms           Close(start_failed)                       CLOSED
               StopRequested                Close(cause)                              CLOSED
    RUNNING    AgentEnded, not the last                                               RUNNING
               AgentEnded, the last         Close(complete)                           CLOSED
               AgentLost, not the last      (a reason)                                RUNNING
               AgentLost, the last          Close(complete) after a reason            CLOSED
               StopRequested                Stop(mode)                                STOPPING
               Tick past the hard end       Stop(abort)                               STOPPING
    STOPPING   AgentEnded/Lost, the last    Close(complete)                           CLOSED
               StopRequested(abort)         Stop(abort), once                         STOPPING
               Tick past the stop's limit   Close(complete)                           CLOSED
    CLOSED     anything                                                               CLOSED

Times are seconds on the coordinator's monotonic clock.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from enum import Enum

from groundswell_coordinator.judge.ending import Cause
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


class State(Enum):
    """Where a run is."""

    WAITING = "waiting"
    PREPARING = "preparing"
    STARTING = "starting"
    RUNNING = "running"
    STOPPING = "stopping"
    CLOSED = "closed"


@dataclass(frozen=True, slots=True)
class Limits:
    """Seconds: how long each state may last."""

    wait: float = 60.0
    prepare: float = 60.0
    # From the order to start until the common instant; the acknowledgements are due 200 ms before it.
    start_lead: float = 0.4
    start_margin: float = 0.2
    # After the planned end with its grace.
    overdue: float = 15.0
    graceful_stop: float = 5.0
    abort: float = 2.0
    # For last reports to arrive, on top of either stop.
    last_reports: float = 3.0


@dataclass(slots=True)
class RunMachine:
    """One run's state. `planned_span` is the longest the load can last by plan, graceful stops included, in seconds."""

    planned_span: float
    limits: Limits = field(default_factory=Limits)
    created_at: float = 0.0
    state: State = State.WAITING
    cause: Cause = Cause.COMPLETE
    start_at: float = 0.0
    agents: frozenset[str] = frozenset()
    _pending: set[str] = field(default_factory=set[str])
    _deadline: float = 0.0
    _aborting: bool = False

    def __post_init__(self) -> None:
        self._deadline = self.created_at + self.limits.wait

    def handle(self, event: Event, now: float) -> list[Instruction]:
        """Take `event` at `now`; what comes back is to be carried out in order."""
        match self.state:
            case State.WAITING:
                return self._waiting(event, now)
            case State.PREPARING:
                return self._preparing(event, now)
            case State.STARTING:
                return self._starting(event, now)
            case State.RUNNING:
                return self._running(event, now)
            case State.STOPPING:
                return self._stopping(event, now)
            case State.CLOSED:
                return []

    def _waiting(self, event: Event, now: float) -> list[Instruction]:
        match event:
            case AgentsChosen(agents):
                self.agents = frozenset(agents)
                self._enter(State.PREPARING, now + self.limits.prepare)
                return [Prepare(agents)]
            case StopRequested(_, cause):
                return self._close(cause)
            case Tick() if now >= self._deadline:
                return self._close(
                    Cause.NO_AGENTS,
                    f"not enough free agents within {self.limits.wait:g} s",
                    "attach more agents or ask for fewer with --agents",
                )
            case _:
                return []

    def _preparing(self, event: Event, now: float) -> list[Instruction]:
        match event:
            case AgentPrepared(agent):
                self._pending.discard(agent)
                if self._pending:
                    return []
                self.start_at = now + self.limits.start_lead
                self._enter(State.STARTING, self.start_at - self.limits.start_margin)
                return [Start(self.start_at)]
            case AgentRefused(agent, message, hint):
                return self._close(Cause.REFUSED, f"{agent} refused its share: {message}", hint)
            case AgentLost(agent):
                return self._close(Cause.NO_AGENTS, f"{agent} was lost while it prepared")
            case StopRequested(_, cause):
                return self._close(cause)
            case Tick() if now >= self._deadline:
                late = ", ".join(sorted(self._pending))
                return self._close(
                    Cause.NO_AGENTS, f"not ready within {self.limits.prepare:g} s: {late}"
                )
            case _:
                return []

    def _starting(self, event: Event, now: float) -> list[Instruction]:
        match event:
            case StartAcknowledged(agent):
                self._pending.discard(agent)
                if not self._pending:
                    end = self.start_at + self.planned_span
                    self._enter(State.RUNNING, end + self.limits.overdue)
                return []
            case AgentLost(agent) | AgentRefused(agent):
                return self._close(Cause.START_FAILED, f"{agent} was lost before the start")
            case StopRequested(_, cause):
                return self._close(cause)
            case Tick() if now >= self._deadline:
                late = ", ".join(sorted(self._pending))
                return self._close(
                    Cause.START_FAILED,
                    f"no common start: unacknowledged 200 ms before it by {late}",
                    "the machine or the network of these agents is too slow for their load",
                )
            case _:
                return []

    def _running(self, event: Event, now: float) -> list[Instruction]:
        match event:
            case AgentEnded(agent) | AgentLost(agent):
                return self._one_less(agent)
            case StopRequested(mode, cause):
                return self._stop(mode, cause, now)
            case Tick() if now >= self._deadline:
                return self._stop(StopMode.ABORT, Cause.OVERDUE, now)
            case _:
                return []

    def _stopping(self, event: Event, now: float) -> list[Instruction]:
        match event:
            case AgentEnded(agent) | AgentLost(agent):
                return self._one_less(agent)
            case StopRequested(StopMode.ABORT) if not self._aborting:
                return self._stop(StopMode.ABORT, self.cause, now)
            case Tick() if now >= self._deadline:
                return self._close(self.cause)
            case _:
                return []

    def _stop(self, mode: StopMode, cause: Cause, now: float) -> list[Instruction]:
        limits = self.limits
        self.cause = cause
        self._aborting = mode is StopMode.ABORT
        span = limits.abort if self._aborting else limits.graceful_stop
        self._deadline = now + span + limits.last_reports
        self.state = State.STOPPING
        return [Stop(mode)]

    def _one_less(self, agent: str) -> list[Instruction]:
        self._pending.discard(agent)
        return [] if self._pending else self._close(self.cause)

    def _enter(self, state: State, deadline: float) -> None:
        self.state = state
        self._pending = set(self.agents)
        self._deadline = deadline

    def _close(self, cause: Cause, message: str = "", hint: str = "") -> list[Instruction]:
        self.state = State.CLOSED
        self.cause = cause
        return [Close(cause, message, hint)]
