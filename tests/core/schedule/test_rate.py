from __future__ import annotations

import math
from fractions import Fraction

import numpy as np
import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st

from groundswell.schedule.rate import RateCurve
from tests.core.schedule import slow_rate
from tests.core.schedule.strategies import RateStages, rate_curves, rate_stages, rates

UP, DOWN = (Fraction(4), Fraction(100)), (Fraction(4), Fraction(0))
STOP, IDLE = (Fraction(0), Fraction(0)), (Fraction(5), Fraction(0))


@settings(deadline=None)
@given(rates, rate_stages, st.data())
def test_moments_are_where_a_slow_exact_search_finds_them(
    start: Fraction, stages: RateStages, data: st.DataObject
) -> None:
    curve = RateCurve.ramping(start, stages)
    assume(curve.planned)
    index = data.draw(st.integers(0, curve.planned - 1))

    expected = slow_rate.moment(start, stages, index)

    assert curve.moment(index) == pytest.approx(float(expected), abs=1e-9)


@settings(deadline=None)
@given(rates, rate_stages, st.fractions(-1, 70))
def test_the_area_is_that_of_the_trapezoids(
    start: Fraction, stages: RateStages, t: Fraction
) -> None:
    assert RateCurve.ramping(start, stages).area(t) == slow_rate.area(start, stages, t)


@settings(deadline=None)
@given(rate_curves)
def test_as_many_arrivals_are_planned_as_have_a_moment_before_the_end(curve: RateCurve) -> None:
    total = curve.area(curve.duration)
    moments = curve.moments(np.arange(curve.planned))

    assert curve.planned - 1 < total <= curve.planned
    assert curve.total == total
    assert all(Fraction(t) < curve.duration for t in moments.tolist())
    with pytest.raises(IndexError):
        curve.moment(curve.planned)


@settings(deadline=None)
@given(rate_curves)
def test_moments_never_fall_and_never_precede_the_start(curve: RateCurve) -> None:
    moments = curve.moments(np.arange(curve.planned))

    assert np.all(moments >= 0)
    assert np.all(np.diff(moments) >= 0)


