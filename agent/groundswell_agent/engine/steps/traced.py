"""Steps as a trace hears of them; compiled only where there is one. What they do is the same."""

from __future__ import annotations

from time import monotonic
from typing import TYPE_CHECKING, Protocol

from groundswell.scenario.conditions import expressions_in
from groundswell.scenario.expressions import names_in
from groundswell.scenario.step_model import (
    GroupStep,
    IfStep,
    NormalPauseStep,
    PaceStep,
    ParallelStep,
    PauseStep,
    RepeatStep,
    WeightedStep,
    WhileStep,
)
from groundswell.scenario.values import as_json
from groundswell.scenario.wording import condition_text, expression_text
from groundswell_agent.engine.ending import EndIteration
from groundswell_agent.engine.steps.choice import Choice
from groundswell_agent.engine.steps.group import Group
from groundswell_agent.engine.steps.loops import Repeat, While
from groundswell_agent.engine.steps.parallel import Parallel, run_branch
from groundswell_agent.engine.steps.pause import NormalPause, Pace, Pause
from groundswell_agent.engine.steps.weighted import Weighted
from groundswell_agent.engine.values import compile_value

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from groundswell.scenario.conditions import Condition
    from groundswell.scenario.step_model import RequestStep, Step
    from groundswell_agent.engine.steps.scope import Compile, CompiledStep, Scope
    from groundswell_agent.engine.trace import Trace
    from groundswell_agent.engine.values import Value
    from groundswell_agent.engine.virtual_user import VirtualUser

    Flow = (
        PauseStep
        | NormalPauseStep
        | PaceStep
        | GroupStep
        | IfStep
        | RepeatStep
        | WhileStep
        | WeightedStep
        | ParallelStep
    )

_LONGEST_VALUE = 60


def compile_traced(step: Flow, scope: Scope, trace: Trace, compile_steps: Compile) -> CompiledStep:
    match step:
        case PauseStep():
            return TracedWait("pause", Pause(step), trace)
        case NormalPauseStep():
            return TracedWait("pause", NormalPause(step), trace)
        case PaceStep():
            return TracedWait("pace", Pace(step), trace)
        case GroupStep():
            said = _Said(trace, lambda vu: f"group {step.name}")
            return _InOrder((said, Group(step, scope, compile_steps)))
        case IfStep():
            asked = _Asked("if", step.condition, scope)
            outcomes = iter(("it holds", "it does not hold"))
            return Choice(
                step,
                scope,
                _announcing(lambda: asked.followed_by(next(outcomes)), trace, compile_steps),
            )
        case RepeatStep():
            count = _Count("repeat", trace)
            return _InOrder((count, Repeat(step, scope, count.before_each(compile_steps))))
        case WhileStep():
            count = _Count("while", trace, _Asked("while", step.condition, scope))
            loop = While(step, scope, count.before_each(compile_steps))
            return _InOrder((count, loop, _Said(trace, count.told)))
        case WeightedStep():
            weights = iter(step.branches)
            total = sum(branch.weight for branch in step.branches)
            return Weighted(
                step,
                scope,
                _announcing(
                    lambda: _constant(f"weighted: {next(weights).weight} of {total}"),
                    trace,
                    compile_steps,
                ),
            )
        case ParallelStep():
            kind = OneByOne if trace.one_by_one else Parallel
            said = _Said(trace, lambda vu: f"parallel: {len(step.branches)} branches")
            return _InOrder((said, kind(step, scope, compile_steps)))


class TracedRequest:
    """`request` is the step itself, compiled with a `TracedReading`."""

    __slots__ = ("_request", "_step", "_trace")

    def __init__(self, step: RequestStep, request: CompiledStep, trace: Trace) -> None:
        self._step = step
        self._request = request
        self._trace = trace

    async def __call__(self, vu: VirtualUser) -> None:
        self._trace.begin(self._step)
        await self._request(vu)


class Waits(Protocol):
    def length(self, vu: VirtualUser) -> float: ...

    async def __call__(self, vu: VirtualUser) -> None: ...


