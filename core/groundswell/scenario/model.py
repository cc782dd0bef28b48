"""A test as data: what the file says, checked and typed, and nothing of how it is run.

Durations are exact seconds and rates exact events per second, both `Fraction`, so that a schedule
made of them is exact. The loader reads a file into these classes and tells what is wrong with it;
the classes themselves hold the defaults and the types, for tests that come from elsewhere than a
file.
"""

from __future__ import annotations

from fractions import Fraction
from typing import Annotated, Literal

from pydantic import BaseModel, ConfigDict, Field

Duration = Fraction
Rate = Fraction


class Model(BaseModel):
    """The base of everything in a test file: unknown keys are errors, values never change."""

    model_config = ConfigDict(extra="forbid", frozen=True, arbitrary_types_allowed=True)


class Check(Model):
    """An expectation about one response: its status is one of `statuses`."""

    name: str
    statuses: frozenset[int]


class RequestStep(Model):
    """One HTTP request.

    `path` is what is requested, percent-encoded: below the test's target, or a whole URL. `query`
    is not in it yet. `headers` hold the test's defaults. `tags` go before those of the scenario.
    """

    method: Literal["GET", "POST", "PUT", "PATCH", "DELETE", "HEAD", "OPTIONS"]
    path: str
    name: str
    query: dict[str, str] = {}
    headers: dict[str, str] = {}
    body: bytes = b""
    timeout: Duration = Fraction(60)
    expect_status: frozenset[int] = frozenset(range(200, 400))
    checks: tuple[Check, ...] = ()
    tags: dict[str, str] = {}


class PauseStep(Model):
    """Think time: uniform between `shortest` and `longest`, or fixed where they are equal."""

    shortest: Duration
    longest: Duration


Step = RequestStep | PauseStep


class ClosedStage(Model):
    duration: Duration
    target: int


class OpenStage(Model):
    duration: Duration
    target: Rate


class BaseScenario(Model):
    """What every scenario has, whatever its executor. `env` is filled in already."""

    start_time: Duration = Fraction(0)
    graceful_stop: Duration = Fraction(30)
    tags: dict[str, str] = {}
    env: dict[str, str] = {}
    steps: tuple[Step, ...] = Field(min_length=1)


class ConstantVus(BaseScenario):
    executor: Literal["constant-vus"]
    vus: int = 1
    duration: Duration


class RampingVus(BaseScenario):
    executor: Literal["ramping-vus"]
    start_vus: int = 1
    stages: tuple[ClosedStage, ...] = Field(min_length=1)
    graceful_ramp_down: Duration = Fraction(30)


class SharedIterations(BaseScenario):
    executor: Literal["shared-iterations"]
    vus: int = 1
    iterations: int = 1
    max_duration: Duration = Fraction(600)


class PerVuIterations(BaseScenario):
    executor: Literal["per-vu-iterations"]
    vus: int = 1
    iterations: int = 1
    max_duration: Duration = Fraction(600)


class OpenScenario(BaseScenario):
    """What both arrival-rate executors share. `max_vus` has its default filled in."""

    max_vus: int
    pre_allocated_vus: int
    arrivals: Literal["even", "poisson"] = "even"


class ConstantArrivalRate(OpenScenario):
    executor: Literal["constant-arrival-rate"]
    rate: Rate
    duration: Duration


class RampingArrivalRate(OpenScenario):
    executor: Literal["ramping-arrival-rate"]
    start_rate: Rate = Fraction(0)
    stages: tuple[OpenStage, ...] = Field(min_length=1)


Scenario = Annotated[
    ConstantVus
    | RampingVus
    | SharedIterations
    | PerVuIterations
    | ConstantArrivalRate
    | RampingArrivalRate,
    Field(discriminator="executor"),
]


class ThresholdSpec(Model):
    """One threshold as written: its expression and when it aborts the run."""

    threshold: str
    abort_on_fail: bool = False
    delay_abort_eval: Duration = Fraction(0)
    over: Duration | None = None


class GeneratorLimits(Model):
    """What makes an agent saturated: the p99 of its send lag (open executors) and of its loop lag
    (closed ones).
    """

    send_lag: Duration = Fraction(5, 1000)
    loop_lag: Duration = Fraction(5, 1000)


class Test(Model):
    """A whole test. `target` ends without a slash: it and a step's path, one after the other, are
    the address.
    """

    # pytest takes every class called Test… for one of its own.
    __test__ = False

    test: str
    target: str
    warmup: Duration = Fraction(0)
    # in the order of the file
    scenarios: dict[str, Scenario] = Field(min_length=1)
    # metric, or metric{tag:value,…} -> its thresholds
    thresholds: dict[str, tuple[ThresholdSpec, ...]] = {}
    generator_limits: GeneratorLimits = GeneratorLimits()
