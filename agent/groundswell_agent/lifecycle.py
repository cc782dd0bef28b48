"""The life of an agent as a pure state machine: an event in, instructions out; no clock, no sockets, no engine.

    state      event                     instructions                        next
    ---------  ------------------------  ----------------------------------  ---------
    IDLE       PrepareReceived           Build                               PREPARING
               DrainRequested            Depart                              IDLE
    PREPARING  Built                     SayPrepared                         READY
               BuildFailed               SayRefused, Discard                 IDLE
               Released                  Discard                             IDLE
               DrainRequested            Discard, Depart                     IDLE
    READY      PerformReceived, setup    Perform(setup)                      SETTING_UP
               ResultReceived            TakeResult                          READY
               StartReceived             Arm, SayStartAcknowledged           RUNNING
               StopReceived, Released    Discard                             IDLE
               DrainRequested            Discard, Depart                     IDLE
    SETTING_UP PhaseEnded                SayPerformed                        READY
               LeaseEnded                BreakOff                            SETTING_UP
               StopReceived, Released    Discard                             IDLE
               DrainRequested            Discard, Depart                     IDLE
    RUNNING    StopReceived              Halt(mode)                          RUNNING
               ReshareReceived           TakeOver                            RUNNING
               LevelsReceived            Rise                                RUNNING
               DrainRequested            HandOver                            LEAVING
               LeaseEnded                Halt(abort), HandOver(at once)      LEAVING
               LoadEnded                                                     REPORTING
               Released                  Halt(abort), Discard                IDLE
    LEAVING    StopReceived              Halt(mode)                          LEAVING
               ReshareReceived           TakeOver                            LEAVING
               LevelsReceived            Rise                                LEAVING
               LeaseEnded                Halt(abort)                         LEAVING
               LoadEnded                                                     REPORTING
               Released                  Halt(abort), Discard                IDLE
    REPORTING  Released                  Discard                             IDLE
    READY, RUNNING, REPORTING
               PerformReceived, teardown Halt(abort), Perform(teardown)      TEARING_DOWN
    TEARING_DOWN
               PhaseEnded                SayPerformed                        REPORTING
               LeaseEnded                BreakOff                            TEARING_DOWN
               Released                  Discard                             IDLE
    any        PerformReceived after the lease's end: SayPerformed(lease), state unchanged
    any        PerformReceived of what it has performed: SayPerformed, state unchanged
    any        PrepareReceived, but not IDLE: SayRefused("busy"), state unchanged
    any        a message of another run: ignored

To order the teardown is to say that the load is over, wherever the agent is with it: no more is started.
Whoever performs a phase is discarded in the middle of it where the run is released.

A run's share stays in memory until the coordinator releases it, because unacknowledged reports live with it. An agent
that drains departs once it owes no report; in IDLE it does so at once.
"""

from __future__ import annotations

from enum import Enum
from typing import TYPE_CHECKING

from groundswell_agent.engine.phases import Kind, Performed
from groundswell_agent.events import (
    Arm,
    BreakOff,
    Build,
    BuildFailed,
    Built,
    Depart,
    Discard,
    DrainRequested,
    Halt,
    HaltMode,
    HandOver,
    LeaseEnded,
    LevelsReceived,
    LoadEnded,
    Perform,
    PerformReceived,
    PhaseEnded,
    PrepareReceived,
    Released,
    ReshareReceived,
    ResultReceived,
    Rise,
    SayPerformed,
    SayPrepared,
    SayRefused,
    SayStartAcknowledged,
    StartReceived,
    StopReceived,
    TakeOver,
    TakeResult,
)

if TYPE_CHECKING:
    from groundswell.v1 import agent_pb2
    from groundswell_agent.events import Event, EventOfRun, Instruction


class State(Enum):
    """What the agent is doing for its run."""

    IDLE = "idle"
    PREPARING = "preparing"
    READY = "ready"
    SETTING_UP = "setting up"
    RUNNING = "running"
    LEAVING = "leaving"
    REPORTING = "reporting"
    TEARING_DOWN = "tearing down"


_MAY_TEAR_DOWN = (State.READY, State.RUNNING, State.REPORTING)


