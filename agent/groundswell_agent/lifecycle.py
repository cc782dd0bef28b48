"""The life of an agent as a pure state machine: an event in, instructions out; no clock, no sockets, no engine.

    state      event                     instructions                        next
    ---------  ------------------------  ----------------------------------  ---------
    IDLE       PrepareReceived           Build                               PREPARING
    PREPARING  Built                     SayPrepared                         READY
               BuildFailed               SayRefused                          IDLE
               Released                  Discard                             IDLE
    READY      StartReceived             Arm, SayStartAcknowledged           RUNNING
               StopReceived, Released    Discard                             IDLE
    RUNNING    StopReceived              Halt(mode)                          RUNNING
               LeaseEnded                Halt(abort)                         RUNNING
               LoadEnded                                                     REPORTING
               Released                  Halt(abort), Discard                IDLE
    REPORTING  Released                  Discard                             IDLE
    any        PrepareReceived, but not IDLE: SayRefused("busy"), state unchanged
    any        a message of another run: ignored

A run's share stays in memory until the coordinator releases it, because unacknowledged reports live with it.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import Enum
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from groundswell.v1 import agent_pb2


class State(Enum):
    """What the agent is doing for its run."""

    IDLE = "idle"
    PREPARING = "preparing"
    READY = "ready"
    RUNNING = "running"
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
    run_id: str


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
class Released:
    run_id: str


@dataclass(frozen=True, slots=True)
class LoadEnded:
    run_id: str


@dataclass(frozen=True, slots=True)
class LeaseEnded:
    """The coordinator has not answered for a whole lease."""


Event = (
    PrepareReceived
    | Built
    | BuildFailed
    | StartReceived
    | StopReceived
    | Released
    | LoadEnded
    | LeaseEnded
)


# --- instructions ----------------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Build:
    prepare: agent_pb2.Prepare


@dataclass(frozen=True, slots=True)
class SayPrepared:
    run_id: str


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
class Discard:
    """Forget the share, its engine and its reports."""


Instruction = Build | SayPrepared | SayRefused | Arm | SayStartAcknowledged | Halt | Discard


class Lifecycle:
    """One agent's state. It serves one run at a time."""

    def __init__(self) -> None:
        self.state = State.IDLE
        self.run_id: str | None = None

    def handle(self, event: Event) -> list[Instruction]:
        """Take `event`; what comes back is to be carried out in order."""
        if isinstance(event, PrepareReceived):
            return self._prepare(event.prepare)
        if isinstance(event, LeaseEnded):
            return [Halt(HaltMode.ABORT)] if self.state is State.RUNNING else []
        if event.run_id != self.run_id:
            return []
        match self.state:
            case State.PREPARING:
                return self._preparing(event)
            case State.READY:
                return self._ready(event)
            case State.RUNNING:
                return self._running(event)
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

    def _preparing(self, event: Event) -> list[Instruction]:
        match event:
            case Built(run_id):
                self.state = State.READY
                return [SayPrepared(run_id)]
            case BuildFailed(run_id, message, hint):
                return [*self._forget(), SayRefused(run_id, "invalid", message, hint)]
            case Released():
                return self._forget()
            case _:
                return []

    def _ready(self, event: Event) -> list[Instruction]:
        match event:
            case StartReceived(run_id, start_at_ns):
                self.state = State.RUNNING
                return [Arm(start_at_ns), SayStartAcknowledged(run_id, start_at_ns)]
            case StopReceived() | Released():
                return self._forget()
            case _:
                return []

    def _running(self, event: Event) -> list[Instruction]:
        match event:
            case StopReceived(_, mode):
                return [Halt(mode)]
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
