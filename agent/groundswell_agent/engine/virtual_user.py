"""A virtual user: what iterates. It keeps its connections between its iterations."""

from __future__ import annotations

import asyncio
from time import monotonic
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from groundswell_agent.engine.scenario_load import ScenarioLoad
    from groundswell_agent.http.client import Client


class VirtualUser:
    """One of a scenario's VUs. From `due` on counts the response time of its next request."""

    __slots__ = ("client", "due", "load", "number")

    def __init__(self, number: int, load: ScenarioLoad) -> None:
        self.number = number
        self.load = load
        self.client: Client = load.new_client()
        self.due = 0.0

    async def iteration(self) -> None:
        """Iterate now: nothing planned an earlier moment."""
        started = monotonic()
        await self._run(started, started)

    async def planned_iteration(self, planned: float) -> None:
        """Iterate for an arrival that was due at `planned`; how late it starts is its send lag."""
        started = monotonic()
        self.load.record_send_lag(planned, started)
        await self._run(planned, started)

    async def _run(self, due: float, started: float) -> None:
        load = self.load
        load.account.fired += 1
        self.due = due
        try:
            for step in load.steps:
                await step(self)
        except asyncio.CancelledError:
            load.interrupted(monotonic())
            raise
        load.record_iteration(started, monotonic())
