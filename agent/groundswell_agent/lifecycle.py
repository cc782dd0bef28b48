"""The life of an agent as a pure state machine: an event in, instructions out; no clock, no sockets, no engine.

    state      event                     instructions                        next
    ---------  ------------------------  ----------------------------------  ---------
    IDLE       PrepareReceived           Build                               PREPARING
               DrainRequested            Depart                              IDLE
    PREPARING  Built                     SayPrepared                         READY
               BuildFailed               SayRefused, Discard                 IDLE
               Released                  Discard                             IDLE
               DrainRequested            Discard, Depart                     IDLE
    READY      StartReceived             Arm, SayStartAcknowledged           RUNNING
               StopReceived, Released    Discard                             IDLE
               DrainRequested            Discard, Depart                     IDLE
    RUNNING    StopReceived              Halt(mode)                          RUNNING
               ReshareReceived           TakeOver                            RUNNING
               DrainRequested            HandOver                            LEAVING
               LeaseEnded                Halt(abort), HandOver(at once)      LEAVING
               LoadEnded                                                     REPORTING
               Released                  Halt(abort), Discard                IDLE
    LEAVING    StopReceived              Halt(mode)                          LEAVING
               ReshareReceived           TakeOver                            LEAVING
               LeaseEnded                Halt(abort)                         LEAVING
               LoadEnded                                                     REPORTING
               Released                  Halt(abort), Discard                IDLE
    REPORTING  Released                  Discard                             IDLE
    any        PrepareReceived, but not IDLE: SayRefused("busy"), state unchanged
    any        a message of another run: ignored

A run's share stays in memory until the coordinator releases it, because unacknowledged reports live with it. An agent
that drains departs once it owes no report; in IDLE it does so at once.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import Enum
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Sequence

    from groundswell.schedule.division import Handover
    from groundswell.v1 import agent_pb2
    from groundswell_agent.preflight.check import Check


class State(Enum):
    """What the agent is doing for its run."""

    IDLE = "idle"
    PREPARING = "preparing"
    READY = "ready"
    RUNNING = "running"
    LEAVING = "leaving"
    REPORTING = "reporting"


class HaltMode(Enum):
    """GRACEFUL: no new iteration, running ones get five seconds. ABORT: cancel now."""

    GRACEFUL = "graceful"
    ABORT = "abort"


# --- events ----------------------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class PrepareReceived:
    prepare: agent_pb2.Prepare


@dataclass(frozen=True, slots=True)
class Built:
    """`findings` are what people should know before the load."""

    run_id: str
    findings: tuple[Check, ...] = ()


@dataclass(frozen=True, slots=True)
class BuildFailed:
    run_id: str
    message: str
    hint: str = ""


@dataclass(frozen=True, slots=True)
class StartReceived:
    run_id: str
    start_at_ns: int


@dataclass(frozen=True, slots=True)
class StopReceived:
    run_id: str
    mode: HaltMode


@dataclass(frozen=True, slots=True)
class ReshareReceived:
    run_id: str
    handovers: Sequence[Handover]


@dataclass(frozen=True, slots=True)
class Released:
    run_id: str


@dataclass(frozen=True, slots=True)
class LoadEnded:
    run_id: str


@dataclass(frozen=True, slots=True)
class LeaseEnded:
    """The coordinator has not answered for a whole lease."""


@dataclass(frozen=True, slots=True)
class DrainRequested:
    """The agent is to leave in order: its share goes to the others. `reason` is for people."""

    reason: str = ""


Event = (
    PrepareReceived
    | Built
    | BuildFailed
    | StartReceived
    | StopReceived
    | ReshareReceived
    | Released
    | LoadEnded
    | LeaseEnded
    | DrainRequested
)

_OfRun = Built | BuildFailed | StartReceived | StopReceived | ReshareReceived | Released | LoadEnded


# --- instructions ----------------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Build:
    prepare: agent_pb2.Prepare


@dataclass(frozen=True, slots=True)
class SayPrepared:
    run_id: str
    findings: tuple[Check, ...] = ()


@dataclass(frozen=True, slots=True)
class SayRefused:
    run_id: str
    code: str
    message: str
    hint: str = ""


@dataclass(frozen=True, slots=True)
class Arm:
    start_at_ns: int


@dataclass(frozen=True, slots=True)
class SayStartAcknowledged:
    run_id: str
    start_at_ns: int


@dataclass(frozen=True, slots=True)
class Halt:
    mode: HaltMode


@dataclass(frozen=True, slots=True)
class TakeOver:
    """Others' shares, or parts of them, are this agent's from now on."""

    handovers: Sequence[Handover]


@dataclass(frozen=True, slots=True)
class HandOver:
    """Name a boundary, start nothing from there on, and tell the coordinator."""

    reason: str
    # No notice: whatever was planned from now on has not been started.
    at_once: bool = False


@dataclass(frozen=True, slots=True)
class Discard:
    """Forget the share, its engine and its reports."""


@dataclass(frozen=True, slots=True)
class Depart:
    """Nothing is owed to anybody: end the stream."""


Instruction = (
    Build
    | SayPrepared
    | SayRefused
    | Arm
    | SayStartAcknowledged
    | Halt
    | TakeOver
    | HandOver
    | Discard
    | Depart
)


class Lifecycle:
    """One agent's state. It serves one run at a time."""

    def __init__(self) -> None:
        self.state = State.IDLE
        self.run_id: str | None = None

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
        match self.state:
            case State.RUNNING:
                self.state = State.LEAVING
                return [Halt(HaltMode.ABORT), HandOver("its lease ended", at_once=True)]
            case State.LEAVING:
                return [Halt(HaltMode.ABORT)]
            case _:
                return []

    def _of_run(self, event: _OfRun) -> list[Instruction]:
        match self.state:
            case State.PREPARING:
                return self._preparing(event)
            case State.READY:
                return self._ready(event)
            case State.RUNNING | State.LEAVING:
                return self._loading(event)
            case State.REPORTING:
                return self._forget() if isinstance(event, Released) else []
            case State.IDLE:
                return []

    def _prepare(self, prepare: agent_pb2.Prepare) -> list[Instruction]:
        if self.state is not State.IDLE:
            return [SayRefused(prepare.run_id, "busy", f"already serves run {self.run_id}")]
        self.state = State.PREPARING
        self.run_id = prepare.run_id
        return [Build(prepare)]

    def _drain(self, reason: str) -> list[Instruction]:
        match self.state:
            case State.IDLE:
                return [Depart()]
            case State.PREPARING | State.READY:
                return [*self._forget(), Depart()]
            case State.RUNNING:
                self.state = State.LEAVING
                return [HandOver(reason)]
            case State.LEAVING | State.REPORTING:
                return []

    def _preparing(self, event: _OfRun) -> list[Instruction]:
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

    def _ready(self, event: _OfRun) -> list[Instruction]:
        match event:
            case StartReceived(run_id, start_at_ns):
                self.state = State.RUNNING
                return [Arm(start_at_ns), SayStartAcknowledged(run_id, start_at_ns)]
            case StopReceived() | Released():
                return self._forget()
            case _:
                return []

    def _loading(self, event: _OfRun) -> list[Instruction]:
        match event:
            case StopReceived(_, mode):
                return [Halt(mode)]
            case ReshareReceived(_, handovers):
                return [TakeOver(handovers)]
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
        return [Discard()]
