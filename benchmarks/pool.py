"""What a pool of agents costs its coordinator: a real coordinator process, real streams, one run.

The coordinator has core 0 to itself; all simulated agents, and the client that watches, have core 1.
Times are of one machine's monotonic clock, so that an interval's end is known exactly.
"""

from __future__ import annotations

import asyncio
import contextlib
import json
import math
import os
import secrets
import statistics
import subprocess
import sys
import time
from dataclasses import dataclass, field
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import TYPE_CHECKING

from benchmarks.cpu import cpu_seconds, resident_bytes
from benchmarks.simulated_agents import Findings
from benchmarks.synthetic import written_test
from groundswell.credentials import NONE
from groundswell.v1 import agent_pb2, control_pb2, control_pb2_grpc
from groundswell.wire import CLIENT_OPTIONS

if TYPE_CHECKING:
    from collections.abc import AsyncGenerator, Generator, Mapping, Sequence

    from groundswell.credentials import Credentials

COORDINATOR_CORE, AGENTS_CORE = 0, 1
# One event loop carries so many with ease: what they send is to come on time.
_AGENTS_PER_PROCESS = 500
_PATIENCE_S = 120.0


@dataclass(slots=True)
class PoolCost:
    """`cpu` and `resident` are one sample a second under load: seconds of CPU, and bytes.

    `sealed` are the seconds from each interval's end until its picture reached who watches;
    `acknowledged` until the last agent knew that it is stored.
    """

    agents: int
    seconds: int
    cpu: list[float] = field(default_factory=list[float])
    resident: list[int] = field(default_factory=list[int])
    sealed: list[float] = field(default_factory=list[float])
    acknowledged: list[float] = field(default_factory=list[float])
    received_bytes: int = 0
    reports: int = 0
    unacknowledged: int = 0
    slowest_renewal_s: float = 0.0
    store_bytes: int = 0
    requests: int = 0
    verdict: str = ""


def measure_pool(
    agents: int,
    seconds: int,
    papers: Mapping[str, Credentials] | None = None,
    lease: str = "5s",
) -> PoolCost:
    """One run of so many seconds on so many agents; with `papers` of coordinator, agent and operator, over
    mutual TLS.
    """
    papers = papers or {}
    words = ("--lease", lease, *papers.get("coordinator", NONE).words())
    with TemporaryDirectory() as name, _coordinator(Path(name), words) as (process, address):
        cost = asyncio.run(_Pool(agents, seconds, address, process.pid, papers).measure())
        cost.store_bytes = sum(file.stat().st_size for file in Path(name).glob("store.db*"))
        return cost


@contextlib.contextmanager
def _coordinator(
    folder: Path, words: Sequence[str]
) -> Generator[tuple[subprocess.Popen[bytes], str]]:
    port_file = folder / "port"
    command = [
        *("taskset", "-c", str(COORDINATOR_CORE), sys.executable, "-m", "groundswell"),
        *("coordinator", "--listen", "127.0.0.1:0", "--http", "off"),
        *("--store", f"sqlite:///{folder}/store.db", "--port-file", str(port_file)),
        *words,
    ]
    process = subprocess.Popen(command)
    try:
        deadline = time.monotonic() + _PATIENCE_S
        while not port_file.exists() or not port_file.read_text().strip():
            if process.poll() is not None or time.monotonic() > deadline:
                raise RuntimeError("the coordinator did not start")
            time.sleep(0.05)
        yield process, f"127.0.0.1:{port_file.read_text().split()[0]}"
    finally:
        process.terminate()
        process.wait()


