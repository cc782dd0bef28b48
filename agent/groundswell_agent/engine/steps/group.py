"""Steps under one name, whose time is measured as a whole."""

from __future__ import annotations

from typing import TYPE_CHECKING

from groundswell_agent.recording.rows import span

if TYPE_CHECKING:
    from groundswell.scenario.step_model import GroupStep
    from groundswell_agent.engine.steps.scope import Compile, Scope
    from groundswell_agent.engine.virtual_user import VirtualUser


class Group:
    """From when its first step was due to when its last one ended, pauses included."""

    __slots__ = ("_record", "_steps")

    def __init__(self, step: GroupStep, scope: Scope, compile_steps: Compile) -> None:
        inner = scope.in_group(step.name)
        self._steps = compile_steps(step.steps, inner)
        self._record = scope.load.recorder.trend("group_duration", inner.tags).record

    async def __call__(self, vu: VirtualUser) -> None:
        began = vu.due
        for step in self._steps:
            await step(vu)
        self._record(span(began, vu.due))
