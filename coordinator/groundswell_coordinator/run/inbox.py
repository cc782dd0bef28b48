"""All that happens to a run, in one queue: what its agents say, what clients want, what time brings."""

from __future__ import annotations

import asyncio
import time
from collections import Counter
from typing import TYPE_CHECKING

from groundswell.errors import ProtocolViolation

if TYPE_CHECKING:
    from groundswell.v1 import agent_pb2
    from groundswell_coordinator.attachment import Attachment
    from groundswell_coordinator.run.events import Event

# What one agent may have sent that has not been taken yet: minutes of reports while the store is
# slow, but no flood.
_MOST_WAITING_BYTES = 64 * 1024 * 1024
# Longer than a loop takes that has not much to do.
_BEHIND_S = 0.02


class Said:
    """A message of an agent."""

    __slots__ = ("agent", "came_at", "cost", "message")

    def __init__(self, agent: Attachment, message: agent_pb2.AgentMessage) -> None:
        self.agent = agent
        self.message = message
        self.came_at = time.monotonic()
        # About what it takes in memory while it waits.
        self.cost = message.ByteSize() + 1024


class Inbox:
    """Taken from in the order of coming."""

    def __init__(self) -> None:
        self._queue: asyncio.Queue[Said | Event] = asyncio.Queue()
        self._waiting_bytes: Counter[str] = Counter()
        # Whether what was taken last had waited: more may have come then than has been read.
        self.is_behind = False

    def put(self, event: Event) -> None:
        self._queue.put_nowait(event)

    def say(self, agent: Attachment, message: agent_pb2.AgentMessage) -> None:
        """Raises ProtocolViolation where an agent's messages are a flood."""
        if self._waiting_bytes[agent.incarnation] > _MOST_WAITING_BYTES:
            raise ProtocolViolation("it sends more than its run can take")
        said = Said(agent, message)
        self._waiting_bytes[agent.incarnation] += said.cost
        self._queue.put_nowait(said)

    @property
    def is_empty(self) -> bool:
        return self._queue.empty()

    async def take(self, within_s: float) -> Said | Event | None:
        """The next; None when nothing came within so long."""
        if self._queue.empty():
            due = time.monotonic() + within_s
            try:
                item = await asyncio.wait_for(self._queue.get(), within_s)
            except TimeoutError:
                self.is_behind = time.monotonic() > due + _BEHIND_S
                return None
        else:
            item = self._queue.get_nowait()
        if isinstance(item, Said):
            self.is_behind = time.monotonic() > item.came_at + _BEHIND_S
            self._waiting_bytes[item.agent.incarnation] -= item.cost
        return item
