"""What can happen to a run, and what its state machine answers: plain values."""

from __future__ import annotations

from dataclasses import dataclass
from enum import Enum
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Mapping

    from groundswell_coordinator.judge.ending import Cause


class LossPolicy(Enum):
    """What becomes of the share of an agent that is lost under load: `--on-agent-loss`."""

    RESHARE = "reshare"
    CONTINUE = "continue"
    ABORT = "abort"


class Phase(Enum):
    """What one agent does once, beside the load: its value is the word for it in the store."""

    SETUP = "setup"
    TEARDOWN = "teardown"


class StopMode(Enum):
    """GRACEFUL lets running iterations end for at most five seconds; ABORT cancels them now."""

    GRACEFUL = "graceful"
    ABORT = "abort"


# --- events ----------------------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class AgentsChosen:
    agents: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class GuardExceeded:
    """An agent that was chosen does not carry its share: the run does not even ask it."""

    message: str
    hint: str


@dataclass(frozen=True, slots=True)
class AgentPrepared:
    agent: str


@dataclass(frozen=True, slots=True)
class AgentRefused:
    agent: str
    message: str
    hint: str


@dataclass(frozen=True, slots=True)
class PhaseEnded:
    """The agent has done setup or teardown. `failure` is empty where it went well; `message` says why not."""

    agent: str
    phase: Phase
    failure: str = ""
    message: str = ""
    hint: str = ""


@dataclass(frozen=True, slots=True)
class StartAcknowledged:
    agent: str


@dataclass(frozen=True, slots=True)
class AgentEnded:
    """The agent's last interval is in."""

    agent: str


@dataclass(frozen=True, slots=True)
class AgentLost:
    agent: str


@dataclass(frozen=True, slots=True)
class AgentExpelled:
    """The agent broke the protocol under load: it is lost when its lease has ended, and heard no more."""

    agent: str


@dataclass(frozen=True, slots=True)
class AgentLeaving:
    """The agent hands its share over from `boundary_ns` of the run on, and will end in order."""

    agent: str
    boundary_ns: int
    decided: Mapping[str, int]


@dataclass(frozen=True, slots=True)
class StopRequested:
    mode: StopMode
    cause: Cause


@dataclass(frozen=True, slots=True)
class Tick:
    """Time has passed; carries nothing, as `handle` is given the time with every event."""


Event = (
    AgentsChosen
    | GuardExceeded
    | AgentPrepared
    | AgentRefused
    | PhaseEnded
    | StartAcknowledged
    | AgentEnded
    | AgentLost
    | AgentExpelled
    | AgentLeaving
    | StopRequested
    | Tick
)


# --- instructions ----------------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Prepare:
    agents: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Perform:
    """One agent is to do setup or teardown. Teardown ends whatever load there still is."""

    agent: str
    phase: Phase


@dataclass(frozen=True, slots=True)
class Dismiss:
    """There will be no load: all agents but this one are to forget the run."""

    but: str


@dataclass(frozen=True, slots=True)
class Start:
    start_at: float


@dataclass(frozen=True, slots=True)
class Stop:
    mode: StopMode


@dataclass(frozen=True, slots=True)
class MoveShare:
    """The agent's share goes to the others; without a boundary, as soon as may be."""

    agent: str
    boundary_ns: int | None = None
    decided: Mapping[str, int] | None = None


@dataclass(frozen=True, slots=True)
class Close:
    cause: Cause
    message: str = ""
    hint: str = ""


Instruction = Prepare | Perform | Dismiss | Start | Stop | MoveShare | Close
