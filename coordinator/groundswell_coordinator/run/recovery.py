"""Takes up a run that was under way when its coordinator ended.

    stored run ─> its agents are expected ─> one comes back ─> recall ─> the test with its environment
                                                       └─ clock ─> T     │
                       intervals, events, handovers ─> restored run  <───┘  ─> a conductor goes on

What the agents send meanwhile waits in the inbox that the conductor then takes over. The store does
not keep the environment of a test, so an agent that was prepared with it is asked; nobody is
declared lost for one lease after the start.
"""

from __future__ import annotations

import asyncio
import logging
import time
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import TYPE_CHECKING

from groundswell.errors import GroundswellError
from groundswell.load_guard import NO_GUARD
from groundswell.scenario.template import mentioned_env
from groundswell.v1 import agent_pb2
from groundswell_coordinator.attachment import Attachment
from groundswell_coordinator.run.crew import Crew
from groundswell_coordinator.run.errands import Errands
from groundswell_coordinator.run.events import AgentLost
from groundswell_coordinator.run.guard_log import stored_guards
from groundswell_coordinator.run.inbox import Inbox
from groundswell_coordinator.run.restoration import restore, stored_source
from groundswell_coordinator.run.submission import source_from_wire

if TYPE_CHECKING:
    from groundswell.files.stamp import FileStamp
    from groundswell.scenario.source import TestSource
    from groundswell_coordinator.pool import Pool
    from groundswell_coordinator.run.restoration import Restored
    from groundswell_coordinator.store.records import StoredInterval, StoredRun
    from groundswell_coordinator.store.run_store import RunStore
    from groundswell_coordinator.store.writer import StoreWriter

# After the lease's end, agents that stopped by themselves may still come back to deliver.
_LATE_S = 10.0
# For an agent's clock, once somebody is back; without one the wall clock has to do.
_CLOCK_S = 2.0

_log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class Recovered:
    """What a conductor needs to go on; `start_at` is T on our monotonic clock, in seconds."""

    restored: Restored
    crew: Crew
    inbox: Inbox
    start_at: float


class Recovery:
    """The inbox of one run's agents until its conductor is there."""

    def __init__(self, stored: StoredRun, pool: Pool, store: StoreWriter) -> None:
        self.run_id = stored.line.run_id
        self._stored = stored
        self._pool = pool
        self._store = store
        guards = stored_guards(stored.events)
        self._agents = [
            Attachment(
                share.incarnation,
                share.agent,
                weight=share.weight,
                lease_s=pool.lease_s,
                guard=guards.get(share.agent, NO_GUARD),
            )
            for share in stored.shares
        ]
        self._inbox = Inbox()
        self._source: asyncio.Future[TestSource] = asyncio.get_running_loop().create_future()
        self._start_at: asyncio.Future[float] = asyncio.get_running_loop().create_future()
        # Their clocks are read meanwhile: what fails of it is made up for by the wall clock.
        self._errands = Errands()
        self._starts: dict[str, int] = {}

    def expect(self) -> None:
        """From now on its agents find their run again; before anybody can attach."""
        for agent in self._agents:
            self._pool.expect(agent, self)

    # --- what the pool tells ---------------------------------------------------------------------

    def deliver(self, agent: Attachment, message: agent_pb2.AgentMessage) -> None:
        if message.HasField("recalled"):
            self._recalled(agent, message.recalled.source)
        else:
            self._inbox.say(agent, message)

    def needs(self, stamp: FileStamp) -> bool:
        # Its agents have all they need, or could not have begun.
        return False

    def keeps(self, agent: Attachment) -> bool:
        return True

    def lost(self, agent: Attachment) -> None:
        """It came back and has forgotten the run."""
        self._inbox.put(AgentLost(agent.name))

    def returned(self, agent: Attachment, holding: agent_pb2.Holding) -> None:
        if not self._source.done():
            agent.send(recall=agent_pb2.Recall(run_id=self.run_id))
        if holding.start_at_ns > 0:
            self._starts[agent.name] = holding.start_at_ns
            self._errands.begin(self._measure(agent, holding.start_at_ns))

    async def _measure(self, agent: Attachment, start_at_ns: int) -> None:
        offset = await agent.measure_clock()
        if not self._start_at.done():
            self._start_at.set_result((start_at_ns - offset.offset_ns) / 1e9)

    def _recalled(self, agent: Attachment, source: agent_pb2.TestSource) -> None:
        """Take the first answer that is the test which the store has."""
        if self._source.done():
            return
        recalled = source_from_wire(source)
        if recalled.text == self._stored.source:
            self._source.set_result(recalled)
        else:
            _log.warning("%s recalls another test than run %s has", agent.name, self.run_id)

    # --- taking it up ----------------------------------------------------------------------------

    async def recover(self) -> Recovered:
        """Wait for what only the agents know, then restore the run. GroundswellError where nobody
        came back who knows it.
        """
        try:
            source = await self._test_source()
            intervals = await self._store.submit(self._intervals)
            restored = await asyncio.to_thread(restore, self._stored, intervals, source)
            start_at = await self._when_it_started()
        finally:
            await self._errands.end()
        crew = Crew(self.run_id, self._agents)
        crew.resume(restored.clocks, restored.skews, self._starts)
        return Recovered(restored, crew, self._inbox, start_at)

    def let_go(self) -> None:
        """Give it up: its agents are to forget it."""
        for agent in self._agents:
            agent.release(self.run_id)
        self._pool.release(self)

    async def _test_source(self) -> TestSource:
        stored = self._stored
        if not mentioned_env(stored.source):
            # The target is for whoever prepares an agent, and nobody is prepared any more.
            return stored_source(stored, {})
        try:
            async with asyncio.timeout(self._agents[0].view_s + _LATE_S):
                return await self._source
        except TimeoutError:
            raise GroundswellError(
                "its coordinator ended, and no agent came back that knows its environment",
                hint="`groundswell verdict RUN -e NAME=VALUE` judges what is stored",
            ) from None

    def _intervals(self, store: RunStore) -> tuple[StoredInterval, ...]:
        return tuple(store.intervals(self.run_id))

    async def _when_it_started(self) -> float:
        """T on our clock: by an agent that is back, else by the wall clocks."""
        if self._starts:
            try:
                async with asyncio.timeout(_CLOCK_S):
                    return await self._start_at
            except TimeoutError:
                _log.warning("run %s: no clock of an agent could be read", self.run_id)
        started = self._stored.line.start_at
        assert started is not None
        return time.monotonic() - (datetime.now(UTC) - started).total_seconds()
