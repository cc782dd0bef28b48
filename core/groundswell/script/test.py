"""A test as a Python file declares it: what a YAML file says in keys, and scenarios as functions."""

from __future__ import annotations

import inspect
from dataclasses import dataclass
from typing import TYPE_CHECKING, ClassVar, Literal, Protocol, TypedDict, TypeVar, overload

from groundswell.errors import GroundswellError
from groundswell.exit_codes import ExitCode
from groundswell.script.call import Call

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable, Mapping, Sequence

    from groundswell.script.executors import Duration, Executor
    from groundswell.script.vu import VU

    ScenarioFunction = Callable[[VU], Awaitable[object]]
    PhaseFunction = ScenarioFunction

F = TypeVar("F", bound="ScenarioFunction")


class Misdeclared(GroundswellError):
    """A test that is put together in a way that makes none."""

    exit_code = ExitCode.INVALID_TEST


class _Decorator(Protocol):
    """Gives back the function that it is given."""

    def __call__(self, function: F, /) -> F: ...


class Defaults(TypedDict, total=False):
    """What every request takes where it does not say it itself."""

    timeout: Duration
    headers: Mapping[str, str]
    auth: Mapping[str, object]
    tags: Mapping[str, str]
    cookies: Literal["iteration", "keep", "off"]


class _File(TypedDict):
    file: str


class Data(_File, total=False):
    """Rows of a file, seen from the test's own."""

    pick: Literal["unique", "sequential", "random", "per-vu"]
    on_end: Literal["stop", "recycle"]
    format: Literal["csv", "json", "jsonl"]
    delimiter: str


class _Expression(TypedDict):
    threshold: str


class LongThreshold(_Expression, total=False):
    """A threshold that also says when it aborts the run, or judges windows."""

    abort_on_fail: bool
    delay_abort_eval: Duration
    over: Duration


# "p(95) < 300ms"
Threshold = str | LongThreshold


class Limits(TypedDict, total=False):
    """When an agent is too slow for its numbers to be trusted."""

    send_lag: Duration
    loop_lag: Duration
    cpu_throttled: str | float


@dataclass(frozen=True, slots=True)
class ScriptPhase:
    """A function that one agent calls once."""

    function: PhaseFunction
    timeout: Duration | None
    call: Call


@dataclass(frozen=True, slots=True)
class ScriptScenario:
    """A function and how load arrives at it."""

    name: str
    executor: Executor
    function: ScenarioFunction
    call: Call


class Test:
    """A load test: a target, scenarios, and what must hold.

        test = Test("checkout", target="https://shop.staging.internal")

        @test.scenario(arrival_rate("500/s", duration="10m", max_vus=2000))
        async def browse(vu: VU) -> None:
            ...

    Values are those of a test file, templates with `{{ env.NAME }}` included. A file makes one
    test. One that sends no HTTP requests of ours, or only to whole URLs, needs no target.
    """

    # pytest takes every class called Test… for one of its own.
    __test__: ClassVar[bool] = False

    def __init__(
        self,
        name: str,
        *,
        target: str | None = None,
        confirm: Literal["production"] | None = None,
        defaults: Defaults | None = None,
        http: Mapping[str, object] | None = None,
        data: Mapping[str, Data] | None = None,
        labels: Mapping[str, str] | None = None,
        warmup: Duration | None = None,
        thresholds: Mapping[str, Threshold | Sequence[Threshold]] | None = None,
        generator_limits: Limits | None = None,
    ) -> None:
        self.name = name
        self.scenarios: dict[str, ScriptScenario] = {}
        self.phases: dict[str, ScriptPhase] = {}
        # Keys of a test file, in its order; checked by the shapes that read one.
        self.keys: Mapping[str, object] = {
            "test": name,
            "target": target,
            "confirm": confirm,
            "defaults": defaults,
            "http": http,
            "data": data,
            "labels": labels,
            "warmup": warmup,
            "thresholds": thresholds,
            "generator_limits": generator_limits,
        }
        self.call = Call.here(1, "test")

    def scenario(self, executor: Executor, *, name: str | None = None) -> Callable[[F], F]:
        """Make a function a scenario: it is awaited once for every iteration, with the VU that
        iterates. The scenario has the function's name unless it is given another.
        """
        call = Call.here(1, "executor")

        def declare(function: F) -> F:
            scenario = name or str(getattr(function, "__name__", ""))
            _check_function(function, f"the scenario {scenario}", scenario)
            if scenario in self.scenarios:
                raise Misdeclared(f"two scenarios are called {scenario}", hint="name=…")
            self.scenarios[scenario] = ScriptScenario(scenario, executor, function, call)
            return function

        return declare

    @overload
    def setup(self, function: F, /) -> F: ...

    @overload
    def setup(self, *, timeout: Duration | None = None) -> _Decorator: ...

    def setup(
        self, function: PhaseFunction | None = None, *, timeout: Duration | None = None
    ) -> object:
        """Call a function once before the load, on one agent; in no metric. What it returns, all
        that JSON can hold, every VU has as `vu.setup`.
        """
        return self._phase("setup", function, timeout)

    @overload
    def teardown(self, function: F, /) -> F: ...

    @overload
    def teardown(self, *, timeout: Duration | None = None) -> _Decorator: ...

    def teardown(
        self, function: PhaseFunction | None = None, *, timeout: Duration | None = None
    ) -> object:
        """Call a function once after the load, on one agent; in no metric."""
        return self._phase("teardown", function, timeout)

    def _phase(
        self, phase: str, function: PhaseFunction | None, timeout: Duration | None
    ) -> object:
        call = Call.here(2)

        def declare(function: PhaseFunction) -> PhaseFunction:
            _check_function(function, phase, getattr(function, "__name__", phase))
            if phase in self.phases:
                raise Misdeclared(f"a test has one {phase}", hint="call the other from it")
            self.phases[phase] = ScriptPhase(function, timeout, call)
            return function

        return declare if function is None else declare(function)


def _check_function(function: object, what: str, name: str) -> None:
    hint = f"write: async def {name}(vu: VU) -> None:"
    if not inspect.iscoroutinefunction(function):
        raise Misdeclared(f"{what} is no `async def` function", hint=hint)
    try:
        inspect.signature(function).bind(None)
    except TypeError:
        raise Misdeclared(f"{what} does not take one argument, the VU", hint=hint) from None
