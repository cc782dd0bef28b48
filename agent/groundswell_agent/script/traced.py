"""The VU of a function that a trace follows: what it checks, pauses and groups is told."""

from __future__ import annotations

from time import monotonic
from typing import TYPE_CHECKING

from groundswell_agent.engine.trace import Checked
from groundswell_agent.script.vu import ScriptVu

if TYPE_CHECKING:
    from collections.abc import Mapping
    from contextlib import AbstractAsyncContextManager

    from groundswell_agent.engine.trace import Trace
    from groundswell_agent.engine.virtual_user import VirtualUser
    from groundswell_agent.script.scope import ScriptScope
    from groundswell_agent.script.script import Script


class TracedScriptVu(ScriptVu):
    __slots__ = ("_trace",)

    def __init__(
        self,
        vu: VirtualUser,
        scope: ScriptScope,
        env: Mapping[str, str],
        script: Script,
        trace: Trace,
    ) -> None:
        super().__init__(vu, scope, env, script)
        self._trace = trace

    def check(self, name: str, ok: object) -> bool:
        passed = super().check(name, ok)
        self._trace.checked(Checked(str(name), passed, ok))
        return passed

    async def pause(self, shortest: float, longest: float | None = None) -> None:
        if self._trace.unhurried:
            await super().pause(shortest, longest)
        else:
            length = shortest if longest is None else self.random.uniform(shortest, longest)
            self._skip("pause", length)

    async def pace(self, length: float) -> None:
        if self._trace.unhurried:
            await super().pace(length)
        else:
            self._skip("pace", max(self._vu.began + length - monotonic(), 0.0))

    def group(self, name: str) -> AbstractAsyncContextManager[None]:
        self._trace.note(f"group {name}")
        return super().group(name)

    def _skip(self, what: str, seconds: float) -> None:
        self._trace.skip(seconds)
        self._trace.note(f"{what}: {seconds:.3g}s, skipped")


def face_of(
    vu: VirtualUser, scope: ScriptScope, env: Mapping[str, str], script: Script
) -> ScriptVu:
    """The face of a VU, made once."""
    trace = scope.load.trace
    if trace is None:
        return ScriptVu(vu, scope, env, script)
    return TracedScriptVu(vu, scope, env, script, trace)
