"""The engine: all scenarios of a run on one agent, from T to the last report.

Once a second it closes the interval and hands over a report; ten times a second it moves raw
samples into totals, so that no single callback holds the loop for long. Nothing it does while it
runs waits for the coordinator.
"""

from __future__ import annotations

import asyncio
from fractions import Fraction
from functools import partial
from time import monotonic
from typing import TYPE_CHECKING, Self

from groundswell.errors import InvalidConfiguration, ProtocolViolation
from groundswell.files.places import UNSEEN
from groundswell.load_guard import NO_GUARD
from groundswell.scenario.model import SearchedArrivalRate
from groundswell.schedule.division import (
    Division,
    extended,
    extended_by_levels,
)
from groundswell.schedule.scenario_plan import boundary_of, plan_scenario
from groundswell.schedule.share_loads import ShareLoads
from groundswell_agent.engine.connectors import Connectors
from groundswell_agent.engine.cut import Cut
from groundswell_agent.engine.executors import EXECUTORS
from groundswell_agent.engine.executors.searched_arrivals import SearchedArrivals
from groundswell_agent.engine.prepared import PreparedTest
from groundswell_agent.engine.run_phases import Phases
from groundswell_agent.engine.scenario_load import ScenarioLoad
from groundswell_agent.events import HaltMode
from groundswell_agent.recording.recorder import Recorder, unhurried
from groundswell_agent.recording.vitals import Vitals
from groundswell_agent.script.note import Note

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping

    from groundswell.files.places import Files
    from groundswell.load_guard import LoadGuard
    from groundswell.scenario.model import Test
    from groundswell.schedule.division import Division, Handover
    from groundswell.schedule.levels import Level
    from groundswell.schedule.scenario_plan import ScenarioShare
    from groundswell.v1 import agent_pb2
    from groundswell.v1.metrics_pb2 import Report
    from groundswell_agent.engine.executors.base import Executor
    from groundswell_agent.engine.trace import Trace
    from groundswell_agent.http.guard import Guard
    from groundswell_agent.lease import Lease
    from groundswell_agent.script.script import Script

_SLICE_S = 0.1
# After Ctrl-C or a stop by an operator, running iterations get this long at most.
_HALT_GRACE_S = 5.0