class TracedWait:
    """Chance is asked as often as ever, so that what comes after it is the same with the same seed."""

    def __init__(self, what: str, wait: Waits, trace: Trace) -> None:
        self._what = what
        self._wait = wait
        self._trace = trace

    async def __call__(self, vu: VirtualUser) -> None:
        if self._trace.unhurried:
            began = monotonic()
            await self._wait(vu)
            self._trace.note(f"{self._what}: waited {_seconds(monotonic() - began)}")
        else:
            length = self._wait.length(vu)
            self._trace.skip(length)
            self._trace.note(f"{self._what}: {_seconds(length)}, skipped")
            vu.due = monotonic()


class OneByOne(Parallel):
    """Branches that follow each other, each on connections of its own: to be read, not to be quick."""

    __slots__ = ()

    async def __call__(self, vu: VirtualUser) -> None:
        ends = False
        for number, steps in enumerate(self.branches):
            branch = vu.branch(number)
            branch.due = monotonic()
            ends = await run_branch(steps, branch) or ends
        vu.due = monotonic()
        if ends:
            raise EndIteration


class _InOrder:
    def __init__(self, steps: Sequence[CompiledStep]) -> None:
        self._steps = steps

    async def __call__(self, vu: VirtualUser) -> None:
        for step in self._steps:
            await step(vu)


class _Said:
    """A note, made when it is due."""

    def __init__(self, trace: Trace, line: Callable[[VirtualUser], str]) -> None:
        self._trace = trace
        self._line = line

    async def __call__(self, vu: VirtualUser) -> None:
        self._trace.note(self._line(vu))


class _Asked:
    """A condition, and what its names stand for when it is asked."""

    def __init__(self, word: str, condition: Condition, scope: Scope) -> None:
        self._text = f"{word} {condition_text(condition)}"
        names = dict.fromkeys(
            name for expression in expressions_in(condition) for name in names_in(expression)
        )
        self._values: list[tuple[str, Value]] = [
            (expression_text(name), compile_value(name, scope.load)) for name in names
        ]

    def __call__(self, vu: VirtualUser) -> str:
        values = ", ".join(f"{name} is {shortened(value(vu))}" for name, value in self._values)
        return f"{self._text}: {values}" if values else self._text

    def followed_by(self, outcome: str) -> Callable[[VirtualUser], str]:
        return lambda vu: f"{self(vu)}: {outcome}"


class _Count:
    """How often a loop has been gone through; itself the step that begins to count."""

    def __init__(self, word: str, trace: Trace, asked: _Asked | None = None) -> None:
        self._word = word
        self._trace = trace
        self._asked = asked
        self._passes = 0

    async def __call__(self, vu: VirtualUser) -> None:
        self._passes = 0

    def before_each(self, compile_steps: Compile) -> Compile:
        return _announcing(lambda: self._next, self._trace, compile_steps)

    def told(self, vu: VirtualUser) -> str:
        """Of a loop that has come to its end."""
        asked = self._word if self._asked is None else self._asked(vu)
        return f"{asked}: ended after {self._passes}"

    def _next(self, vu: VirtualUser) -> str:
        self._passes += 1
        asked = self._word if self._asked is None else self._asked(vu)
        return f"{asked}: pass {self._passes}"


def _announcing(
    line: Callable[[], Callable[[VirtualUser], str]], trace: Trace, compile_steps: Compile
) -> Compile:
    """Compiles each list of steps with a note before it."""

    def compile_with_note(steps: Sequence[Step], scope: Scope) -> tuple[CompiledStep, ...]:
        return (_Said(trace, line()), *compile_steps(steps, scope))

    return compile_with_note


def _constant(line: str) -> Callable[[VirtualUser], str]:
    return lambda vu: line


def shortened(value: object, most: int = _LONGEST_VALUE) -> str:
    """As JSON, not too much of it."""
    text = as_json(value)
    return text if len(text) <= most else f"{text[:most]}…"


def _seconds(seconds: float) -> str:
    return f"{seconds * 1000:.0f}ms" if seconds < 1 else f"{seconds:.3g}s"
