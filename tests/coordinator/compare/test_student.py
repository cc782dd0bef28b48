"""Student's t, against the tables that everybody prints."""

from __future__ import annotations

import math
from statistics import NormalDist

import pytest
from hypothesis import given
from hypothesis import strategies as st

from groundswell_coordinator.compare import student


@pytest.mark.parametrize(
    ("freedom", "p", "t"),
    [
        (1, 0.975, 12.7062),
        (2, 0.95, 2.9200),
        (5, 0.995, 4.0321),
        (10, 0.975, 2.2281),
        (30, 0.9995, 3.6460),
        (120, 0.975, 1.9799),
    ],
)
def test_quantiles_are_those_of_the_tables(freedom: float, p: float, t: float) -> None:
    assert student.quantile(p, freedom) == pytest.approx(t, abs=6e-5)
    assert student.quantile(1 - p, freedom) == pytest.approx(-t, abs=6e-5)


@given(st.floats(-30, 30))
def test_with_one_degree_of_freedom_it_is_cauchys_distribution(t: float) -> None:
    assert student.tail(t, 1) == pytest.approx(0.5 - math.atan(t) / math.pi, abs=1e-8)


@given(st.floats(-8, 8))
def test_with_many_it_is_the_normal_distribution(t: float) -> None:
    normal = 1 - NormalDist().cdf(t)
    assert student.tail(t, math.inf) == pytest.approx(normal, abs=1e-12)
    assert student.tail(t, 100_000) == pytest.approx(normal, abs=1e-5)


@given(st.floats(0.0001, 0.9999), st.floats(1, 500))
def test_a_quantile_has_its_tail_above_it(p: float, freedom: float) -> None:
    assert student.tail(student.quantile(p, freedom), freedom) == pytest.approx(1 - p, rel=1e-6)


@given(st.floats(-50, 50), st.floats(0.5, 1e7))
def test_what_is_not_above_is_below(t: float, freedom: float) -> None:
    assert student.tail(t, freedom) + student.tail(-t, freedom) == pytest.approx(1, abs=1e-9)
    assert student.tail(math.inf, freedom) == 0
