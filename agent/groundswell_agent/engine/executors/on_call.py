"""A VU of an open scenario and the task that it waits in for its next arrival.

To make a task for each arrival, and to see it off, takes more than a microsecond of the eight that a request has.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import asyncio

    from groundswell_agent.engine.virtual_user import VirtualUser


class OnCall:
    """`called` is what it waits on, None while it is at work or has no task; `task` ends with a cancellation,
    and the next arrival brings another. `planned` is the moment of the arrival that it was given.
    """

    __slots__ = ("called", "planned", "task", "vu")

    def __init__(self, vu: VirtualUser) -> None:
        self.vu = vu
        self.planned = 0.0
        self.called: asyncio.Future[None] | None = None
        self.task: asyncio.Task[None] | None = None

    def call(self) -> None:
        """Wake it for `planned`."""
        called = self.called
        assert called is not None
        self.called = None
        called.set_result(None)
