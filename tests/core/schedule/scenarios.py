"""Scenarios to plan, by executor. What they do is beside the point: they pause."""

from __future__ import annotations

from fractions import Fraction
from typing import TYPE_CHECKING, Literal

from groundswell.scenario.model import (
    ClosedStage,
    ConstantArrivalRate,
    ConstantVus,
    OpenStage,
    PauseStep,
    PerVuIterations,
    RampingArrivalRate,
    RampingVus,
    SharedIterations,
)

if TYPE_CHECKING:
    from groundswell.schedule.scenario_plan import ScenarioShare

STEPS = (PauseStep(shortest=Fraction(1), longest=Fraction(1)),)


def constant_vus(vus: int = 10, duration: int = 60) -> ConstantVus:
    return ConstantVus(executor="constant-vus", steps=STEPS, vus=vus, duration=Fraction(duration))


def ramping_vus(
    start: int, *stages: tuple[int, int], ramp_down: int = 30, stop: int = 30
) -> RampingVus:
    return RampingVus(
        executor="ramping-vus",
        steps=STEPS,
        start_vus=start,
        stages=tuple(ClosedStage(duration=Fraction(d), target=target) for d, target in stages),
        graceful_ramp_down=Fraction(ramp_down),
        graceful_stop=Fraction(stop),
    )


def shared_iterations(vus: int, iterations: int) -> SharedIterations:
    return SharedIterations(
        executor="shared-iterations", steps=STEPS, vus=vus, iterations=iterations
    )


def per_vu_iterations(vus: int, iterations: int) -> PerVuIterations:
    return PerVuIterations(
        executor="per-vu-iterations", steps=STEPS, vus=vus, iterations=iterations
    )


def constant_rate(
    rate: int | Fraction,
    duration: int | Fraction,
    max_vus: int,
    *,
    arrivals: Literal["even", "poisson"] = "even",
    start_time: int = 0,
) -> ConstantArrivalRate:
    return ConstantArrivalRate(
        executor="constant-arrival-rate",
        steps=STEPS,
        rate=Fraction(rate),
        duration=Fraction(duration),
        max_vus=max_vus,
        pre_allocated_vus=max_vus,
        arrivals=arrivals,
        start_time=Fraction(start_time),
    )


def ramping_rate(start: int, *stages: tuple[int, int], max_vus: int = 100) -> RampingArrivalRate:
    return RampingArrivalRate(
        executor="ramping-arrival-rate",
        steps=STEPS,
        start_rate=Fraction(start),
        stages=tuple(OpenStage(duration=Fraction(d), target=Fraction(r)) for d, r in stages),
        max_vus=max_vus,
        pre_allocated_vus=max_vus,
    )


def arrivals_of(share: ScenarioShare) -> list[tuple[int, float]]:
    """All that it walks, source by source: indices and moments."""
    return [pair for source in share.sources for pair in source.walk()]
