"""A scenario's function as the one step of its iterations."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING

from groundswell.scenario.defaults import Defaults
from groundswell.script.metrics import current
from groundswell_agent.engine.ending import EndIteration
from groundswell_agent.script.faults import Faults
from groundswell_agent.script.scope import ScriptScope
from groundswell_agent.script.traced import face_of

if TYPE_CHECKING:
    from collections.abc import Mapping

    from groundswell.script.test import ScenarioFunction
    from groundswell_agent.engine.steps.scope import Scope
    from groundswell_agent.engine.virtual_user import VirtualUser
    from groundswell_agent.script.script import Script
    from groundswell_agent.script.vu import ScriptVu


class FunctionStep:
    """Calls the function. Whatever it raises ends the iteration, and is counted; a cancellation by
    the engine passes.
    """

    __slots__ = ("_env", "_faces", "_faults", "_function", "_lease", "_scope", "_script")

    def __init__(self, function: ScenarioFunction, scope: Scope, script: Script) -> None:
        self._function = function
        self._scope = ScriptScope(scope, script.defaults or Defaults())
        self._env: Mapping[str, str] = script.env_of(scope.load.name)
        self._script = script
        self._faults = Faults(scope.load, script)
        self._lease = scope.load.lease
        self._faces: dict[VirtualUser, ScriptVu] = {}

    async def __call__(self, vu: VirtualUser) -> None:
        face = self._faces.get(vu)
        if face is None:
            face = self._faces[vu] = face_of(vu, self._scope, self._env, self._script)
        face.begin(self._scope)
        current.set(face)
        try:
            await self._function(face)
        except EndIteration:
            raise
        except asyncio.CancelledError as error:
            task = asyncio.current_task()
            if (task is not None and task.cancelling()) or not self._lease.holds():
                raise
            # Something within the function was cancelled, and not the iteration.
            self._end(error, face)
        except (Exception, SystemExit) as error:
            self._end(error, face)

    def _end(self, error: BaseException, face: ScriptVu) -> None:
        self._faults.note(error, face)
        raise EndIteration from None
