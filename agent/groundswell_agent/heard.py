"""What a message of the coordinator is to the life cycle."""

from __future__ import annotations

from typing import TYPE_CHECKING

from groundswell.schedule.division import Handover
from groundswell.v1 import agent_pb2
from groundswell_agent.engine.phases import Kind
from groundswell_agent.events import (
    HaltMode,
    LevelsReceived,
    PerformReceived,
    PrepareReceived,
    Released,
    ReshareReceived,
    ResultReceived,
    StartReceived,
    StopReceived,
)

if TYPE_CHECKING:
    from groundswell_agent.events import Event


def event_of(message: agent_pb2.CoordinatorMessage) -> Event | None:
    """Its event; None for one that it has no interest in."""
    match message.WhichOneof("body"):
        case "prepare":
            return PrepareReceived(message.prepare)
        case "perform":
            kind = (
                Kind.TEARDOWN if message.perform.phase == agent_pb2.PHASE_TEARDOWN else Kind.SETUP
            )
            return PerformReceived(message.perform.run_id, kind)
        case "setup_result":
            return ResultReceived(message.setup_result.run_id, message.setup_result.result)
        case "start":
            return StartReceived(message.start.run_id, message.start.start_at_ns)
        case "stop":
            abort = message.stop.mode == agent_pb2.STOP_MODE_ABORT
            return StopReceived(message.stop.run_id, HaltMode.ABORT if abort else HaltMode.GRACEFUL)
        case "reshare":
            handovers = tuple(Handover.of(one) for one in message.reshare.handovers)
            return ReshareReceived(message.reshare.run_id, handovers)
        case "levels":
            return LevelsReceived(message.levels.run_id, message.levels.levels)
        case "release":
            return Released(message.release.run_id)
        case _:
            return None
