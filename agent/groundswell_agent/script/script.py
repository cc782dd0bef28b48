"""A test's code on this agent, from its preparation on."""

from __future__ import annotations

from typing import TYPE_CHECKING, Self

from groundswell.script.loading import Code
from groundswell_agent.script.step import FunctionStep

if TYPE_CHECKING:
    from collections.abc import Collection, Mapping

    from groundswell.scenario.defaults import Defaults
    from groundswell.scenario.model import Test
    from groundswell.scenario.source import TestSource
    from groundswell.script.test import Test as DeclaredTest
    from groundswell_agent.engine.steps.scope import Scope


class Script:
    """The functions of a test, loaded; one per process at a time."""

    def __init__(self, code: Code, declared: DeclaredTest, test: Test, source: TestSource) -> None:
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
        return {**self._env, **self._test.scenarios[scenario].env}

    def step(self, scenario: str, scope: Scope) -> FunctionStep:
        return FunctionStep(self._declared.scenarios[scenario].function, scope, self)
