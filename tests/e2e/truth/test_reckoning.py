"""The reckoning itself: it must find a figure that is wrong, and let one pass that is right."""

from __future__ import annotations

import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.e2e.truth.reckoning import (
    DURATION,
    RECEIVING,
    RESPONSE,
    Difference,
    closed_truth,
    nearest_rank,
    open_truth,
    planned_moments,
)
from tests.e2e.truth.target import Log

_MS = 10**6


def _log(connection: list[int], arrived: list[int], first: list[int], last: list[int]) -> Log:
    """Moments in milliseconds."""
    moments = (np.array(column, np.int64) * _MS for column in (arrived, first, last))
    return Log(np.array(connection, np.int64), np.full(len(arrived), -1, np.int64), *moments)


def test_an_open_response_time_counts_from_the_plan_and_a_service_time_from_the_arrival() -> None:
    # At 100/s, the second arrival came 7 ms late.
    log = _log([1, 2, 3], arrived=[0, 17, 20], first=[4, 20, 24], last=[5, 21, 29])

    truth = open_truth(log, planned_moments(0, 100, 3))

    assert truth[RESPONSE].least.tolist() == truth[RESPONSE].most.tolist() == [5, 11, 9]
    assert truth[DURATION].least.tolist() == [5, 4, 9]
    assert truth[RECEIVING].least.tolist() == [1, 1, 5]


def test_a_closed_response_time_counts_from_the_answer_before_on_the_same_connection() -> None:
    # T is 1 ms; both VUs send first, and the first of them a second time.
    log = _log([1, 2, 1], arrived=[3, 4, 12], first=[10, 30, 15], last=[11, 31, 16])

    response = closed_truth(log, 1 * _MS)[RESPONSE]

    assert response.least.tolist() == [8, 27, 5]
    assert response.most.tolist() == [10, 30, 5]


@given(st.lists(st.floats(0, 1e6), min_size=1), st.sampled_from([50.0, 90.0, 99.0, 99.9, 100.0]))
def test_a_percentile_is_the_smallest_value_that_enough_others_do_not_exceed(
    values: list[float], p: float
) -> None:
    found = nearest_rank(np.array(values), p)

    needed = math.ceil(len(values) * p / 100)
    assert sum(value <= found for value in values) >= needed
    assert sum(value < found for value in values) < needed


@pytest.mark.parametrize(
    ("said", "is_bearable"),
    [(100.0, True), (101.05, True), (98.95, True), (101.2, False), (98.8, False)],
)
def test_a_figure_may_be_off_by_a_thousandth_and_a_millisecond(
    said: float, is_bearable: bool
) -> None:
    assert Difference(RESPONSE, "p(99)", said, 100.0, 100.0).is_bearable == is_bearable


def test_between_the_bounds_of_its_truth_no_figure_is_off() -> None:
    assert Difference(RESPONSE, "max", 15.0, 10.0, 20.0).off == 0
    assert Difference(RESPONSE, "max", 22.0, 10.0, 20.0).off == 2
    assert Difference(RESPONSE, "max", 7.0, 10.0, 20.0).off == -3
