"""A test's code on this agent, from its preparation on."""

from __future__ import annotations

import logging
from typing import TYPE_CHECKING, Self

from groundswell.errors import GroundswellError
from groundswell.exit_codes import ExitCode
from groundswell.script.loading import Code
from groundswell_agent.engine.phases import SetupResult
from groundswell_agent.script.phase import FunctionPhase
from groundswell_agent.script.resources import Resources
from groundswell_agent.script.step import FunctionStep
from groundswell_agent.script.watchdog import Watchdog

if TYPE_CHECKING:
    from collections.abc import Callable, Collection, Mapping

    from groundswell.scenario.defaults import Defaults
    from groundswell.scenario.model import Test
    from groundswell.scenario.source import TestSource
    from groundswell.script.test import Test as DeclaredTest
    from groundswell_agent.engine.connectors import Connectors
    from groundswell_agent.engine.phases import PhaseWork
    from groundswell_agent.engine.steps.scope import Scope
    from groundswell_agent.engine.trace import Trace
    from groundswell_agent.script.note import Note


# A shorter value may be a part of anything.
_SHORTEST_SECRET = 8

_log = logging.getLogger(__name__)


class ScriptsRefused(GroundswellError):
    """This agent was told to run nobody's code."""

    exit_code = ExitCode.INVALID_TEST


class Script:
    """The functions of a test, loaded; one per process at a time."""

    def __init__(self, code: Code, declared: DeclaredTest, test: Test, source: TestSource) -> None:
        self.files: Collection[str] = code.files
        # Who hears of what is found under load; set by the agent.
        self.on_note: Callable[[Note], None] = _ignore
        # What setup gave, once it is there; the wire fills it.
        self.setup = SetupResult()
        self.resources = Resources()
        self.watchdog = Watchdog(self.files, self.note)
        self.defaults: Defaults | None = test.defaults
        self._declared = declared
        self._test = test
        self._env = source.env

    @classmethod
    def load(cls, test: Test, source: TestSource, *, is_allowed: bool) -> Self | None:
        """None for a test of steps. InvalidTest where its code cannot be run here."""
        if not any(scenario.function for scenario in test.scenarios.values()):
            return None
        if not is_allowed:
            hint = "choose other agents, or start it without --no-scripts"
            raise ScriptsRefused("this agent runs no tests in Python", hint=hint)
        code = Code(source.name, source.text, source.env)
        return cls(code, code.test(), test, source)

    def note(self, note: Note) -> None:
        _log.info("%s", note.message)
        self.on_note(note)

    def without_secrets(self, text: str) -> str:
        """The text, with names in place of what the environment holds."""
        for name, value in self._env.items():
            if len(value) >= _SHORTEST_SECRET:
                text = text.replace(value, f"{{{{ env.{name} }}}}")
        return text

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


def _ignore(_: Note) -> None:
    """Until the agent has said who hears of it."""
