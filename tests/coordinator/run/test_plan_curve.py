"""The planned rate as a line of few points, held against the schedule itself."""

from __future__ import annotations

from bisect import bisect_right
from typing import TYPE_CHECKING

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from groundswell.scenario.loader import load
from groundswell.scenario.source import TestSource
from groundswell.schedule.shape import PlannedRate
from groundswell_coordinator.run.plan_curve import planned_curve

if TYPE_CHECKING:
    from groundswell.scenario.model import Test

stages = st.lists(st.tuples(st.integers(1, 30), st.integers(0, 500)), min_size=1, max_size=5)


def ramping(parts: list[tuple[int, int]]) -> Test:
    written = ", ".join(f"{{duration: {length}s, target: {rate}/s}}" for length, rate in parts)
    text = f"""\
test: plan
target: http://127.0.0.1:1
scenarios:
  ramp:
    executor: ramping-arrival-rate
    start_rate: 10/s
    stages: [{written}]
    max_vus: 10
    steps: [{{get: /}}]
  users:
    executor: constant-vus
    vus: 3
    duration: 10s
    steps: [{{get: /}}]
"""
    return load(TestSource("plan.yaml", text.encode()))


def at(curve: tuple[tuple[float, float], ...], moment: float) -> float:
    """Straight between the points."""
    place = min(max(bisect_right(curve, (moment, float("inf"))), 1), len(curve) - 1)
    (start, low), (end, high) = curve[place - 1], curve[place]
    return low + (high - low) * (moment - start) / (end - start)


@settings(deadline=None)
@given(stages)
def test_the_line_is_the_plan_in_the_middle_of_every_second(parts: list[tuple[int, int]]) -> None:
    test = ramping(parts)
    seconds = sum(length for length, _ in parts)
    curve = planned_curve(test.scenarios.values(), float(seconds))
    rate = PlannedRate(test.scenarios.values())

    if seconds > 1:
        for second in range(seconds):
            middle = second + 0.5
            # What is straight to a thousandth is straight.
            assert at(curve, middle) == pytest.approx(rate.at(middle), rel=0.05, abs=0.05)
    assert len(curve) <= 2 * len(parts) + 2


def test_a_day_has_no_more_points_than_it_takes() -> None:
    test = ramping([(3600, 100), (79_200, 100), (3600, 0)])
    curve = planned_curve(test.scenarios.values(), 86_400.0)

    assert len(curve) <= 8
    assert at(curve, 43_200) == 100


def test_without_open_scenarios_there_is_no_plan() -> None:
    users = [one for name, one in ramping([(5, 5)]).scenarios.items() if name == "users"]
    assert planned_curve(users, 10.0) == ()
