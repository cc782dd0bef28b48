"""Steps that are gone through several times: so often, or while a condition holds."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING

from groundswell.scenario.comparisons import as_number
from groundswell.scenario.flow import MOST_PASSES
from groundswell_agent.engine.conditions import compile_condition
from groundswell_agent.engine.values import compile_value

if TYPE_CHECKING:
    from groundswell.scenario.step_model import RepeatStep, WhileStep
    from groundswell_agent.engine.steps.scope import Compile, CompiledStep, Scope
    from groundswell_agent.engine.values import Value
    from groundswell_agent.engine.virtual_user import VirtualUser


async def _pass(steps: tuple[CompiledStep, ...], vu: VirtualUser) -> None:
    """Once through the steps. A pace in them counts from here."""
    outer, vu.began = vu.began, vu.due
    for step in steps:
        await step(vu)
    vu.began = outer
    # Steps that never wait, and there may be such, must let others have their turn.
    await asyncio.sleep(0)


class Repeat:
    __slots__ = ("_steps", "_times")

    def __init__(self, step: RepeatStep, scope: Scope, compile_steps: Compile) -> None:
        self._steps = compile_steps(step.steps, scope)
        self._times: int | Value
        if isinstance(step.times, int):
            self._times = step.times
        else:
            assert step.times.only is not None
            self._times = compile_value(step.times.only, scope.load)

    async def __call__(self, vu: VirtualUser) -> None:
        times = self._times if isinstance(self._times, int) else _whole(self._times(vu))
        for _ in range(times):
            await _pass(self._steps, vu)


def _whole(value: object) -> int:
    """What is no number repeats nothing."""
    return int(min(max(as_number(value) or 0, 0), MOST_PASSES))


class While:
    __slots__ = ("_holds", "_most", "_steps")

    def __init__(self, step: WhileStep, scope: Scope, compile_steps: Compile) -> None:
        self._holds = compile_condition(step.condition, scope.load)
        self._most = step.most
        self._steps = compile_steps(step.steps, scope)

    async def __call__(self, vu: VirtualUser) -> None:
        for _ in range(self._most):
            if not self._holds(vu):
                return
            await _pass(self._steps, vu)
