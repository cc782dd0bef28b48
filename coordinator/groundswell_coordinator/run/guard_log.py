"""What the store keeps of how much the agents of a run carry, as events: the next owner decides by the same.

guards      how much each agent carries that sets a limit, before anything is prepared
unclaimed   whose share nobody took over, since it was more than any other agent carries
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from google.protobuf import json_format

from groundswell.schedule.share_loads import guard_from_wire, guard_to_wire
from groundswell.v1 import agent_pb2

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from groundswell.load_guard import LoadGuard
    from groundswell_coordinator.store.records import StoredEvent

GUARDS, UNCLAIMED = "guards", "unclaimed"


def guards_detail(guards: Mapping[str, LoadGuard]) -> Mapping[str, float | str]:
    """By agent."""
    return {
        name: json_format.MessageToJson(guard_to_wire(guard), indent=None)
        for name, guard in guards.items()
    }


def stored_guards(events: Iterable[StoredEvent]) -> dict[str, LoadGuard]:
    return {
        name: guard_from_wire(json_format.Parse(str(text), agent_pb2.LoadGuard()))
        for event in events
        if event.code == GUARDS and event.detail is not None
        for name, text in event.detail.items()
    }


def stored_unclaimed(events: Iterable[StoredEvent]) -> tuple[str, ...]:
    return tuple(one.agent for one in events if one.code == UNCLAIMED and one.agent is not None)
