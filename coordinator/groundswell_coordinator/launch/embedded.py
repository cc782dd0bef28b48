"""A coordinator inside the client's own process: what `run` uses when it is given none.

It speaks to its agents and to its client over gRPC, exactly as a remote one does, on a socket that
is nobody else's.
"""

from __future__ import annotations

import asyncio
import secrets
from contextlib import ExitStack
from typing import TYPE_CHECKING

from groundswell_coordinator.coordinator import Coordinator
from groundswell_coordinator.launch.private_socket import LOOPBACK, private_address
from groundswell_coordinator.run.owner import RunOwner
from groundswell_coordinator.store.writer import StoreWriter

if TYPE_CHECKING:
    from groundswell_coordinator.launch.local import LocalAgents
    from groundswell_coordinator.store.run_store import RunStore


class Embedded:
    """`async with Embedded(agents) as address: …`"""

    def __init__(self, agents: LocalAgents) -> None:
        self._agents = agents
        self._coordinator = Coordinator(RunOwner(secrets.token_hex(8)))
        self._up = ExitStack()

    async def __aenter__(self) -> str:
        # The store opens in its own thread while the server comes up and the agents attach.
        opening = asyncio.create_task(StoreWriter.open())
        private = self._up.enter_context(private_address())
        port = await self._coordinator.start(private)
        address = f"127.0.0.1:{port}" if private == LOOPBACK else private
        self._agents.attach_to(address)
        try:
            self._store = await opening
        except BaseException:
            await self._take_down()
            raise
        self._coordinator.runs.use(self._store)
        self._store.submit(_close_lost_runs)
        return address

    async def __aexit__(self, *exception: object) -> None:
        await self._take_down()
        await self._store.close()

    async def _take_down(self) -> None:
        # The agents first: their streams then end by their own doing, and nobody has anything to
        # complain of.
        await asyncio.to_thread(self._agents.stop)
        await self._coordinator.stop()
        self._up.close()


def _close_lost_runs(store: RunStore) -> None:
    """An embedded coordinator adopts nothing: a run whose own is gone ends as INCONCLUSIVE."""
    for line in store.unowned_local_runs():
        store.mark_coordinator_lost(line.run_id)
