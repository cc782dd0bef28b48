"""What all VUs of one scenario share on one agent: compiled steps, account, where samples go."""

from __future__ import annotations

from time import monotonic
from typing import TYPE_CHECKING

from groundswell.files.places import UNSEEN
from groundswell.scenario.model import ConstantVus, RampingVus
from groundswell.schedule.arrivals import stream_seed
from groundswell_agent.engine.account import Account, Drop
from groundswell_agent.engine.cut import Cut
from groundswell_agent.engine.data import row_taker
from groundswell_agent.engine.steps import Scope, compile_steps
from groundswell_agent.engine.traced import TracedClient
from groundswell_agent.recording.rows import amount

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from groundswell.files.places import Files
    from groundswell.scenario.model import BaseScenario
    from groundswell_agent.engine.connectors import Connectors
    from groundswell_agent.engine.fake import FakeData
    from groundswell_agent.engine.steps.scope import CompiledStep
    from groundswell_agent.engine.trace import Trace
    from groundswell_agent.engine.values import Namespace
    from groundswell_agent.recording.recorder import Recorder
    from groundswell_agent.script.script import Script


class ScenarioLoad:
    """One scenario on one agent."""

    def __init__(
        self,
        name: str,
        scenario: BaseScenario,
        target: str,
        recorder: Recorder,
        connectors: Connectors,
        seed: int | str,
        namespaces: Mapping[str, Namespace] | None = None,
        files: Files = UNSEEN,
        script: Script | None = None,
        trace: Trace | None = None,
    ) -> None:
        """`seed` is the run's; `namespaces` are what templates may name besides captures, `files` what
        steps may read when they are compiled. A test in Python has a `script` in place of steps. With a
        `trace`, steps are compiled to tell it everything, and to measure nothing.
        """
        self.name = name
        self.files = files
        self.namespaces: Mapping[str, Namespace] = namespaces or {}
        self.keeps_cookies = scenario.cookies == "keep"
        self.account = Account(name)
        # Why an iteration that is cancelled now is. An abort is the last word: see Executor.cancel.
        self.cut = Cut.GRACE
        self.recorder = recorder
        self.tags: Mapping[str, str] = {"scenario": name, **scenario.tags}
        self.first_fault: BaseException | None = None
        # Set by the engine: a run with a defect in it must not go on and look well.
        self.on_fault: Callable[[], None] = _ignore
        # Likewise: the process of code that cannot be stopped must not serve another run.
        self.on_abandon: Callable[[], None] = _ignore
        self._has_plan = not isinstance(scenario, ConstantVus | RampingVus)
        # Gives a VU the rows of its next iteration; None where none are to be given.
        self.take_rows = row_taker(self.namespaces)
        self._seed = seed
        self._locale = scenario.locale
        self._fake: FakeData | None = None
        connector, new_client = connectors.clients(scenario.http)
        self.trace = trace
        self.new_client = (
            new_client if trace is None else lambda: TracedClient(new_client(), connector, trace)
        )
        self.lease = connector.lease
        # Takes the `span` of an iteration that has come to its end.
        self.record_iteration: Callable[[bytes], None] = recorder.iterations(self.tags).record
        self._dropped = recorder.counter("dropped_iterations", self.tags)
        self._interrupted = recorder.counter("interrupted_iterations", self.tags)
        # Said in each request, as whoever ends a connection after it does.
        self.closes_connections = scenario.http.connections == "new"
        scope = Scope(self, target, self.tags, takes_cookies=scenario.cookies != "off")
        self.steps: tuple[CompiledStep, ...]
        if script is None:
            self.steps = compile_steps(scenario.steps, scope)
        else:
            self.steps = (script.step(name, scope),)

    @property
    def fake_data(self) -> FakeData:
        """Made when a template first asks for some: the library takes its time to import."""
        if self._fake is None:
            from groundswell_agent.engine.fake import FakeData

            self._fake = FakeData(self._locale, self.seed_of("fake"))
        return self._fake

    def may_start(self) -> bool:
        """Whether the agent may still load at all; asked before an iteration, or all that start in one go."""
        if self.lease.holds():
            return True
        self.lease.end()
        return False

    def seed_of(self, stream: str) -> int:
        """The seed of one of its streams of chance."""
        return stream_seed(self._seed, self.name, stream)

    def send_lag(self) -> Callable[[bytes], None]:
        """Takes the `span` from the planned start of an iteration to the real one. Asked for when there is
        one: a closed scenario plans no starts to lag behind.
        """
        return self.recorder.trend("send_lag", self.tags).record

    def drop(self, reason: Drop, planned: float, times: int = 1) -> None:
        """`times` iterations that were planned for `planned` are not going to happen.

        What was lost with another agent is in the account alone: of most of it no agent hears, and a
        threshold on a part of it would judge luck.
        """
        self.account.drop(reason, times, planned=self._has_plan)
        if reason is not Drop.AGENT_LOST:
            self._dropped.record(amount(planned, times))

    def interrupted(self, at: float) -> None:
        """An iteration was cancelled before its end."""
        self.account.interrupted += 1
        self._interrupted.count(at)

    def abandon(self, count: int) -> None:
        """So many iterations could not be cancelled. They are counted as if they had been."""
        self.account.interrupted += count
        self._interrupted.record(amount(monotonic(), count))
        self.on_abandon()

    def fault(self, error: BaseException) -> None:
        """An iteration raised: a defect of ours, since whatever a target does is a sample."""
        self.first_fault = self.first_fault or error
        self.on_fault()


def _ignore() -> None:
    """Until the engine has said what a fault means."""
