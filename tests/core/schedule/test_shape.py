from __future__ import annotations

from fractions import Fraction
from typing import TYPE_CHECKING

import pytest

from groundswell.schedule.shape import (
    PlannedRate,
    peak_vus,
    planned_duration,
    run_duration,
    run_duration_with_grace,
)
from tests.core.schedule.scenarios import (
    constant_rate,
    constant_vus,
    per_vu_iterations,
    ramping_rate,
    ramping_vus,
    shared_iterations,
)

if TYPE_CHECKING:
    from groundswell.scenario.model import Scenario


@pytest.mark.parametrize(
    ("scenario", "duration", "vus"),
    [
        (constant_vus(7, 60), 60, 7),
        (ramping_vus(1, (10, 20), (0, 30), (5, 2)), 15, 30),
        (shared_iterations(3, 10), 600, 3),
        (per_vu_iterations(3, 10), 600, 3),
        (constant_rate(10, 90, 44), 90, 44),
        (ramping_rate(10, (10, 20), (0, 5), (7, 5), max_vus=9), 17, 9),
    ],
    ids=lambda value: getattr(value, "executor", ""),
)
def test_every_executor_has_a_duration_and_a_peak(
    scenario: Scenario, duration: int, vus: int
) -> None:
    assert planned_duration(scenario) == duration
    assert peak_vus(scenario) == vus


def test_the_planned_rate_counts_from_the_start_of_the_run() -> None:
    scenario = constant_rate(10, 60, 5, start_time=30)

    planned = PlannedRate([scenario])
    assert [planned.at(t) for t in (0, 29.9, 30, 89.9, 90)] == [0, 0, 10, 10, 0]
    assert PlannedRate([ramping_rate(0, (10, 50))]).at(Fraction(5)) == 25
    assert PlannedRate([scenario, ramping_rate(0, (10, 50))]).at(5) == 25
    assert PlannedRate([constant_vus()]).at(5) == 0


def test_a_run_lasts_until_its_last_scenario_has_ended() -> None:
    scenarios: list[Scenario] = [constant_vus(1, 60), constant_rate(1, 45, 1, start_time=30)]

    assert run_duration(scenarios) == 75
    assert run_duration_with_grace(scenarios) == 105
    assert run_duration([]) == run_duration_with_grace([]) == 0


@pytest.mark.parametrize("ramp_down", [90, 0])
def test_a_ramp_down_does_not_outlast_the_graceful_stop(ramp_down: int) -> None:
    scenario = ramping_vus(5, (10, 0), ramp_down=ramp_down, stop=30)

    assert run_duration_with_grace([scenario]) == 40
