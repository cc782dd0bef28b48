"""The phases of one run on one agent: what it does once, should it be the one, and what setup gave."""

from __future__ import annotations

from typing import TYPE_CHECKING

from groundswell.files.places import UNSEEN
from groundswell.scenario.expressions import SETUP
from groundswell_agent.engine.phases import Kind, Performance, SetupNames, SetupResult
from groundswell_agent.engine.steps_phase import StepsPhase

if TYPE_CHECKING:
    from collections.abc import Mapping

    from groundswell.files.places import Files
    from groundswell.scenario.model import Test
    from groundswell_agent.engine.connectors import Connectors
    from groundswell_agent.engine.phases import PhaseWork
    from groundswell_agent.engine.trace import Trace
    from groundswell_agent.engine.values import Namespace
    from groundswell_agent.script.script import Script


class Phases:
    """What a run does once on this agent, should it be the one; and what setup gave, on every agent."""

    def __init__(
        self,
        test: Test,
        connectors: Connectors,
        seed: int,
        files: Files = UNSEEN,
        listener: Trace | None = None,
        script: Script | None = None,
    ) -> None:
        """Compiles both, so that what is wrong with either is found before the load."""
        self._setup_result = SetupResult() if script is None else script.setup
        self.namespaces: Mapping[str, Namespace] = {}
        self._phases = {Kind.SETUP: test.setup, Kind.TEARDOWN: test.teardown}
        if test.setup is not None:
            self.namespaces = {SETUP: SetupNames(self._setup_result)}
        self._works: dict[Kind, PhaseWork] = {
            kind: StepsPhase(
                *(
                    kind.value,
                    phase,
                    test.target,
                    connectors,
                    seed,
                    self.namespaces,
                    files,
                    listener,
                )
            )
            if script is None
            else script.phase(kind.value, connectors, seed, listener)
            for kind, phase in self._phases.items()
            if phase is not None
        }

    def performance(self, kind: Kind) -> Performance:
        """KeyError where the test has no such phase."""
        phase = self._phases[kind]
        assert phase is not None
        return Performance(self._works[kind], kind, phase.timeout)

    def take_result(self, result: bytes) -> None:
        """What setup gave, before the load."""
        self._setup_result.take(result)
