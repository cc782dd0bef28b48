"""Setup or teardown as a function: one VU, once, in no metric."""

from __future__ import annotations

import asyncio
from time import monotonic
from typing import TYPE_CHECKING

from groundswell.scenario.defaults import Defaults
from groundswell.scenario.model import BaseScenario
from groundswell.script.metrics import current
from groundswell.script.trace import place_of, told
from groundswell_agent.engine.ending import EndIteration
from groundswell_agent.engine.phases import PhaseFailed
from groundswell_agent.engine.scenario_load import ScenarioLoad
from groundswell_agent.engine.steps.scope import Scope
from groundswell_agent.engine.steps_phase import Notes
from groundswell_agent.engine.virtual_user import VirtualUser
from groundswell_agent.recording.recorder import Recorder
from groundswell_agent.script.scope import ScriptScope
from groundswell_agent.script.traced import face_of

if TYPE_CHECKING:
    from groundswell.scenario.model import Test
    from groundswell.script.test import Test as DeclaredTest
    from groundswell_agent.engine.connectors import Connectors
    from groundswell_agent.engine.trace import Trace
    from groundswell_agent.script.script import Script


class FunctionPhase:
    """`name` is setup or teardown."""

    def __init__(
        self,
        name: str,
        declared: DeclaredTest,
        test: Test,
        script: Script,
        connectors: Connectors,
        seed: int,
        listener: Trace | None,
    ) -> None:
        self._function = declared.phases[name].function
        self._script = script
        self._notes = Notes(listener)
        # Nobody reads what is recorded: the run's metrics are of its load.
        phase = test.setup if name == "setup" else test.teardown
        assert phase is not None
        scenario = BaseScenario(steps=(), http=phase.http)
        self._load = ScenarioLoad(
            name, scenario, test.target, Recorder(), connectors, seed, trace=self._notes
        )
        self._scope = Scope(self._load, test.target, self._load.tags, takes_cookies=True)

    @property
    def requests(self) -> int:
        return self._notes.requests

    @property
    def place(self) -> str:
        return self._notes.place

    async def do(self) -> object:
        """What the function returns."""
        script = self._script
        vu = VirtualUser(0, self._load)
        vu.due = vu.began = monotonic()
        vu.iterations = 0
        scope = ScriptScope(self._scope, script.defaults or Defaults())
        face = face_of(vu, scope, script.env_of(self._load.name), script)
        current.set(face)
        try:
            return await self._function(face)
        except EndIteration:
            return None
        except asyncio.CancelledError:
            raise
        except (Exception, SystemExit) as error:
            place = place_of(error, script.files)
            where = f"{place}: " if place is not None else ""
            raise PhaseFailed(f"{where}{told(error)}", failure="exception") from error
        finally:
            vu.close()
            # Nobody else may ask this agent for anything again.
            await script.resources.close()
