"""Change points in a row of runs: those that are there, and none that is not."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from groundswell_coordinator.compare.change_points import SHORTEST_LEVEL, change_points


def runs(seed: int, *levels: float, each: int = 10, spread: float = 0.03) -> list[float]:
    random = np.random.default_rng(seed)
    return [level * float(random.lognormal(0, spread)) for level in levels for _ in range(each)]


@pytest.mark.parametrize("seed", range(5))
def test_a_new_level_begins_where_it_begins(seed: int) -> None:
    (found,) = change_points(runs(seed, 20.0, 24.0))
    assert abs(found - 10) <= 1


def test_a_level_that_comes_and_goes_has_two() -> None:
    first, second = change_points(runs(1, 20.0, 30.0, 20.0, each=12))
    assert abs(first - 12) <= 1
    assert abs(second - 24) <= 1


def test_runs_that_only_differ_by_chance_hardly_ever_show_one() -> None:
    found = sum(bool(change_points(runs(seed, 20.0, each=20))) for seed in range(100))
    assert found <= 4


@pytest.mark.parametrize("values", [[], [1.0], [1.0] * 30, [1.0, 9.0] * 2, [1.0] * 4 + [9.0] * 4])
def test_of_few_or_equal_runs_nothing_is_said(values: list[float]) -> None:
    assert change_points(values) == []


@settings(deadline=None, max_examples=15)
@given(st.lists(st.floats(0, 1e6), max_size=25), st.floats(0.1, 100), st.floats(-100, 100))
def test_the_unit_of_a_figure_changes_nothing(
    values: list[float], scale: float, shift: float
) -> None:
    rounded = [round(value, 3) for value in values]
    found = change_points(rounded)
    assert all(SHORTEST_LEVEL <= place <= len(values) - SHORTEST_LEVEL for place in found)
    assert change_points([2 * value for value in rounded]) == found
