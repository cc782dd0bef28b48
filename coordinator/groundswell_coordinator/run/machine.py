"""The life of a run as a pure state machine: an event in, instructions out; no clock, no sockets, no store.

    state      event                        instructions                              next
    ---------  ---------------------------  ----------------------------------------  ---------
    WAITING    AgentsChosen                 Prepare(agents)                           PREPARING
               Tick past the wait           Close(no_agents)                          CLOSED
               StopRequested                Close(cause)                              CLOSED
    PREPARING  AgentPrepared, not the last                                            PREPARING
               AgentPrepared, the last      Start(T); with a setup: Perform(setup)    STARTING, SETTING_UP
               AgentRefused, GuardExceeded  Close(refused)                            CLOSED
               AgentLost                    Close(no_agents)                          CLOSED
               Tick past the limit          Close(no_agents)                          CLOSED
               StopRequested                Close(cause)                              CLOSED
    SETTING_UP PhaseEnded, well             Start(T)                                  STARTING
               PhaseEnded, not              Close(setup_failed)                       CLOSED
               AgentLost, AgentRefused      Close(no_agents)                          CLOSED
               Tick past its limit          Close(setup_failed)                       CLOSED
               StopRequested                Close(cause)                              CLOSED
    STARTING   StartAcknowledged, the last                                            RUNNING
               AgentLost, AgentRefused      the end with start_failed
               Tick at T - 200 ms           the end with start_failed
               StopRequested                the end with its cause
    RUNNING    AgentEnded, not the last                                               RUNNING
               AgentLeaving                 MoveShare at its boundary                 RUNNING
               AgentExpelled                none, but it inherits nothing             RUNNING
               AgentLost, not the last      MoveShare, by the policy; abort: Stop     RUNNING, STOPPING
               StopRequested                Stop(mode)                                STOPPING
               Tick past the hard end       Stop(abort)                               STOPPING
    STOPPING   StopRequested(abort)         Stop(abort), once                         STOPPING
               Tick past the stop's limit   the end with its cause
    both       the last has ended           the end with its cause
    the end    with a teardown that is due  Perform(teardown); before T, Dismiss      TEARING_DOWN
               else                         Close(cause)                              CLOSED
    TEARING_DOWN
               PhaseEnded                   Close(cause)                              CLOSED
               AgentLost, who does it       Close(cause)                              CLOSED
               Tick past its limit          Close(cause)                              CLOSED
               StopRequested(abort)         Close(cause)                              CLOSED
    CLOSED     anything                                                               CLOSED

The last has ended when every agent has delivered its last report, or has been lost for two leases:
so long, what it measured until it was cut off may still come, unless it was expelled. An agent that
is leaving has handed its share over, and is lost like any other if it never delivers the last
report.

Setup is ordered once. If its agent is lost, nobody knows what of it was done, so nobody does it again.
Teardown is due once setup went well, or, without one, once the load has begun. It is ordered once, of
an agent that is still there: of the one that did setup if that is; and by the next coordinator of the
same agent as before, which then only says again what it did. If none is left, it is not done.

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
    Dismiss,
    Event,
    GuardExceeded,
    Instruction,
    LossPolicy,
    MoveShare,
    Perform,
    Phase,
    PhaseEnded,
    Prepare,
    Start,
    StartAcknowledged,
    Stop,
    StopMode,
    StopRequested,
    Tick,
)

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping


class State(Enum):
    """Where a run is."""

    WAITING = "waiting"
    PREPARING = "preparing"
    SETTING_UP = "setting up"
    STARTING = "starting"
    RUNNING = "running"
    STOPPING = "stopping"
    TEARING_DOWN = "tearing down"
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
    # None where the test has none. On top of what the agent gives itself: for the order and the answer.
    setup: float | None = None
    teardown: float | None = None
    phase_margin: float = 5.0


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
    agents: tuple[str, ...] = ()
    # Whether there was a load.
    has_begun: bool = False
    # Who does, or did, which phase.
    performers: dict[Phase, str] = field(default_factory=dict[Phase, str])
    _is_set_up: bool = False
    # What teardown puts off.
    _closing: Close | None = None
    _gone: set[str] = field(default_factory=set[str])
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
            case State.SETTING_UP:
                return self._setting_up(event, now)
            case State.STARTING:
                return self._starting(event, now)
            case State.RUNNING:
                return self._running(event, now)
            case State.STOPPING:
                return self._stopping(event, now)
            case State.TEARING_DOWN:
                return self._tearing_down(event, now)
            case State.CLOSED:
                return []

    def _waiting(self, event: Event, now: float) -> list[Instruction]:
        match event:
            case AgentsChosen(agents):
                self.agents = agents
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
                return [] if self._pending else self._set_up_or_start(now)
            case AgentRefused(agent, message, hint):
                return self._close(Cause.REFUSED, f"{agent} refused its share: {message}", hint)
            case GuardExceeded(message, hint):
                return self._close(Cause.REFUSED, message, hint)
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

    def _set_up_or_start(self, now: float) -> list[Instruction]:
        if self.limits.setup is None:
            return self._start(now)
        agent = self.performers[Phase.SETUP] = self.agents[0]
        self._enter(State.SETTING_UP, now + self.limits.setup + self.limits.phase_margin)
        return [Perform(agent, Phase.SETUP)]

    def _setting_up(self, event: Event, now: float) -> list[Instruction]:
        match event:
            case PhaseEnded(failure=""):
                self._is_set_up = True
                return self._start(now)
            case PhaseEnded(agent, _, failure, message, hint):
                cause = Cause.SETUP_RAISED if failure == "exception" else Cause.SETUP_FAILED
                return self._close(cause, f"setup failed on {agent}: {message}", hint)
            case AgentLost(agent) | AgentRefused(agent):
                return self._close(Cause.NO_AGENTS, *self._lost_in_setup(agent))
            case StopRequested(_, cause):
                return self._close(
                    cause, "stopped during setup", "what it had done is not taken back: see to it"
                )
            case Tick() if now >= self._deadline:
                return self._close(
                    Cause.SETUP_FAILED,
                    f"{self.performers[Phase.SETUP]} said nothing of setup within its time",
                    "what it had done is not taken back: see to it",
                )
            case _:
                return []

    def _lost_in_setup(self, agent: str) -> tuple[str, str]:
        if agent == self.performers[Phase.SETUP]:
            return (
                f"{agent} was lost while it did setup",
                "what of it was done is not known, so nobody does it again: see to it",
            )
        return f"{agent} was lost during setup", "what setup had done is not taken back: see to it"

    def _start(self, now: float) -> list[Instruction]:
        self.start_at = now + self._lead
        self._enter(State.STARTING, self.start_at - self.limits.start_margin)
        return [Start(self.start_at)]

    def _starting(self, event: Event, now: float) -> list[Instruction]:
        match event:
            case StartAcknowledged(agent):
                self._pending.discard(agent)
                if not self._pending:
                    self._run()
                return []
            case AgentLost(agent) | AgentRefused(agent):
                self._gone.add(agent)
                return self._end(Cause.START_FAILED, now, f"{agent} was lost before the start")
            case StopRequested(_, cause):
                return self._end(cause, now)
            case Tick() if now >= self._deadline:
                late = ", ".join(sorted(self._pending))
                return self._end(
                    Cause.START_FAILED,
                    now,
                    f"no common start: unacknowledged 200 ms before it by {late}",
                    "the machine or the network of these agents is too slow for their load",
                )
            case _:
                return []

    def resume(
        self,
        start_at: float,
        agents: Iterable[str],
        moved: Iterable[str],
        performers: Mapping[Phase, str] | None = None,
    ) -> None:
        """Take a run up that was under way; who has moved its share may still end in order."""
        self.agents = tuple(agents)
        self.start_at = start_at
        self._moved = set(moved)
        self.performers = dict(performers or {})
        self._is_set_up = Phase.SETUP in self.performers
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
        self.has_begun = True
        end = self.start_at + self.planned_span
        self._enter(State.RUNNING, end + self.limits.overdue)

    def _running(self, event: Event, now: float) -> list[Instruction]:
        match event:
            case AgentEnded(agent):
                return self._ended(agent, now)
            case AgentLost(agent) if agent in self._pending:
                return [*self._lost(agent, now), *self._end_if_done(now)]
            case AgentLost(agent):
                self._gone.add(agent)
                return []
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
            case AgentLost(agent):
                self._gone.add(agent)
                return []
            case StopRequested(StopMode.ABORT) if not self._aborting:
                return self._stop(StopMode.ABORT, self.cause, now)
            case Tick() if now >= self._deadline:
                return self._end(self.cause, now)
            case Tick():
                return self._end_if_done(now)
            case _:
                return []

    def _tearing_down(self, event: Event, now: float) -> list[Instruction]:
        assert self._closing is not None
        closing = self._closing
        match event:
            case PhaseEnded(agent, Phase.TEARDOWN):
                is_over = agent == self.performers[Phase.TEARDOWN]
            case AgentLost(agent) | AgentExpelled(agent):
                is_over = agent == self.performers[Phase.TEARDOWN]
            case StopRequested(StopMode.ABORT):
                is_over = True
            case Tick():
                is_over = now >= self._deadline
            case _:
                is_over = False
        return self._close(closing.cause, closing.message, closing.hint) if is_over else []

    def _end(
        self, cause: Cause, now: float, message: str = "", hint: str = ""
    ) -> list[Instruction]:
        """Close, after teardown where that is due and somebody is there to do it."""
        agent = self._who_tears_down()
        if agent is None or self.limits.teardown is None:
            return self._close(cause, message, hint)
        self.cause = cause
        self._closing = Close(cause, message, hint)
        self.performers[Phase.TEARDOWN] = agent
        self._enter(State.TEARING_DOWN, now + self.limits.teardown + self.limits.phase_margin)
        perform = Perform(agent, Phase.TEARDOWN)
        return [perform] if self.has_begun else [Dismiss(agent), perform]

    def _who_tears_down(self) -> str | None:
        """One whose lease has not ended, and that has not left."""
        is_due = self._is_set_up if self.limits.setup is not None else self.has_begun
        if not is_due:
            return None
        away = {*self._gone, *self._missing, *self._expelled, *self._moved}
        there = [agent for agent in self.agents if agent not in away]
        ordered = self.performers.get(Phase.TEARDOWN)
        if ordered is not None:
            # By the coordinator before. Of another, it would be done twice.
            return ordered if ordered in there else None
        first = self.performers.get(Phase.SETUP)
        return first if first in there else next(iter(there), None)

    def _miss(self, agent: str, now: float) -> None:
        self._gone.add(agent)
        self._pending.discard(agent)
        if agent not in self._expelled:
            self._missing[agent] = now + self.limits.late_reports

    def _ended(self, agent: str, now: float) -> list[Instruction]:
        self._pending.discard(agent)
        self._missing.pop(agent, None)
        return self._end_if_done(now)

    def _end_if_done(self, now: float) -> list[Instruction]:
        waits = self._pending or any(until > now for until in self._missing.values())
        return [] if waits else self._end(self.cause, now)

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
