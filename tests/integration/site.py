"""A coordinator to test against: a real gRPC server, a real store in a file, a client's eyes on its runs."""

from __future__ import annotations

import asyncio
import contextlib
import itertools
import secrets
from collections import Counter
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

import grpc

from groundswell.scenario.source import TestSource
from groundswell.v1 import control_pb2, control_pb2_grpc
from groundswell_coordinator.client import ControlClient
from groundswell_coordinator.coordinator import Coordinator
from groundswell_coordinator.report.summary import Summary
from groundswell_coordinator.run.owner import RunOwner
from groundswell_coordinator.services.health import Health
from groundswell_coordinator.services.readiness import Readiness
from groundswell_coordinator.store.run_store import RunStore
from groundswell_coordinator.store.writer import StoreWriter
from tests.integration.scripted_agent import PATIENCE_S, eventually

if TYPE_CHECKING:
    from collections.abc import AsyncGenerator, Callable, Mapping
    from pathlib import Path
    from types import CoroutineType

    from groundswell.capacity.settings import SearchSettings
    from groundswell_coordinator.access.access import Access
    from groundswell_coordinator.store.records import StoredEvent, StoredInterval, StoredRun

# Ten arrivals a second for two seconds; what scripted agents report of it is up to the test.
TEST = """
test: wave
target: http://127.0.0.1:9
scenarios:
  browse:
    executor: constant-arrival-rate
    rate: 10/s
    duration: 2s
    max_vus: 4
    graceful_stop: 0s
    steps:
      - get: /
"""

States = control_pb2.RunState
_run_numbers = itertools.count(1)


@dataclass(slots=True)
class Watched:
    """One run as a client sees it: every event so far, and its end."""

    run_id: str
    events: list[control_pb2.RunEvent] = field(default_factory=list[control_pb2.RunEvent])
    _news: asyncio.Condition = field(default_factory=asyncio.Condition)

    @property
    def states(self) -> list[str]:
        """Without their prefix, each once: `running`."""
        names = (States.Name(one.state.state) for one in self.events if one.HasField("state"))
        return list(dict.fromkeys(name.removeprefix("RUN_STATE_").lower() for name in names))

    @property
    def said(self) -> list[str]:
        """What was said of its states, in words."""
        return [one.state.message for one in self.events if one.state.message]

    @property
    def progress(self) -> list[control_pb2.Progress]:
        return [one.progress for one in self.events if one.HasField("progress")]

    @property
    def notices(self) -> list[control_pb2.Notice]:
        return [one.notice for one in self.events if one.HasField("notice")]

    async def ended(self) -> control_pb2.Ended:
        await self.until(lambda: bool(self.events) and self.events[-1].HasField("ended"))
        return self.events[-1].ended

    async def summary(self) -> Summary:
        ended = await self.ended()
        assert ended.summary_json, f"the run never started: {ended.error}"
        return Summary.from_json(ended.summary_json)

    async def state(self, name: str) -> None:
        await self.until(lambda: name in self.states)

    async def until(self, holds: Callable[[], bool]) -> None:
        async with asyncio.timeout(PATIENCE_S), self._news:
            await self._news.wait_for(holds)

    async def take(self, event: control_pb2.RunEvent) -> None:
        async with self._news:
            self.events.append(event)
            self._news.notify_all()


@dataclass(slots=True)
class Site:
    """A coordinator that serves, a client of it, and its store's file."""

    coordinator: Coordinator
    address: str
    client: ControlClient
    writer: StoreWriter
    url: str
    _watches: list[asyncio.Task[None]] = field(default_factory=list[asyncio.Task[None]])

    async def submit(
        self,
        test: str = TEST,
        *,
        agents: int = 1,
        run_id: str | None = None,
        wait_s: float = PATIENCE_S,
        seed: int = 1,
        selector: Mapping[str, str] | None = None,
        on_agent_loss: str = "",
        env: Mapping[str, str] | None = None,
        search: SearchSettings | None = None,
    ) -> Watched:
        """Submit a run and watch it from its beginning."""
        run_id = run_id or f"run-{next(_run_numbers)}"
        await self.client.submit(
            run_id,
            TestSource("wave.yaml", test.encode(), dict(env or {})),
            agents=agents,
            labels={"branch": "main"},
            seed=seed,
            wait_s=wait_s,
            selector=selector,
            on_agent_loss=on_agent_loss,
            search=search,
        )
        return self.watch(run_id)

    def watch(self, run_id: str) -> Watched:
        watched = Watched(run_id)
        self._watches.append(asyncio.create_task(self._follow(watched)))
        return watched

    async def agents(self, count: int) -> list[control_pb2.AgentLine]:
        """The pool's agents, once there are exactly so many."""
        await eventually(lambda: len(self.coordinator.pool.agents()) == count)
        async with grpc.aio.insecure_channel(self.address) as channel:
            stub = control_pb2_grpc.ControlServiceStub(channel)
            listed = await stub.ListAgents(control_pb2.ListAgentsRequest())
        return list(listed.agents)

    async def agent(
        self, name: str, holds: Callable[[control_pb2.AgentLine], bool]
    ) -> control_pb2.AgentLine:
        """What the list of agents says of one, once that holds."""
        async with asyncio.timeout(PATIENCE_S):
            while True:
                for line in await self.client.agents():
                    if line.name == name and holds(line):
                        return line
                await asyncio.sleep(0.01)

    def stored_run(self, run_id: str) -> StoredRun:
        with RunStore.open(self.url) as store:
            return store.get_run(run_id)

    def stored_intervals(self, run_id: str) -> list[StoredInterval]:
        with RunStore.open(self.url) as store:
            return list(store.intervals(run_id))

    async def close(self) -> None:
        for watch in self._watches:
            watch.cancel()
        await asyncio.gather(*self._watches, return_exceptions=True)

    async def _follow(self, watched: Watched) -> None:
        async for event in self.client.watch(watched.run_id):
            await watched.take(event)


