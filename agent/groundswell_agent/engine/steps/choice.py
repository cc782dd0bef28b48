"""`if`: one of two lists of steps."""

from __future__ import annotations

from typing import TYPE_CHECKING

from groundswell_agent.engine.conditions import compile_condition

if TYPE_CHECKING:
    from groundswell.scenario.step_model import IfStep
    from groundswell_agent.engine.steps.scope import Compile, Scope
    from groundswell_agent.engine.virtual_user import VirtualUser


class Choice:
    __slots__ = ("_holds", "_otherwise", "_then")

    def __init__(self, step: IfStep, scope: Scope, compile_steps: Compile) -> None:
        self._holds = compile_condition(step.condition, scope.load)
        self._then = compile_steps(step.then, scope)
        self._otherwise = compile_steps(step.otherwise, scope)

    async def __call__(self, vu: VirtualUser) -> None:
        for step in self._then if self._holds(vu) else self._otherwise:
            await step(vu)
