"""How long an agent holds its own event loop: the longest turn, and the longest single callback.

An engine in a process of its own, as an agent has it. Times are the thread's CPU time, so that whatever
else the machine does is not in them. `python -m benchmarks.held TEST.yaml` prints one line of JSON.
"""

from __future__ import annotations

import asyncio
import gc
import json
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path
from time import CLOCK_BOOTTIME, clock_gettime_ns, monotonic_ns, thread_time
from typing import TYPE_CHECKING, Any

import uvloop

from benchmarks.target import LOAD_CORE
from groundswell.v1 import agent_pb2
from groundswell_agent.agent import COLLECT_AFTER
from groundswell_agent.engine import engine as engine_module
from groundswell_agent.engine.engine import Engine
from groundswell_agent.engine.executors.base import Executor
from groundswell_agent.http.sweeper import Sweeper
from groundswell_agent.lease import Lease

if TYPE_CHECKING:
    from collections.abc import Callable, Generator

_LEASE_NS = 5_000_000_000


@dataclass(frozen=True, slots=True)
class Held:
    """Milliseconds; `callbacks` by what they do, the longest of each; `turn` holds all of one turn."""

    turn: float
    callbacks: dict[str, float]
    open_connections: int


def measure_held(test: str, folder: Path) -> Held:
    """The text of a test, played by one engine on the load's core."""
    file = folder / "held.yaml"
    file.write_text(test)
    command = ["taskset", "-c", str(LOAD_CORE), sys.executable, "-m", "benchmarks.held", str(file)]
    finished = subprocess.run(command, stdout=subprocess.PIPE, check=True)
    return Held(**json.loads(finished.stdout))


class _Watch:
    def __init__(self) -> None:
        self.longest: dict[str, float] = {}
        self.longest_turn = 0.0
        self.most_open = 0
        self._gc_began = 0.0

    def note(self, what: str, seconds: float) -> None:
        self.longest[what] = max(self.longest.get(what, 0.0), seconds * 1e3)

    def timed(self, what: str, call: Callable[..., Any]) -> Callable[..., Any]:
        def run(*args: object) -> object:
            began = thread_time()
            try:
                return call(*args)
            finally:
                self.note(what, thread_time() - began)

        return run

    def counting(self, add: Callable[..., Any]) -> Callable[..., Any]:
        def run(sweeper: Sweeper, connection: object) -> None:
            add(sweeper, connection)
            self.most_open = max(self.most_open, len(sweeper))

        return run

    def collecting(self, phase: str, info: dict[str, int]) -> None:
        if phase == "start":
            self._gc_began = thread_time()
        else:
            self.note(f"garbage {info['generation']}", thread_time() - self._gc_began)

    async def turning(self) -> None:
        """Each turn of the loop, once. That the loop never rests by this is no matter at full load."""
        last = thread_time()
        while True:
            await asyncio.sleep(0)
            now = thread_time()
            self.longest_turn = max(self.longest_turn, now - last)
            last = now

    async def unhurried(self, steps: Generator[None, None, Any]) -> object:
        """The engine's own, with a watch on what it does between two yields."""
        while True:
            began = thread_time()
            try:
                next(steps)
            except StopIteration as end:
                return end.value
            finally:
                self.note("measuring", thread_time() - began)
            await asyncio.sleep(0)


def _watched() -> _Watch:
    watch = _Watch()
    patches: tuple[tuple[Any, str, str], ...] = (
        (Sweeper, "_sweep", "deadlines"),
        (Executor, "_cancel_some", "cancelling"),
    )
    for owner, name, what in patches:
        setattr(owner, name, watch.timed(what, getattr(owner, name)))
    Sweeper.add = watch.counting(Sweeper.add)  # type: ignore[method-assign]
    setattr(engine_module, "unhurried", watch.unhurried)  # noqa: B010  # it is imported by name
    gc.callbacks.append(watch.collecting)
    return watch


async def _play(text: bytes) -> Held:
    lease = Lease()
    prepare = agent_pb2.Prepare(
        run_id="held",
        source=agent_pb2.TestSource(name="held.yaml", text=text),
        shares=agent_pb2.ShareTable(entries=[agent_pb2.ShareEntry(agent="a", weight=1)]),
        agent="a",
        seed=1,
    )
    engine = Engine.build(prepare, incarnation="i", lease=lease)
    gc.collect()
    gc.freeze()
    gc.set_threshold(*COLLECT_AFTER)
    watch = _watched()

    def report(_: object) -> None:
        lease.renew(clock_gettime_ns(CLOCK_BOOTTIME), _LEASE_NS)

    turning = asyncio.create_task(watch.turning())
    await engine.run(monotonic_ns() + 100_000_000, report=report, started=lambda _: None)
    turning.cancel()
    return Held(watch.longest_turn * 1e3, watch.longest, watch.most_open)


if __name__ == "__main__":
    held = uvloop.run(_play(Path(sys.argv[1]).read_bytes()))
    fields = {name: getattr(held, name) for name in held.__slots__}
    json.dump(fields, sys.stdout)
