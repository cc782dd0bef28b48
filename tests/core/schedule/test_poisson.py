from __future__ import annotations

from fractions import Fraction

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from groundswell.schedule.arrivals import poisson, poisson_total, stream_seed
from groundswell.schedule.rate import RateCurve
from tests.core.schedule.strategies import rate_curves

RAMP = RateCurve.ramping(
    Fraction(0),
    [(Fraction(10), Fraction(40)), (Fraction(5), Fraction(0)), (Fraction(5), Fraction(0))],
)
PARTS = {"a": Fraction(1, 2), "b": Fraction(1, 3), "c": Fraction(1, 6)}

parts = st.fractions(0, 1, max_denominator=50)
seeds = st.integers(0, 2**128 - 1)


@settings(deadline=None)
@given(rate_curves, parts, seeds)
def test_a_stream_is_the_same_whenever_it_is_drawn(
    curve: RateCurve, part: Fraction, seed: int
) -> None:
    drawn = list(poisson(curve, part, seed))

    assert drawn == list(poisson(curve, part, seed))
    assert len(drawn) == poisson_total(curve, part, seed)


@settings(deadline=None)
@given(rate_curves, parts, seeds)
def test_drawn_moments_are_in_order_and_before_the_end(
    curve: RateCurve, part: Fraction, seed: int
) -> None:
    drawn = list(poisson(curve, part, seed))
    moments = [t for _, t in drawn]

    assert [n for n, _ in drawn] == list(range(len(drawn)))
    assert moments == sorted(moments)
    assert all(0 <= Fraction(t) < curve.duration for t in moments)


def test_the_streams_of_all_agents_together_have_the_whole_rate() -> None:
    runs = 600
    counts = np.array([_united(run).size for run in range(runs)])
    expected = float(RAMP.total)

    # The mean of 600 counts strays by 0.7 (one sigma), their variance by about 6 %.
    assert abs(counts.mean() - expected) < 3
    assert 0.75 < counts.var() / expected < 1.3


def test_the_streams_of_all_agents_together_follow_the_curve() -> None:
    moments = np.concatenate([_united(run) for run in range(200)])
    part = np.array([float(RAMP.area(Fraction(t))) for t in moments[::10]]) / float(RAMP.total)
    uniform = (np.arange(part.size) + 0.5) / part.size

    # Kolmogorov-Smirnov; 1.95 / sqrt(n) is exceeded once in a thousand.
    assert np.abs(np.sort(part) - uniform).max() < 1.95 / np.sqrt(part.size)


def test_the_gaps_of_all_agents_together_are_exponential() -> None:
    curve = RateCurve.constant(Fraction(100), Fraction(200))
    streams = [_moments(curve, "r", agent) for agent in PARTS]
    gaps = np.diff(np.sort(np.concatenate(streams)))

    assert gaps.mean() == pytest.approx(0.01, rel=0.03)
    assert gaps.std() / gaps.mean() == pytest.approx(1, abs=0.05)
    assert (gaps > 0.01).mean() == pytest.approx(np.exp(-1), abs=0.02)


def test_the_streams_of_agents_do_not_move_together() -> None:
    bins = np.arange(0, 201)
    curve = RateCurve.constant(Fraction(100), Fraction(200))
    one, other = (np.histogram(_moments(curve, "r", agent), bins)[0] for agent in "ab")

    assert abs(np.corrcoef(one, other)[0, 1]) < 0.25


def test_nothing_is_drawn_for_no_part_and_from_no_area() -> None:
    idle = RateCurve.constant(Fraction(0), Fraction(10))

    assert list(poisson(RAMP, Fraction(0), 1)) == []
    assert list(poisson(idle, Fraction(1), 1)) == []
    assert poisson(RAMP, Fraction(1), 1).planned_total is None


def test_seeds_tell_runs_scenarios_and_agents_apart() -> None:
    seeds = {
        stream_seed(run, scenario, agent)
        for run, scenario, agent in [
            (1, "a", "b"),
            (2, "a", "b"),
            (1, "b", "a"),
            (1, "ab", ""),
            (1, "", "ab"),
            (1, 'a","b', "c"),
        ]
    }

    assert len(seeds) == 6


def test_a_seed_is_the_same_on_every_machine() -> None:
    assert stream_seed(7, "browse", "agent-1") == stream_seed("7", "browse", "agent-1")
    assert stream_seed(7, "browse", "agent-1") == 258180455711379888040276777741838823404


def _moments(
    curve: RateCurve, run: str, agent: str
) -> np.ndarray[tuple[int], np.dtype[np.float64]]:
    seed = stream_seed(run, "browse", agent)
    return np.array([t for _, t in poisson(curve, PARTS[agent], seed)])


def _united(run: int) -> np.ndarray[tuple[int], np.dtype[np.float64]]:
    return np.concatenate([_moments(RAMP, str(run), agent) for agent in PARTS])
