"""k6's executors with k6's defaults, read exactly."""

from __future__ import annotations

from fractions import Fraction
from typing import TYPE_CHECKING

import pytest

from groundswell.scenario.executors import EXECUTORS
from groundswell.scenario.model import (
    ClosedStage,
    ConstantArrivalRate,
    ConstantVus,
    GeneratorLimits,
    OpenStage,
    PerVuIterations,
    RampingArrivalRate,
    RampingVus,
    Scenario,
    SharedIterations,
    ThresholdSpec,
)
from groundswell.units import format_duration
from tests.core.scenario.writing import loaded, with_scenario, with_top

if TYPE_CHECKING:
    from groundswell.scenario.record import Record


def scenario(text: str) -> Scenario:
    return loaded(with_scenario(text)).scenarios["s"]


def test_constant_vus_has_one_vu_unless_told() -> None:
    read = scenario("executor: constant-vus\nduration: 1m30s")
    assert isinstance(read, ConstantVus)
    assert (read.vus, read.duration) == (1, Fraction(90))
    assert (read.start_time, read.graceful_stop) == (Fraction(0), Fraction(30))
    assert read.tags == {}


def test_ramping_vus_starts_with_one_vu() -> None:
    read = scenario(
        "executor: ramping-vus\nstages: [{duration: 0s, target: 5}, {duration: 1m, target: 0}]"
    )
    assert isinstance(read, RampingVus)
    assert (read.start_vus, read.graceful_ramp_down) == (1, Fraction(30))
    assert read.stages == (
        ClosedStage(duration=Fraction(0), target=5),
        ClosedStage(duration=Fraction(60), target=0),
    )


@pytest.mark.parametrize(
    ("executor", "model"),
    [("shared-iterations", SharedIterations), ("per-vu-iterations", PerVuIterations)],
)
def test_iteration_executors_run_one_iteration_in_ten_minutes(
    executor: str, model: type[SharedIterations | PerVuIterations]
) -> None:
    read = scenario(f"executor: {executor}")
    assert isinstance(read, model)
    assert (read.vus, read.iterations, read.max_duration) == (1, 1, Fraction(600))


def test_each_vu_may_run_fewer_iterations_than_there_are_vus() -> None:
    read = scenario("executor: per-vu-iterations\nvus: 10\niterations: 2")
    assert isinstance(read, PerVuIterations)
    assert (read.vus, read.iterations) == (10, 2)


def test_a_rate_is_exact_with_its_unit_or_with_time_unit() -> None:
    tail = "\nduration: 1m\nmax_vus: 5"
    for text in ("rate: 20/m", "rate: 20\ntime_unit: 1m", "rate: 1\ntime_unit: 3s"):
        read = scenario(f"executor: constant-arrival-rate\n{text}{tail}")
        assert isinstance(read, ConstantArrivalRate)
        assert read.rate == Fraction(1, 3)


def test_a_decimal_rate_is_no_float() -> None:
    read = scenario(
        "executor: constant-arrival-rate\nrate: 0.1\ntime_unit: 1s\nduration: 1m\nmax_vus: 5"
    )
    assert isinstance(read, ConstantArrivalRate)
    assert read.rate == Fraction(1, 10)


def test_ramping_arrival_rate_starts_at_zero() -> None:
    read = scenario(
        "executor: ramping-arrival-rate\nmax_vus: 5\nstages: [{duration: 1m, target: 60/m}]"
    )
    assert isinstance(read, RampingArrivalRate)
    assert (read.start_rate, read.arrivals) == (Fraction(0), "even")
    assert read.stages == (OpenStage(duration=Fraction(60), target=Fraction(1)),)


def test_time_unit_counts_for_the_start_and_every_stage() -> None:
    read = scenario(
        "executor: ramping-arrival-rate\nmax_vus: 5\ntime_unit: 1m\nstart_rate: 30\n"
        "stages: [{duration: 1m, target: 60}]\narrivals: poisson"
    )
    assert isinstance(read, RampingArrivalRate)
    assert (read.start_rate, read.stages[0].target) == (Fraction(1, 2), Fraction(1))
    assert read.arrivals == "poisson"


@pytest.mark.parametrize(
    ("text", "most", "ready"),
    [
        ("max_vus: 5", 5, 5),
        ("pre_allocated_vus: 3", 3, 3),
        ("pre_allocated_vus: 3\nmax_vus: 5", 5, 3),
        ("pre_allocated_vus: 0\nmax_vus: 5", 5, 0),
    ],
)
def test_one_of_the_two_numbers_of_vus_is_enough(text: str, most: int, ready: int) -> None:
    read = scenario(f"executor: constant-arrival-rate\nrate: 1/s\nduration: 1m\n{text}")
    assert isinstance(read, ConstantArrivalRate)
    assert (read.max_vus, read.pre_allocated_vus) == (most, ready)


def test_scenarios_keep_the_order_of_the_file() -> None:
    text = with_top("").replace(
        "  s: ", "  z: {executor: constant-vus, duration: 1m, steps: [{get: /z}]}\n  s: "
    )
    assert list(loaded(text).scenarios) == ["z", "s"]


def test_thresholds_are_short_or_long() -> None:
    test = loaded(
        with_top(
            "thresholds:\n"
            "  checks: rate > 99%\n"
            "  http_reqs:\n"
            "    - count > 1\n"
            "    - {threshold: rate > 1, abort_on_fail: true, delay_abort_eval: 5s}\n"
            "  http_req_duration: {threshold: p(95) < 1s, over: 30s}\n"
        )
    )
    assert test.thresholds == {
        "checks": (ThresholdSpec(threshold="rate > 99%"),),
        "http_reqs": (
            ThresholdSpec(threshold="count > 1"),
            ThresholdSpec(threshold="rate > 1", abort_on_fail=True, delay_abort_eval=Fraction(5)),
        ),
        "http_req_duration": (ThresholdSpec(threshold="p(95) < 1s", over=Fraction(30)),),
    }


def test_warmup_and_generator_limits_are_read() -> None:
    test = loaded(with_top("warmup: 30s\ngenerator_limits: {send_lag: 2ms}"))
    assert test.warmup == 30
    assert test.generator_limits == GeneratorLimits(send_lag=Fraction(2, 1000))


def _defaults(record: Record[Scenario]) -> dict[str, object]:
    return {name: key.default for name, key in record.keys.items() if key.default is not None}


@pytest.mark.parametrize("executor", EXECUTORS)
def test_the_defaults_in_the_schema_are_those_of_the_model(executor: str) -> None:
    needed = {
        "duration": "duration: 1m",
        "stages": "stages: [{duration: 1m, target: 1}]",
        "rate": "rate: 1",
        "max_vus": "max_vus: 1",
        "time_unit": "time_unit: 1s",
    }
    record = EXECUTORS[executor]
    lines = [line for key, line in needed.items() if key in record.keys]
    read = scenario("\n".join([f"executor: {executor}", *lines]))
    for name, shown in _defaults(record).items():
        value = getattr(read, name)
        if name == "start_rate":
            assert shown == f"{value}/s"
        else:
            assert shown == (format_duration(value) if isinstance(value, Fraction) else value)
