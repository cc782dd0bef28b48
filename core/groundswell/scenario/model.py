"""A test as data: what the file says, checked and typed, and nothing of how it is run.

Durations are exact seconds and rates exact events per second, both `Fraction`, so that a schedule
made of them is exact. The loader reads a file into these classes and tells what is wrong with it;
the classes themselves hold the defaults and the types, for tests that come from elsewhere than a
file.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from fractions import Fraction
from typing import TYPE_CHECKING, ClassVar, Literal

from groundswell.metrics.catalog import BUILTIN
from groundswell.scenario.fake import DEFAULT_LOCALE
from groundswell.scenario.http_model import Http
from groundswell.scenario.step_model import (
    DEFAULT_TIMEOUT,
    Check,
    Cookies,
    PauseStep,
    RequestStep,
    Step,
    all_requests,
    all_steps,
)

if TYPE_CHECKING:
    from collections.abc import Mapping

    from groundswell.metrics.catalog import Metric
    from groundswell.scenario.data_source import DataSource
    from groundswell.scenario.defaults import Defaults

__all__ = [
    "DEFAULT_TIMEOUT",
    "Check",
    "PauseStep",
    "RequestStep",
    "Step",
    "all_requests",
    "all_steps",
]

Duration = Fraction
Rate = Fraction

DEFAULT_PHASE_TIMEOUT = Fraction(60)


@dataclass(frozen=True, slots=True, kw_only=True)
class ClosedStage:
    duration: Duration
    target: int


@dataclass(frozen=True, slots=True, kw_only=True)
class OpenStage:
    duration: Duration
    target: Rate


@dataclass(frozen=True, slots=True, kw_only=True)
class BaseScenario:
    """What every scenario has, whatever its executor. `env` is filled in already."""

    start_time: Duration = Fraction(0)
    graceful_stop: Duration = Fraction(30)
    tags: Mapping[str, str] = field(default_factory=dict[str, str])
    env: Mapping[str, str] = field(default_factory=dict[str, str])
    # How long a VU keeps what the target set: for one iteration (the default), for its life, not
    # at all. None: what the test's defaults say.
    cookies: Cookies | None = None
    # Over what the test's own `http` says.
    http: Http = field(default_factory=Http)
    # The data sources that its steps name.
    data: tuple[str, ...] = ()
    steps: tuple[Step, ...]
    # Of fake data: that of the test.
    locale: str = DEFAULT_LOCALE
    # Of a test in Python, which has no steps: the function that an iteration calls.
    function: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class ConstantVus(BaseScenario):
    executor: Literal["constant-vus"] = "constant-vus"
    vus: int = 1
    duration: Duration


@dataclass(frozen=True, slots=True, kw_only=True)
class RampingVus(BaseScenario):
    executor: Literal["ramping-vus"] = "ramping-vus"
    start_vus: int = 1
    stages: tuple[ClosedStage, ...]
    graceful_ramp_down: Duration = Fraction(30)


@dataclass(frozen=True, slots=True, kw_only=True)
class SharedIterations(BaseScenario):
    executor: Literal["shared-iterations"] = "shared-iterations"
    vus: int = 1
    iterations: int = 1
    max_duration: Duration = Fraction(600)


@dataclass(frozen=True, slots=True, kw_only=True)
class PerVuIterations(BaseScenario):
    executor: Literal["per-vu-iterations"] = "per-vu-iterations"
    vus: int = 1
    iterations: int = 1
    max_duration: Duration = Fraction(600)


@dataclass(frozen=True, slots=True, kw_only=True)
class OpenScenario(BaseScenario):
    """What both arrival-rate executors share. `max_vus` has its default filled in."""

    max_vus: int
    pre_allocated_vus: int
    arrivals: Literal["even", "poisson"] = "even"


@dataclass(frozen=True, slots=True, kw_only=True)
class ConstantArrivalRate(OpenScenario):
    executor: Literal["constant-arrival-rate"] = "constant-arrival-rate"
    rate: Rate
    duration: Duration


@dataclass(frozen=True, slots=True, kw_only=True)
class RampingArrivalRate(OpenScenario):
    executor: Literal["ramping-arrival-rate"] = "ramping-arrival-rate"
    start_rate: Rate = Fraction(0)
    stages: tuple[OpenStage, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class SearchedArrivalRate(OpenScenario):
    """One that a search for capacity raises level by level (`schedule/levels.py`); no file has it.

    `rate` and `own_vus` are those of the test, at factor 1; `highest` and `max_vus` are for the highest
    level, and `duration` the longest that a search may take.
    """

    executor: Literal["searched-arrival-rate"] = "searched-arrival-rate"
    rate: Rate
    highest: Rate
    own_vus: int
    duration: Duration


Scenario = (
    ConstantVus
    | RampingVus
    | SharedIterations
    | PerVuIterations
    | ConstantArrivalRate
    | RampingArrivalRate
    | SearchedArrivalRate
)


@dataclass(frozen=True, slots=True, kw_only=True)
class ThresholdSpec:
    """One threshold as written: its expression and when it aborts the run."""

    threshold: str
    abort_on_fail: bool = False
    delay_abort_eval: Duration = Fraction(0)
    over: Duration | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class GeneratorLimits:
    """What makes an agent saturated: the p99 of its send lag (open executors) and of its loop lag
    (closed ones), and the share of the time for which its cgroup kept it from running.
    """

    send_lag: Duration = Fraction(5, 1000)
    loop_lag: Duration = Fraction(5, 1000)
    cpu_throttled: Fraction = Fraction(1, 100)


@dataclass(frozen=True, slots=True, kw_only=True)
class Phase:
    """What is done once in a run beside its load, by one agent: before it, or after it.

    A script has a function instead of `steps`. `timeout` is in seconds.
    """

    steps: tuple[Step, ...] = ()
    timeout: Duration = DEFAULT_PHASE_TIMEOUT
    http: Http = field(default_factory=Http)
    locale: str = DEFAULT_LOCALE


@dataclass(frozen=True, slots=True, kw_only=True)
class Test:
    """A whole test. `target` ends without a slash: it and a step's path, one after the other, are
    the address.
    """

    # pytest takes every class called Test… for one of its own.
    __test__: ClassVar[bool] = False

    test: str
    target: str
    # "production": whoever runs it says first that its target is meant.
    confirm: str | None = None
    warmup: Duration = Fraction(0)
    # by the names that templates call them by
    data: Mapping[str, DataSource] = field(default_factory=dict[str, "DataSource"])
    # in the order of the file
    scenarios: Mapping[str, Scenario]
    # metric, or metric{tag:value,…} -> its thresholds
    thresholds: Mapping[str, tuple[ThresholdSpec, ...]] = field(
        default_factory=dict[str, tuple["ThresholdSpec", ...]]
    )
    generator_limits: GeneratorLimits = GeneratorLimits()
    # of its runs
    labels: Mapping[str, str] = field(default_factory=dict[str, str])
    # Of a test in Python: the metrics of its own, by name.
    metrics: Mapping[str, Metric] = field(default_factory=dict[str, "Metric"])
    # what it names beside its own text, by paths from its folder
    files: tuple[str, ...] = ()
    # Of a test in Python: what its requests take where they do not say it themselves. In a test of
    # steps, each step has it already.
    defaults: Defaults | None = None
    # What the first one finds, all iterations know as `{{ setup.NAME }}`, and the second one does too.
    setup: Phase | None = None
    teardown: Phase | None = None

    @property
    def catalog(self) -> Mapping[str, Metric]:
        """All metrics that a run of it may have."""
        return {**BUILTIN, **self.metrics}