class _Pool:
    def __init__(
        self,
        agents: int,
        seconds: int,
        address: str,
        coordinator: int,
        papers: Mapping[str, Credentials],
    ) -> None:
        self._papers = papers
        self._cost = PoolCost(agents, seconds)
        self._address = address
        self._coordinator = coordinator
        self._run_id = secrets.token_hex(8)
        self._arrived: dict[int, float] = {}

    async def measure(self) -> PoolCost:
        async with (
            self._papers.get("operator", NONE).channel(self._address, CLIENT_OPTIONS) as channel,
            self._simulated() as processes,
        ):
            stub: control_pb2_grpc.ControlServiceAsyncStub = control_pb2_grpc.ControlServiceStub(
                channel
            )
            await self._until_attached(stub)
            await stub.Submit(self._request())
            # An agent that fails ends its process, and that ends the measurement.
            outputs = await asyncio.gather(self._watch(stub), *map(_output, processes))
        self._note([Findings.from_json(output) for output in outputs if output is not None])
        return self._cost

    @contextlib.asynccontextmanager
    async def _simulated(self) -> AsyncGenerator[list[asyncio.subprocess.Process]]:
        processes: list[asyncio.subprocess.Process] = []
        os.sched_setaffinity(0, {AGENTS_CORE})  # and so what is started from here
        try:
            for first in range(1, self._cost.agents + 1, _AGENTS_PER_PROCESS):
                count = min(_AGENTS_PER_PROCESS, self._cost.agents + 1 - first)
                numbers = map(str, (count, first, self._cost.seconds))
                module = ("-m", "benchmarks.simulated_agents", self._address, *numbers)
                shown = self._papers.get("agent", NONE).words()
                processes.append(
                    await asyncio.create_subprocess_exec(
                        sys.executable, *module, *shown, stdout=asyncio.subprocess.PIPE
                    )
                )
            yield processes
        finally:
            for process in processes:
                if process.returncode is None:
                    process.kill()
                    await process.wait()

    async def _until_attached(self, stub: control_pb2_grpc.ControlServiceAsyncStub) -> None:
        deadline = time.monotonic() + _PATIENCE_S
        while time.monotonic() < deadline:
            await asyncio.sleep(1)
            listed = await stub.ListAgents(control_pb2.ListAgentsRequest())
            if len(listed.agents) >= self._cost.agents:
                return
        raise RuntimeError("the agents did not attach")

    def _request(self) -> control_pb2.SubmitRequest:
        text = written_test(self._cost.agents, self._cost.seconds)
        return control_pb2.SubmitRequest(
            run_id=self._run_id,
            source=agent_pb2.TestSource(name="pool.yaml", text=text.encode()),
            agents=self._cost.agents,
            seed=1,
            wait_ms=10_000,
        )

    async def _watch(self, stub: control_pb2_grpc.ControlServiceAsyncStub) -> None:
        sampling: asyncio.Task[None] | None = None
        async for event in stub.Watch(control_pb2.WatchRequest(run=self._run_id)):
            if event.HasField("progress"):
                self._arrived.setdefault(event.progress.interval, time.monotonic())
                self._cost.requests = event.progress.requests
                sampling = sampling or asyncio.create_task(self._sample())
            elif event.HasField("notice"):
                print(f"{event.notice.code}: {event.notice.message}", file=sys.stderr)
            elif event.HasField("ended"):
                self._end(event.ended)
        if sampling is not None:
            sampling.cancel()

    async def _sample(self) -> None:
        """From the first sealed interval on, so that neither attaching nor preparing is in it."""
        began, before = time.monotonic(), cpu_seconds(self._coordinator)
        while len(self._cost.cpu) < self._cost.seconds - 2:
            await asyncio.sleep(1 - (time.monotonic() - began) % 1)
            now = cpu_seconds(self._coordinator)
            self._cost.cpu.append(now - before)
            self._cost.resident.append(resident_bytes(self._coordinator))
            before = now

    def _end(self, ended: control_pb2.Ended) -> None:
        if ended.error:
            raise RuntimeError(f"the run ended: {ended.error}")
        summary = json.loads(ended.summary_json)
        self._cost.verdict = summary["verdict"]

    def _note(self, found: list[Findings]) -> None:
        cost = self._cost
        started = max(one.started_at for one in found)
        cost.sealed = [at - started - number - 1 for number, at in sorted(self._arrived.items())]
        for number in range(cost.seconds):
            cost.acknowledged.append(max(one.delays.get(number, math.inf) for one in found))
        cost.received_bytes = sum(one.sent_bytes for one in found)
        cost.reports = sum(one.reports for one in found)
        cost.unacknowledged = sum(one.unacknowledged for one in found)
        cost.slowest_renewal_s = max(one.slowest_renewal_s for one in found)


async def _output(process: asyncio.subprocess.Process) -> bytes:
    output, _ = await process.communicate()
    if process.returncode != 0:
        raise RuntimeError("the simulated agents failed")
    return output


def table(cost: PoolCost) -> str:
    """As Markdown."""
    mib = [size / 2**20 for size in cost.resident]
    rows = (
        ("reports", f"{cost.reports:,}, {cost.unacknowledged} not acknowledged"),
        ("received", f"{cost.received_bytes / cost.seconds / 1e6:.1f} MB/s"),
        ("CPU of the coordinator", f"{statistics.mean(cost.cpu):.2f} cores, {_spread(cost.cpu)}"),
        (
            "resident",
            f"{mib[0]:.0f} MiB at first, {mib[len(mib) // 2]:.0f} half-way, {mib[-1]:.0f} at the end",
        ),
        ("sealed, stored and shown after an interval's end", f"{_spread(cost.sealed)} s"),
        ("acknowledged to the last agent", f"{_spread(cost.acknowledged)} s"),
        ("a renewal's way there and back", f"at most {cost.slowest_renewal_s:.2f} s"),
        ("store", f"{cost.store_bytes / cost.seconds / 1e6:.2f} MB/s"),
    )
    lines = [f"| {what} | {value} |" for what, value in rows]
    head = f"| {cost.agents:,} agents, {cost.seconds} s, {cost.verdict} | |"
    return "\n".join((head, "|---|---|", *lines))


def _spread(values: list[float]) -> str:
    ordered = sorted(values)
    p99 = ordered[min(len(ordered) - 1, len(ordered) * 99 // 100)]
    return f"median {statistics.median(ordered):.2f}, p99 {p99:.2f}, most {ordered[-1]:.2f}"
