"""A test's code on this agent, from its preparation on."""

from __future__ import annotations

from typing import TYPE_CHECKING, Self

from groundswell.script.loading import Code
from groundswell_agent.engine.phases import SetupResult
from groundswell_agent.script.phase import FunctionPhase
from groundswell_agent.script.step import FunctionStep

if TYPE_CHECKING:
    from collections.abc import Collection, Mapping

    from groundswell.scenario.defaults import Defaults
    from groundswell.scenario.model import Test
    from groundswell.scenario.source import TestSource
    from groundswell.script.test import Test as DeclaredTest
    from groundswell_agent.engine.connectors import Connectors
    from groundswell_agent.engine.phases import PhaseWork
    from groundswell_agent.engine.steps.scope import Scope
    from groundswell_agent.engine.trace import Trace


class Script:
    """The functions of a test, loaded; one per process at a time."""

    def __init__(self, code: Code, declared: DeclaredTest, test: Test, source: TestSource) -> None:
        # What setup gave, once it is there; the wire fills it.
        self.setup = SetupResult()
        self.files: Collection[str] = code.files
        self.defaults: Defaults | None = test.defaults
        self._declared = declared
        self._test = test
        self._env = source.env

    @classmethod
    def load(cls, test: Test, source: TestSource) -> Self | None:
        """None for a test of steps. InvalidTest where its code cannot be run here."""
        if not any(scenario.function for scenario in test.scenarios.values()):
            return None
        code = Code(source.name, source.text, source.env)
        return cls(code, code.test(), test, source)

    def env_of(self, scenario: str) -> Mapping[str, str]:
        """A phase is no scenario, and has the client's alone."""
        own = self._test.scenarios.get(scenario)
        return {**self._env, **(own.env if own is not None else {})}

    def phase(
        self, phase: str, connectors: Connectors, seed: int, listener: Trace | None
    ) -> PhaseWork:
        """Setup or teardown, ready to be done once."""
        return FunctionPhase(phase, self._declared, self._test, self, connectors, seed, listener)

    def step(self, scenario: str, scope: Scope) -> FunctionStep:
        return FunctionStep(self._declared.scenarios[scenario].function, scope, self)