@contextlib.asynccontextmanager
async def running_site(
    folder: Path, lease_s: float = 1.0, access: Access | None = None
) -> AsyncGenerator[Site]:
    """Comes up on a free port; at the end everything of it is gone again, tasks included."""
    others = asyncio.all_tasks()
    url = _url_in(folder)
    writer = await StoreWriter.open(url)
    owner = RunOwner(secrets.token_hex(8))
    coordinator = Coordinator(owner, lease_s=lease_s, store=url, access=access)
    if access is not None:
        coordinator.serve_too(Health(Readiness()).add_to)
    coordinator.runs.use(writer)
    address = f"127.0.0.1:{await coordinator.start('127.0.0.1:0')}"
    try:
        async with _clients_of(coordinator, address, writer, url) as site:
            yield site
    finally:
        await coordinator.stop()
        await writer.close()
    await assert_no_task_is_left(others)


@contextlib.asynccontextmanager
async def lasting_site(
    folder: Path,
    lease_s: float = 1.0,
    address: str = "127.0.0.1:0",
    access: Access | None = None,
) -> AsyncGenerator[Site]:
    """As `groundswell coordinator` is: it owns its store, takes up what its predecessor in this folder
    left, and leaves its own runs to its successor.
    """
    others = asyncio.all_tasks()
    url = _url_in(folder)
    writer = await StoreWriter.open(url, own="a test")
    assert writer.ownership is not None
    owner = RunOwner(writer.ownership.store_id, writer.ownership.generation, is_local=False)
    coordinator = Coordinator(owner, lease_s=lease_s, store=url, access=access)
    await coordinator.runs.resume(writer)
    address = f"127.0.0.1:{await coordinator.start(address)}"
    try:
        async with _clients_of(coordinator, address, writer, url) as site:
            yield site
    finally:
        await coordinator.suspend()
        await writer.close()
    # Agents outlive it.
    await assert_no_task_is_left(others, of="/groundswell_coordinator/")


@contextlib.asynccontextmanager
async def _clients_of(
    coordinator: Coordinator, address: str, writer: StoreWriter, url: str
) -> AsyncGenerator[Site]:
    async with ControlClient(address) as client:
        site = Site(coordinator, address, client, writer, url)
        try:
            yield site
        finally:
            await site.close()


def _url_in(folder: Path) -> str:
    return f"sqlite:///{folder / 'groundswell.db'}"


def lease_end_of(lost: StoredEvent) -> float:
    """Of an agent's loss, as it is stored: in seconds of the run."""
    assert lost.detail is not None
    return float(lost.detail["lease_end"])


def senders(interval: StoredInterval) -> Counter[str]:
    """Of whom there is a report of it, merged or as an amendment, and how many: by incarnation."""
    found = Counter(part.incarnation for part in interval.contained)
    found.update(amendment.incarnation for amendment in interval.amendments)
    return found


async def assert_no_task_is_left(
    others: set[asyncio.Task[object]], of: str = "/groundswell_"
) -> None:
    """Tasks of ours, beside those of `others`: grpc.aio keeps some of its own."""

    def left() -> list[str]:
        return [name for name in map(_origin, asyncio.all_tasks() - others) if of in name]

    try:
        await eventually(lambda: not left())
    except TimeoutError:
        raise AssertionError(f"left: {left()}") from None


def _origin(task: asyncio.Task[object]) -> str:
    coroutine: CoroutineType[object, object, object] | object = task.get_coro()
    code = getattr(coroutine, "cr_code", None)
    return f"{code.co_filename}:{code.co_name}" if code is not None else ""
