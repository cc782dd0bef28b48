"""The engine: all scenarios of a run on one agent, from T to the last report.

Once a second it closes the interval and hands over a report; ten times a second it moves raw
samples into totals, so that no single callback holds the loop for long. Nothing it does while it
runs waits for the coordinator.
"""

from __future__ import annotations

import asyncio
from time import monotonic
from typing import TYPE_CHECKING, Self

from groundswell.errors import ProtocolViolation
from groundswell.scenario.loader import TestSource, load
from groundswell.schedule.scenario_plan import plan_scenario
from groundswell.schedule.shares import ShareEntry, ShareTable
from groundswell_agent.engine.cut import Cut
from groundswell_agent.engine.executors import EXECUTORS
from groundswell_agent.engine.scenario_load import ScenarioLoad
from groundswell_agent.http.connector import Connector
from groundswell_agent.lifecycle import HaltMode
from groundswell_agent.recording.recorder import Recorder, unhurried
from groundswell_agent.recording.vitals import Vitals

if TYPE_CHECKING:
    from collections.abc import Callable

    from groundswell.v1 import agent_pb2
    from groundswell.v1.metrics_pb2 import Report
    from groundswell_agent.engine.executors.base import Executor

_SLICE_S = 0.1
# After Ctrl-C or a stop by an operator, running iterations get this long at most.
_HALT_GRACE_S = 5.0


class Engine:
    """One agent's share of one run. Made by `build`; `run` returns after the last report."""

    def __init__(
        self,
        run_id: str,
        incarnation: str,
        executors: list[Executor],
        recorder: Recorder,
    ) -> None:
        self.run_id = run_id
        self._incarnation = incarnation
        self._executors = executors
        self._recorder = recorder
        self._vitals = Vitals(recorder)
        self._vus = recorder.gauge("vus", {})
        self._vus_max = recorder.gauge("vus_max", {})
        self._has_started = False
        self._ended = asyncio.Event()
        self._halted = asyncio.Event()
        self._halt_grace: asyncio.TimerHandle | None = None
        for executor in executors:
            executor.load.on_fault = lambda: self.halt(HaltMode.ABORT)

    @classmethod
    def build(cls, prepare: agent_pb2.Prepare, *, incarnation: str) -> Self:
        """Read the test, compile this agent's share; InvalidTest and its kin where that fails."""
        source = prepare.source
        test = load(TestSource(source.name, source.text, dict(source.env), source.target or None))
        table = _table(prepare.shares)
        recorder = Recorder()
        connector = Connector()
        executors: list[Executor] = []
        for name, scenario in test.scenarios.items():
            share = plan_scenario(name, scenario, table, prepare.agent, prepare.seed)
            scenario_load = ScenarioLoad(
                name, scenario, test.target, recorder, connector, share.seed
            )
            executors.append(EXECUTORS[scenario.executor](share, scenario_load))
        return cls(prepare.run_id, incarnation, executors, recorder)

    async def run(
        self,
        start_at_ns: int,
        *,
        report: Callable[[Report], None],
        started: Callable[[int], None],
    ) -> None:
        """Load from T = `start_at_ns` (monotonic) on; one report an interval, the last one marked.

        After a fault of ours there is no last report, only the error: the share has not ended well.
        """
        start = start_at_ns / 1e9
        self._recorder.start_at(start)
        load = asyncio.create_task(self._load(start, start_at_ns, started))
        load.add_done_callback(lambda _: self._ended.set())
        try:
            await self._measure(report)
        finally:
            self.halt(HaltMode.ABORT)
            await asyncio.wait([load])
            self._close_down()
        load.result()
        for executor in self._executors:
            if executor.load.first_fault is not None:
                raise executor.load.first_fault
        report(await self._close(last=True))

    def halt(self, mode: HaltMode) -> None:
        """End the load before its time. Calling it again, or with more force, is fine."""
        for executor in self._executors:
            executor.halt()
        self._halted.set()
        if mode is HaltMode.ABORT:
            self._cancel()
        elif self._halt_grace is None and not self._ended.is_set():
            loop = asyncio.get_running_loop()
            self._halt_grace = loop.call_later(_HALT_GRACE_S, self._cancel)

    def _cancel(self) -> None:
        for executor in self._executors:
            executor.cancel(Cut.ABORT)

    def _close_down(self) -> None:
        if self._halt_grace is not None:
            self._halt_grace.cancel()
        for executor in self._executors:
            executor.close()

    async def _load(self, start: float, start_at_ns: int, started: Callable[[int], None]) -> None:
        # uvloop's timers may ring half a millisecond early.
        while monotonic() < start and not self._halted.is_set():
            await _wait_for(self._halted, start)
        if self._halted.is_set():
            return
        self._has_started = True
        started(start_at_ns)
        self._vitals.start(asyncio.get_running_loop())
        try:
            async with asyncio.TaskGroup() as group:
                for executor in self._executors:
                    group.create_task(executor.run(start + float(executor.share.start_time)))
        finally:
            self._vitals.stop()

    async def _measure(self, report: Callable[[Report], None]) -> None:
        recorder = self._recorder
        while not self._ended.is_set():
            await _wait_for(self._ended, min(monotonic() + _SLICE_S, recorder.end))
            if monotonic() >= recorder.end:
                # At once: gauges are read here and are to be those of the interval's end.
                report(await self._close(last=False))
            else:
                await unhurried(recorder.flush())
        while monotonic() >= recorder.end:
            report(await self._close(last=False))

    async def _close(self, *, last: bool) -> Report:
        recorder = self._recorder
        # Just inside the interval that is being closed.
        at = min(monotonic(), recorder.end - 1e-6)
        self._vus.set(at, sum(executor.take_active_vus() for executor in self._executors))
        self._vus_max.set(at, sum(len(executor.vus) for executor in self._executors))
        if self._has_started:
            self._vitals.sample(at)
        accounts = [executor.load.account.to_wire() for executor in self._executors]
        report = await unhurried(recorder.close_interval())
        report.run_id = self.run_id
        report.incarnation = self._incarnation
        report.accounts.extend(accounts)
        report.last = last
        return report


async def _wait_for(event: asyncio.Event, until: float) -> None:
    """Return once the event is set, or at `until`, or up to a millisecond beside it."""
    try:
        async with asyncio.timeout(max(until - monotonic(), 0.001)):
            await event.wait()
    except TimeoutError:
        return


def _table(shares: agent_pb2.ShareTable) -> ShareTable:
    entries = tuple(ShareEntry(entry.agent, entry.weight) for entry in shares.entries)
    try:
        return ShareTable(entries, shares.epoch)
    except ValueError as error:
        raise ProtocolViolation(f"a table of shares that is none: {error}") from error
