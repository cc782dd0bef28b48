"""What can happen to an agent, and what its life cycle answers: plain values."""

from __future__ import annotations

from dataclasses import dataclass
from enum import Enum
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Sequence

    from groundswell.schedule.division import Handover
    from groundswell.v1 import agent_pb2
    from groundswell_agent.engine.phases import Kind, Performed
    from groundswell_agent.preflight.check import Check


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
class PerformReceived:
    """This agent is the one that does it."""

    run_id: str
    kind: Kind


@dataclass(frozen=True, slots=True)
class ResultReceived:
    """What setup gave, as JSON."""

    run_id: str
    result: bytes


@dataclass(frozen=True, slots=True)
class PhaseEnded:
    run_id: str
    performed: Performed


@dataclass(frozen=True, slots=True)
class StopReceived:
    run_id: str
    mode: HaltMode


@dataclass(frozen=True, slots=True)
class ReshareReceived:
    run_id: str
    handovers: Sequence[Handover]


@dataclass(frozen=True, slots=True)
class LevelsReceived:
    run_id: str
    levels: Sequence[agent_pb2.Level]


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


EventOfRun = (
    Built
    | BuildFailed
    | PerformReceived
    | ResultReceived
    | PhaseEnded
    | StartReceived
    | StopReceived
    | ReshareReceived
    | LevelsReceived
    | Released
    | LoadEnded
)

Event = EventOfRun | PrepareReceived | LeaseEnded | DrainRequested


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
class Perform:
    """Do setup or teardown, once."""

    kind: Kind


@dataclass(frozen=True, slots=True)
class BreakOff:
    """Send nothing more of it."""


@dataclass(frozen=True, slots=True)
class SayPerformed:
    run_id: str
    performed: Performed


@dataclass(frozen=True, slots=True)
class TakeResult:
    """What setup gave, for this agent's VUs."""

    result: bytes


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
class Rise:
    """A search goes on with these levels."""

    levels: Sequence[agent_pb2.Level]


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
    | Perform
    | BreakOff
    | SayPerformed
    | TakeResult
    | Arm
    | SayStartAcknowledged
    | Halt
    | TakeOver
    | Rise
    | HandOver
    | Discard
    | Depart
)
