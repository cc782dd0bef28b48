"""A test as data: what the YAML file says, checked and typed, and nothing of how it is run.

Durations are exact seconds and rates exact events per second, both `Fraction`, so that a schedule made of them is exact.
The same classes make the JSON schema that `groundswell schema` prints.
"""

from __future__ import annotations

from fractions import Fraction
from typing import Annotated, Literal

from pydantic import BaseModel, ConfigDict, Field

# The scalar types with their parsers live in groundswell.units and are wired in here by the loader's owner.
Duration = Fraction
Rate = Fraction


class Model(BaseModel):
    """The base of everything in a test file: unknown keys are errors, values never change."""

    model_config = ConfigDict(extra="forbid", frozen=True, arbitrary_types_allowed=True)


class Check(Model):
    """An expectation about one response: `{status: 200}`, `{status: 2xx}`, `{status: [200, 304]}`."""

    name: str
    statuses: frozenset[int]


class RequestStep(Model):
    """One HTTP request."""

    method: Literal["GET", "POST", "PUT", "PATCH", "DELETE", "HEAD", "OPTIONS"]
    path: str
    name: str
    query: dict[str, str] = {}
    headers: dict[str, str] = {}
    body: bytes = b""
    timeout: Duration = Fraction(60)
    expect_status: frozenset[int] = frozenset(range(200, 400))
    checks: tuple[Check, ...] = ()


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
    """What every scenario has, whatever its executor."""

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
    """What makes an agent saturated: the p99 of its send lag (open executors) and of its loop lag (closed ones)."""

    send_lag: Duration = Fraction(5, 1000)
    loop_lag: Duration = Fraction(5, 1000)


class Test(Model):
    """A whole test."""

    test: str
    target: str
    warmup: Duration = Fraction(0)
    scenarios: dict[str, Scenario]
    # metric, or metric{tag:value,…} -> its thresholds
    thresholds: dict[str, tuple[ThresholdSpec, ...]] = {}
    generator_limits: GeneratorLimits = GeneratorLimits()
