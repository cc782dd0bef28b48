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
               AgentLeaving                 MoveShare at its boundary                 RUNNING
               AgentExpelled                none, but it inherits nothing             RUNNING
               AgentLost, not the last      MoveShare, by the policy; abort: Stop     RUNNING, STOPPING
               StopRequested                Stop(mode)                                STOPPING
               Tick past the hard end       Stop(abort)                               STOPPING
    STOPPING   StopRequested(abort)         Stop(abort), once                         STOPPING
               Tick past the stop's limit   Close(cause)                              CLOSED
    both       the last has ended           Close(cause)                              CLOSED
    CLOSED     anything                                                               CLOSED

The last has ended when every agent has delivered its last report, or has been lost for two leases:
so long, what it measured until it was cut off may still come, unless it was expelled. An agent that
is leaving has handed its share over, and is lost like any other if it never delivers the last
report.

Times are seconds on the coordinator's monotonic clock.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from enum import Enum
from typing import TYPE_CHECKING

from groundswell_coordinator.judge.ending import Cause
from groundswell_coordinator.run.events import (
    AgentEnded,
    AgentExpelled,
    AgentLeaving,
    AgentLost,
    AgentPrepared,
    AgentRefused,
    AgentsChosen,
    Close,
    Event,
    Instruction,
    LossPolicy,
    MoveShare,
    Prepare,
    Start,
    StartAcknowledged,
    Stop,
    StopMode,
    StopRequested,
    Tick,
)

if TYPE_CHECKING:
    from collections.abc import Iterable


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
    # But at least so much for each agent: the orders of a thousand and their answers take a second.
    start_lead_each: float = 0.0025
    start_margin: float = 0.2
    # After the planned end with its grace.
    overdue: float = 15.0
    graceful_stop: float = 5.0
    abort: float = 2.0
    # For last reports to arrive, on top of either stop.
    last_reports: float = 3.0
    # For the reports of an agent that was lost: two leases.
    late_reports: float = 10.0


@dataclass(slots=True)
class RunMachine:
    """One run's state. `planned_span` is the longest the load can last by plan, graceful stops included, in seconds."""

    planned_span: float
    limits: Limits = field(default_factory=Limits)
    on_loss: LossPolicy = LossPolicy.RESHARE
    created_at: float = 0.0
    state: State = State.WAITING
    cause: Cause = Cause.COMPLETE
    start_at: float = 0.0
    agents: frozenset[str] = frozenset()
    _pending: set[str] = field(default_factory=set[str])
    # Of agents that are lost: until when their reports are waited for.
    _missing: dict[str, float] = field(default_factory=dict[str, float])
    # Whose share has moved already.
    _moved: set[str] = field(default_factory=set[str])
    # Who is believed no more.
    _expelled: set[str] = field(default_factory=set[str])
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
                self.start_at = now + self._lead
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
                    self._run()
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

    def resume(self, start_at: float, agents: Iterable[str], moved: Iterable[str]) -> None:
        """Take a run up that was under way; who has moved its share may still end in order."""
        self.agents = frozenset(agents)
        self.start_at = start_at
        self._moved = set(moved)
        self._run()

    def can_be_acknowledged(self, now: float) -> bool:
        """Whether T is far enough for everybody to hear of it and to answer."""
        return self._deadline - now > (self._lead - self.limits.start_margin) / 2

    def put_off(self, now: float, took: float) -> float:
        """Choose a later T: to store the one before took so long that it came too near."""
        self.start_at = now + self._lead + 2 * took
        self._deadline = self.start_at - self.limits.start_margin
        return self.start_at

    @property
    def _lead(self) -> float:
        return max(self.limits.start_lead, self.limits.start_lead_each * len(self.agents))

    @property
    def heirs(self) -> frozenset[str]:
        """Who can take over a share: all that have neither ended, nor moved their own, nor gone."""
        return frozenset(self._pending - self._moved - self._expelled)

    def _run(self) -> None:
        end = self.start_at + self.planned_span
        self._enter(State.RUNNING, end + self.limits.overdue)

    def _running(self, event: Event, now: float) -> list[Instruction]:
        match event:
            case AgentEnded(agent):
                return self._ended(agent, now)
            case AgentLost(agent) if agent in self._pending:
                return [*self._lost(agent, now), *self._end_if_done(now)]
            case AgentExpelled(agent):
                self._expelled.add(agent)
                return []
            case AgentLeaving(agent, boundary_ns, decided) if agent in self.heirs:
                self._moved.add(agent)
                return [MoveShare(agent, boundary_ns, decided)] if self.heirs else []
            case StopRequested(mode, cause):
                return self._stop(mode, cause, now)
            case Tick() if now >= self._deadline:
                return self._stop(StopMode.ABORT, Cause.OVERDUE, now)
            case Tick():
                return self._end_if_done(now)
            case _:
                return []

    def _lost(self, agent: str, now: float) -> list[Instruction]:
        self._miss(agent, now)
        if agent in self._moved or not self.heirs:
            return []
        if self.on_loss is LossPolicy.ABORT:
            return self._stop(StopMode.ABORT, Cause.AGENT_LOST, now)
        if self.on_loss is LossPolicy.CONTINUE:
            return []
        self._moved.add(agent)
        return [MoveShare(agent)]

    def _stopping(self, event: Event, now: float) -> list[Instruction]:
        match event:
            case AgentEnded(agent):
                return self._ended(agent, now)
            case AgentExpelled(agent):
                self._expelled.add(agent)
                return []
            case AgentLost(agent) if agent in self._pending:
                self._miss(agent, now)
                return self._end_if_done(now)
            case StopRequested(StopMode.ABORT) if not self._aborting:
                return self._stop(StopMode.ABORT, self.cause, now)
            case Tick() if now >= self._deadline:
                return self._close(self.cause)
            case Tick():
                return self._end_if_done(now)
            case _:
                return []

    def _miss(self, agent: str, now: float) -> None:
        self._pending.discard(agent)
        if agent not in self._expelled:
            self._missing[agent] = now + self.limits.late_reports

    def _ended(self, agent: str, now: float) -> list[Instruction]:
        self._pending.discard(agent)
        self._missing.pop(agent, None)
        return self._end_if_done(now)

    def _end_if_done(self, now: float) -> list[Instruction]:
        waits = self._pending or any(until > now for until in self._missing.values())
        return [] if waits else self._close(self.cause)

    def _stop(self, mode: StopMode, cause: Cause, now: float) -> list[Instruction]:
        limits = self.limits
        self.cause = cause
        self._aborting = mode is StopMode.ABORT
        span = limits.abort if self._aborting else limits.graceful_stop
        self._deadline = now + span + limits.last_reports
        self.state = State.STOPPING
        return [Stop(mode)]

    def _enter(self, state: State, deadline: float) -> None:
        self.state = state
        self._pending = set(self.agents)
        self._deadline = deadline

    def _close(self, cause: Cause, message: str = "", hint: str = "") -> list[Instruction]:
        self.state = State.CLOSED
        self.cause = cause
        return [Close(cause, message, hint)]
