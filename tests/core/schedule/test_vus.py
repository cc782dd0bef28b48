from __future__ import annotations

from fractions import Fraction
from typing import TYPE_CHECKING

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from groundswell.schedule.vus import VuCurve
from tests.core.schedule.strategies import VuStages, tables, vu_curves, vu_stages

if TYPE_CHECKING:
    from groundswell.schedule.shares import ShareTable

moments = st.integers(0, 64_000_000).map(lambda us: Fraction(us, 1_000_000))


@settings(deadline=None)
@given(st.integers(0, 9), vu_stages, moments)
def test_the_curve_follows_its_stages(start: int, stages: VuStages, t: Fraction) -> None:
    assert VuCurve.ramping(start, stages).at(t) == _slow_at(start, stages, t)


@settings(deadline=None)
@given(vu_curves, st.lists(moments, min_size=1, max_size=30))
def test_a_vu_is_in_a_spell_when_the_curve_asks_for_it(
    curve: VuCurve, times: list[Fraction]
) -> None:
    for vu in range(1, curve.peak + 2):
        spells = _spells(curve, vu)
        edges = [edge for spell in spells for edge in spell]
        for t in times:
            # At the very instant of a crossing, a spell is half-open and the curve is not.
            if all(abs(t - Fraction(edge)) > 1e-9 for edge in edges):
                active = any(on <= t < off for on, off in spells)
                assert active == (vu <= curve.at(t)) or _touches(curve, vu, t)


@settings(deadline=None)
@given(vu_curves)
def test_spells_are_apart_in_order_and_within_the_curve(curve: VuCurve) -> None:
    for vu in range(1, curve.peak + 2):
        edges = [edge for spell in _spells(curve, vu) for edge in spell]
        assert edges == sorted(set(edges))
        assert all(0 <= edge <= float(curve.duration) for edge in edges)


@settings(deadline=None)
@given(vu_curves)
def test_spells_begin_and_end_at_the_floats_nearest_to_the_exact_moments(curve: VuCurve) -> None:
    for vu in range(1, curve.peak + 2):
        assert _spells(curve, vu) == _exact_spells(curve, vu)
    together = list(curve.spells_of(range(1, curve.peak + 2)))
    assert together == [
        (on, off, vu) for vu in range(1, curve.peak + 2) for on, off in _spells(curve, vu)
    ]


@settings(deadline=None)
@given(vu_curves)
def test_a_higher_vu_is_active_within_the_spells_of_a_lower_one(curve: VuCurve) -> None:
    for vu in range(1, curve.peak + 1):
        below = _spells(curve, vu)
        for on, off in _spells(curve, vu + 1):
            assert any(first <= on and off <= last for first, last in below)


@settings(deadline=None)
@given(vu_curves, moments, tables)
def test_the_active_vus_of_all_agents_are_the_curve(
    curve: VuCurve, t: Fraction, table: ShareTable
) -> None:
    assert sum(table.counts_below(curve.at(t))) == curve.at(t)


def test_constant_vus_are_active_from_start_to_end() -> None:
    curve = VuCurve.constant(3, Fraction(10))

    assert [_spells(curve, vu) for vu in (1, 3, 4)] == [((0.0, 10.0),), ((0.0, 10.0),), ()]
    assert [curve.at(t) for t in (-1, 0, 9.99, 10, 11)] == [0, 3, 3, 0, 0]
    assert curve.peak == 3


def test_vus_come_one_by_one_on_a_ramp_and_leave_in_reverse() -> None:
    curve = VuCurve.ramping(0, [(Fraction(10), 10), (Fraction(10), 0)])

    assert _spells(curve, 1) == ((1.0, 19.0),)
    assert _spells(curve, 9) == ((9.0, 11.0),)
    assert _spells(curve, 10) == ()
    assert curve.peak == 10


def test_a_stage_without_duration_is_a_jump() -> None:
    curve = VuCurve.ramping(1, [(Fraction(2), 1), (Fraction(0), 5), (Fraction(2), 5)])

    assert _spells(curve, 5) == ((2.0, 4.0),)
    assert [curve.at(t) for t in (1.999, 2, 3)] == [1, 5, 5]


def test_a_vu_that_is_wanted_again_has_two_spells() -> None:
    curve = VuCurve.ramping(4, [(Fraction(4), 0), (Fraction(4), 4)])

    assert _spells(curve, 2) == ((0.0, 2.0), (6.0, 8.0))


def test_a_valley_that_only_touches_a_vu_does_not_stop_it() -> None:
    curve = VuCurve.ramping(4, [(Fraction(3), 2), (Fraction(3), 4)])

    assert _spells(curve, 2) == ((0.0, 6.0),)


def test_a_jump_there_and_back_asks_for_nobody() -> None:
    curve = VuCurve.ramping(
        1, [(Fraction(1), 1), (Fraction(0), 9), (Fraction(0), 1), (Fraction(1), 1)]
    )

    assert curve.peak == 1
    assert _spells(curve, 1) == ((0.0, 2.0),)
    assert _spells(curve, 9) == ()


def test_a_curve_without_duration_has_no_vus() -> None:
    curve = VuCurve.ramping(7, [(Fraction(0), 9)])

    assert curve.peak == curve.at(0) == curve.duration == 0
    assert _spells(curve, 1) == ()


def test_negative_vus_are_refused() -> None:
    with pytest.raises(ValueError, match="negative"):
        VuCurve.ramping(1, [(Fraction(1), -1)])


def _slow_at(start: int, stages: VuStages, t: Fraction) -> int:
    """Counts the VUs from below, one by one."""
    begin, vus = Fraction(0), start
    for duration, target in stages:
        if begin <= t < begin + duration:
            height = vus + (target - vus) * (t - begin) / duration
            return sum(1 for vu in range(1, 100) if vu <= height)
        begin, vus = begin + duration, target
    return 0


def _touches(curve: VuCurve, vu: int, t: Fraction) -> bool:
    """Whether the curve reaches `vu` at `t` and at no moment around it."""
    around = Fraction(1, 10**9)
    return curve.at(t) == vu and max(curve.at(t - around), curve.at(t + around)) < vu


def _exact_spells(curve: VuCurve, vu: int) -> tuple[tuple[float, float], ...]:
    """In fractions, rounded at the very end."""
    spells: list[tuple[Fraction, Fraction]] = []
    begin = Fraction(0)
    for stage in curve.stages:
        end = begin + stage.duration
        if stage.duration and max(stage.start, stage.end) >= vu:
            on, off = begin, end
            if min(stage.start, stage.end) < vu:
                climbed = Fraction(vu - stage.start, stage.end - stage.start)
                crossing = begin + stage.duration * climbed
                on, off = (crossing, end) if stage.end > stage.start else (begin, crossing)
            if spells and spells[-1][1] == on:
                on = spells.pop()[0]
            spells.append((on, off))
        begin = end
    return tuple((float(on), float(off)) for on, off in spells if float(on) < float(off))


def _spells(curve: VuCurve, vu: int) -> tuple[tuple[float, float], ...]:
    return tuple((on, off) for on, off, _ in curve.spells_of((vu,)))