@settings(deadline=None)
@given(rate_curves)
def test_the_area_at_the_moment_of_arrival_n_is_n(curve: RateCurve) -> None:
    for index in range(0, curve.planned, max(1, curve.planned // 20)):
        assert curve.area(Fraction(curve.moment(index))) == pytest.approx(index, abs=1e-6)


@settings(deadline=None)
@given(rate_curves, st.data())
def test_one_moment_and_a_block_of_moments_agree_to_the_bit(
    curve: RateCurve, data: st.DataObject
) -> None:
    assume(curve.planned)
    indices = data.draw(st.lists(st.integers(0, curve.planned - 1), min_size=1, max_size=20))

    block = curve.moments(np.array(indices, dtype=np.int64)).tolist()

    assert block == [curve.moment(index) for index in indices]


@settings(deadline=None)
@given(rate_curves)
def test_the_inverse_of_an_index_is_its_moment(curve: RateCurve) -> None:
    assume(curve.planned)
    indices = np.arange(curve.planned)
    apart = curve.inverse(indices.astype(np.float64)) - curve.moments(indices)

    # Where no load is planned for a while, a rounding may decide between its two ends.
    still = [curve.rate_at(float(t)) < 1e-3 for t in curve.moments(indices)]
    assert np.all((np.abs(apart) < 1e-5) | still | _at_a_gap(curve, indices.tolist()))


@settings(deadline=None)
@given(rate_curves, st.floats(0, 0.999_999))
def test_the_inverse_never_falls_and_stays_before_the_end(curve: RateCurve, part: float) -> None:
    assume(curve.planned)
    areas = np.linspace(0, float(curve.total) * part, 50)
    moments = curve.inverse(areas)

    assert np.all(np.diff(moments) >= -1e-12)
    assert all(0 <= Fraction(t) < curve.duration for t in moments.tolist())


def test_a_constant_rate_is_evenly_spaced() -> None:
    curve = RateCurve.constant(Fraction(10), Fraction(1))

    assert curve.moments(np.arange(10)).tolist() == [n / 10 for n in range(10)]


def test_a_fraction_of_an_arrival_is_planned_as_a_whole_one() -> None:
    assert RateCurve.constant(Fraction(1, 3), Fraction(10)).planned == 4
    assert RateCurve.constant(Fraction(1, 3), Fraction(9)).planned == 3
    assert RateCurve.constant(Fraction(1, 1000), Fraction(1)).moment(0) == 0.0


def test_ramps_up_and_down_mirror_each_other() -> None:
    up = RateCurve.ramping(Fraction(0), [UP])
    down = RateCurve.ramping(Fraction(100), [DOWN])

    assert up.planned == down.planned == 200
    for n in range(1, 200):
        assert up.moment(n) == pytest.approx(4 - down.moment(200 - n), abs=1e-12)


def test_an_arrival_due_exactly_where_a_pause_begins_fires_where_it_ends() -> None:
    at_ten = [(Fraction(0), Fraction(10)), (Fraction(1), Fraction(10))]
    curve = RateCurve.ramping(Fraction(10), [(Fraction(2), Fraction(10)), STOP, IDLE, *at_ten])

    assert curve.planned == 30
    assert curve.moment(19) == pytest.approx(1.9)
    assert curve.moment(20) == 7.0


def test_no_arrival_is_left_for_a_pause_at_the_end() -> None:
    curve = RateCurve.ramping(Fraction(10), [(Fraction(2), Fraction(10)), STOP, IDLE])

    assert curve.planned == 20
    assert curve.moment(19) == pytest.approx(1.9)


def test_the_first_arrival_of_a_ramp_from_nothing_is_at_its_start() -> None:
    assert RateCurve.ramping(Fraction(0), [IDLE, UP]).moment(0) == 5.0


def test_the_end_of_a_long_ramp_to_nothing_stays_exact() -> None:
    # The last arrival has an area of 1 ahead of it, under a slope of 1 per second squared.
    curve = RateCurve.ramping(Fraction(100_000), [(Fraction(100_000), Fraction(0))])

    assert 100_000 - curve.moment(curve.planned - 1) == pytest.approx(math.sqrt(2), abs=1e-10)


def test_no_moment_is_rounded_up_to_the_end() -> None:
    hair = Fraction(1, 10**30)
    curve = RateCurve.constant(1 / (1 - 2 * hair), 1 - hair)

    assert curve.planned == 2
    assert 0.999_999 < curve.moment(1) < 1.0


def test_moments_of_a_very_long_run_keep_their_order() -> None:
    curve = RateCurve.ramping(Fraction(0), [(Fraction(10**6), Fraction(10**7))])
    indices = np.arange(curve.planned - 10**5, curve.planned)

    assert np.all(np.diff(curve.moments(indices)) >= 0)


def test_rates_are_read_after_a_jump_and_end_with_the_curve() -> None:
    curve = RateCurve.ramping(
        Fraction(0), [UP, (Fraction(0), Fraction(7)), (Fraction(1), Fraction(7))]
    )

    assert [curve.rate_at(t) for t in (0, 1.0, Fraction(2), 4, 4.5)] == [0, 25, 50, 7, 7]
    assert [curve.rate_at(t) for t in (-0.1, 5, 6.0)] == [0, 0, 0]


@pytest.mark.parametrize("stages", [[], [(Fraction(0), Fraction(5))], [IDLE]])
def test_a_curve_without_area_plans_nothing(stages: RateStages) -> None:
    curve = RateCurve.ramping(Fraction(0), stages)

    assert curve.planned == 0
    assert curve.moments(np.arange(0)).size == 0
    assert curve.rate_at(0) == 0


@pytest.mark.parametrize(("rate", "duration"), [(-1, 1), (1, -1)])
def test_negative_rates_and_durations_are_refused(rate: int, duration: int) -> None:
    with pytest.raises(ValueError, match="negative"):
        RateCurve.constant(Fraction(rate), Fraction(duration))


def test_more_arrivals_than_can_be_told_apart_are_refused() -> None:
    with pytest.raises(ValueError, match="told apart"):
        RateCurve.constant(Fraction(10**10), Fraction(10**6))


def test_arrivals_before_the_first_are_refused() -> None:
    with pytest.raises(IndexError):
        RateCurve.constant(Fraction(1), Fraction(9)).moments(np.array([3, -1]))


def _at_a_gap(curve: RateCurve, indices: list[int]) -> list[bool]:
    """Whether the area reaches an index, but for rounding, where a stage begins."""
    reached, corners = Fraction(0), [Fraction(0)]
    for stage in curve.stages:
        reached += stage.area
        corners.append(reached)
    return [any(abs(corner - n) < 1e-6 for corner in corners) for n in indices]
