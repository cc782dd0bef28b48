"""A coordinator inside the client's own process, with agents of its own: what `run` uses when it is given none.

It speaks to its agents and to its client over gRPC on loopback, exactly as a remote one does.
"""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING, Self

from groundswell_coordinator.coordinator import Coordinator
from groundswell_coordinator.launch.local import LocalAgents
from groundswell_coordinator.store.writer import StoreWriter

if TYPE_CHECKING:
    from types import TracebackType


class Embedded:
    """`async with Embedded(agents=4) as embedded: … embedded.address …`"""

    def __init__(self, agents: int) -> None:
        self._count = agents
        self.agents = LocalAgents()
        self.address = ""
        self._coordinator = Coordinator()

    async def __aenter__(self) -> Self:
        # Agents take longest to come up, so they are started first, while the store opens in its thread.
        store = asyncio.create_task(StoreWriter.open())
        port = await self._coordinator.start("127.0.0.1:0")
        self.address = f"127.0.0.1:{port}"
        await self.agents.start(self._count, self.address)
        try:
            self._store = await store
            self._coordinator.runs.use(self._store)
        except BaseException:
            await self.agents.stop()
            await self._coordinator.stop()
            raise
        return self

    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        await self.agents.stop()
        await self._coordinator.stop()
        await self._store.close()