class Engine:
    """One agent's share of one run. Made by `build`; `run` returns after the last report."""

    def __init__(
        self,
        prepare: agent_pb2.Prepare,
        test: Test,
        division: Division,
        incarnation: str,
        executors: list[Executor],
        recorder: Recorder,
        connectors: Connectors,
        phases: Phases,
        script: Script | None = None,
        load_guard: LoadGuard = NO_GUARD,
    ) -> None:
        self.run_id = prepare.run_id
        self.test = test
        self._agent = prepare.agent
        self._seed = prepare.seed
        self._division = division
        self._incarnation = incarnation
        self._load_guard = load_guard
        self._executors = executors
        self._recorder = recorder
        self.phases = phases
        # Of a test in Python.
        self.script = script
        self.connectors = connectors
        self._vitals = Vitals(recorder, lambda: connectors.open_connections)
        self._vus = recorder.gauge("vus", {})
        self._vus_max = recorder.gauge("vus_max", {})
        self._has_started = False
        # Under load: executors whose work was done may be given more.
        self._running: asyncio.TaskGroup | None = None
        self._ended = asyncio.Event()
        self._halted = asyncio.Event()
        self._halt_grace: asyncio.TimerHandle | None = None
        # Iterations go on that nothing could end: this process is to end with the run.
        self.is_stubborn = False
        for executor in executors:
            executor.load.on_fault = lambda: self.halt(HaltMode.ABORT)
            executor.load.on_abandon = partial(self._note_stubborn, executor.load.name)

    @classmethod
    def build(
        cls,
        prepare: agent_pb2.Prepare,
        *,
        incarnation: str,
        lease: Lease | None = None,
        files: Files = UNSEEN,
        scripts: bool = True,
        trace: Trace | None = None,
        prepared: PreparedTest | None = None,
        guard: Callable[[Test], Guard] | None = None,
        load_guard: LoadGuard = NO_GUARD,
    ) -> Self:
        """Compile this agent's share; InvalidTest and its kin where that fails.

        `files` are those of the test, here already; `prepared` is what is made of them, if it is;
        `scripts` is whether it may be one in Python. A `trace` hears of everything;
        `guard` gives what may be connected to, else anything; `load_guard` is how much it carries.
        """
        prepared = prepared or PreparedTest.of(prepare, files, scripts=scripts)
        test, division, files = prepared.test, prepared.division, prepared.files
        script = prepared.script
        if load_guard.limits:
            loads = ShareLoads(test.scenarios, division, prepare.seed)
            loads.check(prepare.agent, load_guard, "it")
        recorder = Recorder()
        connectors = Connectors(test.target, files, lease, guard(test) if guard else None)
        phases = Phases(test, connectors, prepare.seed, files, trace, script)
        executors: list[Executor] = []
        for name, scenario in test.scenarios.items():
            share = plan_scenario(name, scenario, division, prepare.agent, prepare.seed)
            scenario_load = ScenarioLoad(
                *(name, scenario, test.target, recorder, connectors, prepare.seed),
                {**phases.namespaces, **prepared.namespaces(scenario)},
                files=files,
                script=script,
                trace=trace,
            )
            executors.append(EXECUTORS[scenario.executor](share, scenario_load))
        return cls(
            prepare,
            test,
            division,
            incarnation,
            executors,
            recorder,
            connectors,
            phases,
            script,
            load_guard,
        )

    @property
    def shares(self) -> tuple[ScenarioShare, ...]:
        """This agent's part of every scenario."""
        return tuple(executor.share for executor in self._executors)

    @property
    def loads(self) -> Mapping[str, ScenarioLoad]:
        """By scenario, in the order of the test."""
        return {executor.share.name: executor.load for executor in self._executors}

    @property
    def epoch(self) -> int:
        """The newest handover that it has taken."""
        return self._division.epoch

    @property
    def graceful_stop(self) -> float:
        """The longest of its scenarios, in seconds."""
        return max(executor.graceful_stop for executor in self._executors)

    def reshare(self, handovers: Iterable[Handover]) -> None:
        """Take over what the handovers give this agent; those it has taken already are nothing new.

        Raises ProtocolViolation for one that does not follow from those before, or gives it more than it carries.
        """
        for handover in handovers:
            if handover.epoch > self.epoch:
                self._division = extended(self._division, [handover])
                if any(heir.agent == self._agent for heir in handover.heirs):
                    self._check_load(handover)
                    self._inherit(handover)

    def _check_load(self, handover: Handover) -> None:
        if not self._load_guard.limits:
            return
        since = Fraction(handover.boundary_ns, 10**9)
        loads = ShareLoads(self.test.scenarios, self._division, self._seed, since)
        try:
            loads.check(self._agent, self._load_guard, "it")
        except InvalidConfiguration as error:
            raise ProtocolViolation(f"a share that it does not carry: {error.message}") from error

    def rise(self, levels: Iterable[Level]) -> None:
        """Take up those levels of a search that it does not have yet.

        Raises ProtocolViolation for one that does not follow from those before.
        """
        for level in levels:
            if level.number > len(self._division.levels):
                self._division = extended_by_levels(self._division, [level])
                self._check_level(level)
                for executor in self._executors:
                    if isinstance(executor, SearchedArrivals):
                        executor.rise(self._planned(executor.share), level)

    def _check_level(self, level: Level) -> None:
        """What was prepared, and held against what this agent carries, is the highest level."""
        for scenario in self.test.scenarios.values():
            if not isinstance(scenario, SearchedArrivalRate):
                continue
            if scenario.rate * level.factor > scenario.highest:
                raise ProtocolViolation(f"level {level.number} is above the highest of its search")

    def _planned(self, share: ScenarioShare) -> ScenarioShare:
        """The same by the division as it is now."""
        return plan_scenario(share.name, share.scenario, self._division, self._agent, self._seed)

    def _inherit(self, handover: Handover) -> None:
        for executor in self._executors:
            scenario = executor.share.scenario
            grown = self._planned(executor.share)
            executor.take_over(grown, boundary_of(handover.boundary_ns, scenario))
            self._restart(executor)

    def _restart(self, executor: Executor) -> None:
        """Run an executor again that had nothing left to do, unless the whole load is over."""
        if not executor.is_over or executor.halted or self._running is None:
            return
        if any(not other.is_over for other in self._executors):
            assert executor.start is not None
            self._running.create_task(executor.run(executor.start))

    def leave(self, boundary_ns: int) -> dict[str, int]:
        """Start nothing planned at or after `boundary_ns` of the run, and end.

        Returns how many iterations are decided of each scenario that counts them: no more will be.
        """
        for executor in self._executors:
            executor.leave(boundary_of(boundary_ns, executor.share.scenario))
        return {
            executor.share.name: executor.load.account.planned
            for executor in self._executors
            if executor.share.counts
        }

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
            if self.script is not None:
                await self.script.resources.close()
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

    def _note_stubborn(self, scenario: str) -> None:
        self.is_stubborn = True
        if self.script is not None:
            message = f"iterations of {scenario} went on after they were cancelled"
            hint = "code that catches CancelledError has to raise it again"
            self.script.note(Note("cancellation_ignored", message, scenario, hint))

    def _close_down(self) -> None:
        if self._halt_grace is not None:
            self._halt_grace.cancel()
        for executor in self._executors:
            executor.close()
        self.connectors.close()

    async def _load(self, start: float, start_at_ns: int, started: Callable[[int], None]) -> None:
        # uvloop's timers may ring half a millisecond early.
        while monotonic() < start and not self._halted.is_set():
            await _wait_for(self._halted, start)
        if self._halted.is_set():
            return
        self._has_started = True
        started(start_at_ns)
        self._vitals.start(asyncio.get_running_loop())
        if self.script is not None:
            self.script.watchdog.start()
        try:
            async with asyncio.TaskGroup() as self._running:
                for executor in self._executors:
                    begin = start + float(executor.share.start_time)
                    self._running.create_task(executor.run(begin))
        finally:
            self._running = None
            self._vitals.stop()
            if self.script is not None:
                self.script.watchdog.stop()

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
        accounts = [one.load.account.to_wire(one.running) for one in self._executors]
        report = await unhurried(recorder.close_interval())
        report.run_id = self.run_id
        report.incarnation = self._incarnation
        report.accounts.extend(accounts)
        report.last = last
        report.epoch = self.epoch
        return report


async def _wait_for(event: asyncio.Event, until: float) -> None:
    """Return once the event is set, or at `until`, or up to a millisecond beside it."""
    try:
        async with asyncio.timeout(max(until - monotonic(), 0.001)):
            await event.wait()
    except TimeoutError:
        return