class Lifecycle:
    """One agent's state. It serves one run at a time."""

    def __init__(self) -> None:
        self.state = State.IDLE
        self.run_id: str | None = None
        # Begun at least: neither is ever done twice.
        self._performed: dict[Kind, Performed | None] = {}
        self._is_leased = True

    def handle(self, event: Event) -> list[Instruction]:
        """Take `event`; what comes back is to be carried out in order."""
        match event:
            case PrepareReceived(prepare):
                return self._prepare(prepare)
            case LeaseEnded():
                return self._end_lease()
            case DrainRequested(reason):
                return self._drain(reason)
            case _:
                return self._of_run(event) if event.run_id == self.run_id else []

    def _end_lease(self) -> list[Instruction]:
        """Nothing more is started whatever comes; if the coordinator is back in time, it can move what is left."""
        # Before the load nothing is lost with a lease, and the next order begins another.
        self._is_leased = self.state in (State.IDLE, State.PREPARING, State.READY)
        match self.state:
            case State.RUNNING:
                self.state = State.LEAVING
                return [Halt(HaltMode.ABORT), HandOver("its lease ended", at_once=True)]
            case State.LEAVING:
                return [Halt(HaltMode.ABORT)]
            case State.SETTING_UP | State.TEARING_DOWN:
                return [BreakOff()]
            case _:
                return []

    def _of_run(self, event: EventOfRun) -> list[Instruction]:
        if isinstance(event, PerformReceived):
            return self._perform(event.run_id, event.kind)
        match self.state:
            case State.PREPARING:
                return self._preparing(event)
            case State.READY:
                return self._ready(event)
            case State.SETTING_UP:
                return self._setting_up(event)
            case State.RUNNING | State.LEAVING:
                return self._loading(event)
            case State.TEARING_DOWN:
                return self._tearing_down(event)
            case State.REPORTING:
                return self._forget() if isinstance(event, Released) else []
            case State.IDLE:
                return []

    def _prepare(self, prepare: agent_pb2.Prepare) -> list[Instruction]:
        if self.state is not State.IDLE:
            return [SayRefused(prepare.run_id, "busy", f"already serves run {self.run_id}")]
        self.state = State.PREPARING
        self.run_id = prepare.run_id
        self._is_leased = True
        return [Build(prepare)]

    def _drain(self, reason: str) -> list[Instruction]:
        match self.state:
            case State.IDLE:
                return [Depart()]
            case State.PREPARING | State.READY | State.SETTING_UP:
                return [*self._forget(), Depart()]
            case State.RUNNING:
                self.state = State.LEAVING
                return [HandOver(reason)]
            case State.LEAVING | State.REPORTING | State.TEARING_DOWN:
                return []

    def _preparing(self, event: EventOfRun) -> list[Instruction]:
        match event:
            case Built(run_id, findings):
                self.state = State.READY
                return [SayPrepared(run_id, findings)]
            case BuildFailed(run_id, message, hint):
                return [*self._forget(), SayRefused(run_id, "invalid", message, hint)]
            case Released():
                return self._forget()
            case _:
                return []

    def _ready(self, event: EventOfRun) -> list[Instruction]:
        match event:
            case ResultReceived(_, result):
                return [TakeResult(result)]
            case StartReceived(run_id, start_at_ns):
                self.state = State.RUNNING
                return [Arm(start_at_ns), SayStartAcknowledged(run_id, start_at_ns)]
            case StopReceived() | Released():
                return self._forget()
            case _:
                return []

    def _perform(self, run_id: str, kind: Kind) -> list[Instruction]:
        if not self._is_leased:
            ended = "the coordinator was not heard for a whole lease"
            return [SayPerformed(run_id, Performed(kind, "lease", ended))]
        if kind in self._performed:
            before = self._performed[kind]
            return [] if before is None else [SayPerformed(run_id, before)]
        if kind is Kind.SETUP and self.state is State.READY:
            self.state = State.SETTING_UP
            instructions: list[Instruction] = []
        elif kind is Kind.TEARDOWN and self.state in _MAY_TEAR_DOWN:
            self.state = State.TEARING_DOWN
            instructions = [Halt(HaltMode.ABORT)]
        else:
            return []
        self._performed[kind] = None
        return [*instructions, Perform(kind)]

    def _setting_up(self, event: EventOfRun) -> list[Instruction]:
        match event:
            case PhaseEnded(run_id, performed):
                self._performed[performed.kind] = performed
                self.state = State.READY
                return [SayPerformed(run_id, performed)]
            case StopReceived() | Released():
                return self._forget()
            case _:
                return []

    def _tearing_down(self, event: EventOfRun) -> list[Instruction]:
        match event:
            case PhaseEnded(run_id, performed):
                self._performed[performed.kind] = performed
                self.state = State.REPORTING
                return [SayPerformed(run_id, performed)]
            case Released():
                return self._forget()
            case _:
                return []

    def _loading(self, event: EventOfRun) -> list[Instruction]:
        match event:
            case StopReceived(_, mode):
                return [Halt(mode)]
            case ReshareReceived(_, handovers):
                return [TakeOver(handovers)]
            case LevelsReceived(_, levels):
                return [Rise(levels)]
            case LoadEnded():
                self.state = State.REPORTING
                return []
            case Released():
                return [Halt(HaltMode.ABORT), *self._forget()]
            case _:
                return []

    def _forget(self) -> list[Instruction]:
        self.state = State.IDLE
        self.run_id = None
        self._performed = {}
        return [Discard()]
