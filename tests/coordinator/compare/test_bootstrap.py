"""How sure a run is of its figures, against a bootstrap of the raw samples and against the truth."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from groundswell.metrics.histogram import Histogram
from groundswell_coordinator.compare import bootstrap
from groundswell_coordinator.compare.bootstrap import estimate
from groundswell_coordinator.compare.cells import CountCells, ShareCells, TrendCells
from groundswell_coordinator.compare.figure import Figure
from tests.coordinator.reporting import histogram_of

if TYPE_CHECKING:
    from collections.abc import Sequence

P50, P95, AVG, MAX = (
    Figure.of("http_req_duration", name) for name in ("p(50)", "p(95)", "avg", "max")
)
FAILED = Figure.of("http_req_failed", "rate")
COUNT, RATE = (Figure.of("http_reqs", name) for name in ("count", "rate"))

Seconds = list[list[float]]
milliseconds = st.floats(0.05, 5000).map(lambda value: round(value, 3))
runs: st.SearchStrategy[Seconds] = st.lists(
    st.lists(milliseconds, max_size=8), min_size=5, max_size=15
)


def cells_of(seconds: Sequence[Sequence[float]]) -> TrendCells:
    return TrendCells([histogram_of(second) for second in seconds])


def drifting(seed: int, seconds: int = 60, each: int = 40, likeness: float = 0.6) -> Seconds:
    random = np.random.default_rng(seed)
    level, found = 0.0, list[list[float]]()
    for _ in range(seconds):
        level = likeness * level + 0.1 * random.standard_normal()
        found.append((random.lognormal(3.0, 0.4, each) * math.exp(level)).tolist())
    return found


@settings(deadline=None)
@given(runs, st.floats(1, 99))
def test_drawn_as_it_was_a_run_has_the_percentile_of_its_histogram(
    seconds: Seconds, percentile: float
) -> None:
    cells = cells_of(seconds)
    if not cells.view.count:
        return
    figure = Figure.of("http_req_duration", f"p({percentile:.2f})")
    draws = bootstrap._draws(figure, cells)  # pyright: ignore[reportPrivateUsage]
    (value,) = draws.redraw(np.ones((1, len(seconds))))
    assert figure.percentile is not None
    # The histogram's own is cut at the exact maximum, which a draw does not know.
    exact = cells.view.percentile(figure.percentile)
    assert value == pytest.approx(exact, rel=1 / 1024, abs=0.0011)


@pytest.mark.parametrize("figure", [P50, P95, AVG], ids=str)
def test_it_agrees_with_a_bootstrap_of_the_raw_samples(figure: Figure) -> None:
    """In the same blocks, by other draws, without histograms, columns or weights."""
    for seed in range(3):
        seconds = drifting(seed)
        found = estimate(figure, cells_of(seconds), is_logarithmic=True)
        assert found.variance is not None
        # The blocks are drawn anew: how long they are is what is taken over.
        length = round(60 / (found.freedom + 1))
        by_hand = _raw_deviation(seconds, length, figure, np.random.default_rng(seed + 100))
        assert math.sqrt(found.variance) == pytest.approx(by_hand, rel=0.15)


def _raw_deviation(
    seconds: Seconds, length: int, figure: Figure, random: np.random.Generator
) -> float:
    count, values = len(seconds), list[float]()
    blocks = count / length
    for _ in range(1500):
        starts = random.integers(0, count, math.ceil(blocks))
        places = [(int(start) + step) % count for start in starts for step in range(length)]
        drawn = [one for place in places[:count] for one in seconds[place]]
        if figure is AVG:
            values.append(float(np.mean(drawn)))
        else:
            assert figure.percentile is not None
            quantile = np.percentile(drawn, figure.percentile, method="inverted_cdf")
            values.append(float(quantile))
    return float(np.std(np.log(values))) * math.sqrt(blocks / (blocks - 1))


def test_seconds_that_are_alike_for_long_make_a_run_less_sure() -> None:
    alone = [
        estimate(P50, cells_of(drifting(seed, likeness=0.0)), is_logarithmic=True)
        for seed in range(8)
    ]
    alike = [
        estimate(P50, cells_of(drifting(seed, likeness=0.9)), is_logarithmic=True)
        for seed in range(8)
    ]
    mean = [np.mean([one.variance or 0.0 for one in several]) for several in (alone, alike)]
    assert mean[1] > 3 * mean[0]


@settings(deadline=None)
@given(runs, st.sampled_from([P50, P95, AVG]), st.booleans())
def test_whatever_a_run_measured_it_is_a_value_and_a_variance_or_why_not(
    seconds: Seconds, figure: Figure, is_logarithmic: bool
) -> None:
    found = estimate(figure, cells_of(seconds), is_logarithmic=is_logarithmic)
    assert (found.variance is None) == (found.why is not None)
    if found.variance is not None:
        assert found.value is not None
        assert found.variance >= found.floor > 0
        assert found.freedom >= 1
        assert math.isfinite(found.point)


def test_what_cannot_be_told_says_why() -> None:
    def why(figure: Figure, seconds: Seconds) -> str | None:
        return estimate(figure, cells_of(seconds), is_logarithmic=True).why

    assert why(P95, []) == "not measured"
    assert why(P95, [[]] * 9) == "not measured"
    assert why(P95, [[1.0] * 100] * 4) == "only 4 s are judged"
    assert why(P95, [[1.0] * 10] * 10) == "only 5 samples beyond it"
    assert why(MAX, [[1.0] * 100] * 10) == "one value alone says nothing of the next"
    assert why(P50, [[4e6] * 100] * 10) == "values above 1h are all alike"
    assert why(P95, [[1.0] * 100] * 10) is None


def test_times_that_never_vary_are_as_sure_as_a_histogram_is_fine() -> None:
    found = estimate(P95, cells_of([[20.0] * 50] * 20), is_logarithmic=False)
    assert found.variance is not None
    # A bucket at 20 ms is 16 µs wide.
    assert 0 < math.sqrt(found.variance) < 0.016


def test_no_failure_at_all_is_no_certainty_that_there_is_none() -> None:
    cells = ShareCells(np.zeros(20), np.full(20, 50.0))
    found = estimate(FAILED, cells, is_logarithmic=False)
    assert found.value == 0
    assert found.variance is not None
    # The rule of three: of 1,000, up to 3 in 1,000 may fail.
    assert 0.0005 < 2 * math.sqrt(found.variance) < 0.003


def test_failures_in_one_burst_say_less_than_failures_all_over() -> None:
    totals = np.full(40, 100.0)
    burst = np.where(np.arange(40) < 4, 50.0, 0.0)
    even = np.full(40, 5.0)
    sides = [
        estimate(FAILED, ShareCells(one, totals), is_logarithmic=False) for one in (burst, even)
    ]
    assert sides[0].value == sides[1].value == 0.05
    assert sides[0].variance is not None
    assert sides[1].variance is not None
    assert sides[0].variance > 10 * sides[1].variance


def test_counts_are_per_second_of_active_time() -> None:
    cells = CountCells(np.array([100.0] * 9 + [50.0]), np.array([1.0] * 10), seconds=9.5)
    assert estimate(RATE, cells, is_logarithmic=True).value == 100.0
    assert estimate(COUNT, cells, is_logarithmic=False).value == 950.0
    assert (
        estimate(RATE, CountCells(np.zeros(10), np.ones(10), 10.0), is_logarithmic=True).why
        == "nothing was counted"
    )
    nobody = CountCells(np.zeros(10), np.zeros(10), 0.0)
    assert estimate(RATE, nobody, is_logarithmic=True).value is None


@settings(deadline=None, max_examples=30)
@given(st.floats(0.1, 20), st.integers(0, 20))
def test_longer_times_are_as_sure_in_proportion(times: float, seed: int) -> None:
    seconds = drifting(seed, 20, 30)
    longer = [[round(times * one, 3) for one in second] for second in seconds]
    one, other = (estimate(P50, cells_of(side), is_logarithmic=True) for side in (seconds, longer))
    assert other.point - one.point == pytest.approx(math.log(times), abs=0.004)
    assert one.variance is not None
    assert other.variance is not None
    assert other.variance == pytest.approx(one.variance, rel=0.5, abs=2e-6)


def test_an_empty_histogram_among_full_ones_is_a_second_without_requests() -> None:
    seconds = [[10.0] * 20, [], [12.0] * 20] * 8
    assert estimate(P50, cells_of(seconds), is_logarithmic=True).variance is not None
    assert Histogram().count == 0
