"""From the steps of a scenario to what a VU awaits: a new kind of step is a file here and a line
below.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from groundswell.scenario.step_model import (
    GroupStep,
    IfStep,
    NormalPauseStep,
    PaceStep,
    ParallelStep,
    PauseStep,
    RepeatStep,
    RequestStep,
    WeightedStep,
    WhileStep,
)
from groundswell_agent.engine.steps.choice import Choice
from groundswell_agent.engine.steps.digest_request import DigestRequest
from groundswell_agent.engine.steps.group import Group
from groundswell_agent.engine.steps.loops import Repeat, While
from groundswell_agent.engine.steps.parallel import Parallel
from groundswell_agent.engine.steps.pause import NormalPause, Pace, Pause
from groundswell_agent.engine.steps.request import Request
from groundswell_agent.engine.steps.traced import TracedRequest, compile_traced
from groundswell_agent.engine.steps.weighted import Weighted
from groundswell_agent.engine.traced import TracedReading

if TYPE_CHECKING:
    from collections.abc import Sequence

    from groundswell.scenario.step_model import Step
    from groundswell_agent.engine.steps.scope import CompiledStep, Scope


def compile_steps(steps: Sequence[Step], scope: Scope) -> tuple[CompiledStep, ...]:
    # Bound, because calling an object with a `__call__` takes three times as long.
    return tuple(_compile(step, scope).__call__ for step in steps)


def _compile(step: Step, scope: Scope) -> CompiledStep:
    if isinstance(step, RequestStep):
        return _request(step, scope)
    if scope.load.trace is not None:
        return compile_traced(step, scope, scope.load.trace, compile_steps)
    match step:
        case PauseStep():
            return Pause(step)
        case NormalPauseStep():
            return NormalPause(step)
        case PaceStep():
            return Pace(step)
        case GroupStep():
            return Group(step, scope, compile_steps)
        case IfStep():
            return Choice(step, scope, compile_steps)
        case RepeatStep():
            return Repeat(step, scope, compile_steps)
        case WhileStep():
            return While(step, scope, compile_steps)
        case WeightedStep():
            return Weighted(step, scope, compile_steps)
        case ParallelStep():
            return Parallel(step, scope, compile_steps)


def _request(step: RequestStep, scope: Scope) -> CompiledStep:
    trace = scope.load.trace
    reading = None if trace is None else TracedReading(step, scope, trace)
    request = (
        Request(step, scope, reading)
        if step.digest is None
        else DigestRequest(step, scope, step.digest, reading)
    )
    return request if trace is None else TracedRequest(step, request, trace)
