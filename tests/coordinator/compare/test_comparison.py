"""Two sides, held against each other: what holds whichever sides they are."""

from __future__ import annotations

import math
from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from groundswell.exit_codes import ExitCode
from groundswell_coordinator.compare.budget import parse_budget
from groundswell_coordinator.compare.comparison import Comparison, Standing, compare
from groundswell_coordinator.compare.difference import Word
from groundswell_coordinator.compare.estimate import Side
from groundswell_coordinator.compare.party import Party, SummaryAlone
from tests.coordinator.compare.simulated import SUMMARY, SimulatedRun
from tests.coordinator.report.samples import PASSED
from tests.coordinator.reporting import histogram_of

MIRRORED = {Word.BETTER: Word.WORSE, Word.WORSE: Word.BETTER}
P95 = "http_req_duration p(95)"


def run(
    seed: int, *, times: float = 1.0, seconds: int = 40, each: int = 100, spread: float = 0.3
) -> SimulatedRun:
    random = np.random.default_rng(seed)
    return SimulatedRun.of(
        [
            histogram_of((times * random.lognormal(3.0, spread, each)).tolist())
            for _ in range(seconds)
        ]
    )


def party(*runs: SimulatedRun) -> Party:
    return Party("some", runs)


def words(comparison: Comparison) -> dict[str, Word]:
    return {row.figure.name: row.word for row in comparison.rows}


small = st.builds(
    run,
    st.integers(0, 1000),
    times=st.sampled_from([0.8, 1.0, 1.03, 1.5]),
    seconds=st.integers(2, 20),
    each=st.integers(0, 40),
    spread=st.sampled_from([0.0, 0.1, 0.6]),
)
sides = st.lists(small, min_size=1, max_size=3).map(lambda runs: party(*runs))


@settings(deadline=None, max_examples=15)
@given(sides, sides)
def test_the_other_way_round_everything_is_the_other_way_round(base: Party, other: Party) -> None:
    forth, back = compare(base, other), compare(other, base)
    for there, here in zip(forth.rows, back.rows, strict=True):
        assert here.word is MIRRORED.get(there.word, there.word)
        assert (here.base, here.candidate) == (there.candidate, there.base)
        if there.change is not None:
            assert here.change is not None
            assert (1 + there.change) * (1 + here.change) == pytest.approx(1)
        if there.low is not None and there.high is not None:
            assert here.low is not None
            assert here.high is not None
            assert (1 + there.low) * (1 + here.high) == pytest.approx(1)
            assert (1 + there.high) * (1 + here.low) == pytest.approx(1)


@settings(deadline=None, max_examples=15)
@given(sides)
def test_a_side_is_never_better_or_worse_than_itself(side: Party) -> None:
    budgets = (parse_budget(f"{P95} +1%"), parse_budget("http_req_duration med +1ms"))
    found = compare(side, side, budgets)
    assert set(words(found).values()) <= {Word.SAME, Word.UNCLEAR}
    assert all(row.change in (None, 0) for row in found.rows)
    assert found.exit_code in (ExitCode.OK, ExitCode.INCONCLUSIVE)


@settings(deadline=None, max_examples=15)
@given(st.integers(0, 1000), st.floats(0.2, 50))
def test_whether_times_are_long_or_short_only_their_ratio_matters(seed: int, scale: float) -> None:
    one = compare(party(run(seed)), party(run(seed + 1, times=1.2)))
    other = compare(party(run(seed, times=scale)), party(run(seed + 1, times=1.2 * scale)))
    for before, after in zip(one.rows, other.rows, strict=True):
        assert before.change is not None
        assert after.change is not None
        assert after.change == pytest.approx(before.change, abs=0.004)


def test_a_slower_build_is_worse_and_a_faster_one_better() -> None:
    one, slower = party(run(1)), party(run(2, times=1.3))
    assert set(words(compare(one, slower)).values()) == {Word.WORSE, Word.UNCLEAR}
    assert words(compare(one, slower))["p(95)"] is Word.WORSE
    assert words(compare(slower, one))["p(95)"] is Word.BETTER


def test_the_same_is_said_where_the_interval_is_within_what_is_tolerated() -> None:
    one, other = party(run(1, each=2000)), party(run(2, each=2000))
    assert words(compare(one, other, tolerance=0.05))["med"] is Word.SAME
    assert words(compare(one, other, tolerance=0.0005))["med"] is Word.UNCLEAR


@pytest.mark.parametrize(
    ("budget", "standing", "code"),
    [
        ("+50%", Standing.KEPT, ExitCode.OK),
        ("+20ms", Standing.KEPT, ExitCode.OK),
        ("+10%", Standing.BROKEN, ExitCode.FAIL),
        ("+2ms", Standing.BROKEN, ExitCode.FAIL),
        ("+30%", Standing.UNCLEAR, ExitCode.INCONCLUSIVE),
        ("+9ms", Standing.UNCLEAR, ExitCode.INCONCLUSIVE),
    ],
)
def test_a_budget_is_kept_or_broken_beyond_doubt_or_it_cannot_be_told(
    budget: str, standing: Standing, code: ExitCode
) -> None:
    """Of 30 % more, which are 9 ms."""
    found = compare(party(run(1)), party(run(2, times=1.3)), (parse_budget(f"{P95} {budget}"),))
    assert [row.standing for row in found.budgets] == [standing]
    assert found.exit_code is code


def test_a_broken_budget_outweighs_one_that_cannot_be_told() -> None:
    budgets = [parse_budget(f"{P95} {allowance}") for allowance in ("+5%", "+30%", "+90%")]
    found = compare(party(run(1)), party(run(2, times=1.3)), budgets)
    standings = [row.standing for row in found.budgets]
    assert standings == [Standing.BROKEN, Standing.UNCLEAR, Standing.KEPT]
    assert found.exit_code is ExitCode.FAIL


def test_getting_better_breaks_no_budget() -> None:
    found = compare(party(run(1)), party(run(2, times=0.5)), (parse_budget(f"{P95} +0%"),))
    assert found.exit_code is ExitCode.OK


def test_without_a_budget_nothing_is_asked() -> None:
    assert compare(party(run(1)), party(run(2, times=3))).exit_code is ExitCode.OK


def test_what_differs_from_run_to_run_is_no_change_of_a_build() -> None:
    """Each run is sure of itself, and its neighbours contradict it."""
    base = party(*(run(seed, times=times) for seed, times in enumerate((1.0, 1.3, 0.8, 1.2, 0.9))))
    other = party(
        *(run(seed + 9, times=times) for seed, times in enumerate((1.1, 0.9, 1.3, 1.0, 1.4)))
    )
    assert set(words(compare(base, other)).values()) == {Word.UNCLEAR}
    one_pair = compare(party(base.runs[0]), party(other.runs[4]))  # type: ignore[arg-type]
    assert words(one_pair)["p(95)"] is Word.WORSE


def test_a_group_whose_runs_agree_shows_a_change() -> None:
    base = party(*(run(seed) for seed in range(5)))
    other = party(*(run(seed + 9, times=1.1) for seed in range(5)))
    assert words(compare(base, other))["p(95)"] is Word.WORSE


def test_a_single_run_beside_a_group_is_as_unsure_as_one_of_the_group() -> None:
    base = party(*(run(seed, times=times) for seed, times in enumerate((1.0, 1.3, 0.8, 1.2, 0.9))))
    assert words(compare(base, party(run(9, times=1.5))))["p(95)"] is Word.UNCLEAR
    assert words(compare(party(run(0)), party(run(9, times=1.5))))["p(95)"] is Word.WORSE


def test_a_single_pair_is_as_unsure_as_earlier_runs_of_its_test() -> None:
    factors = (1.0, 1.3, 0.8, 1.2, 0.9, 1.1)
    restless = tuple(run(20 + seed, times=times) for seed, times in enumerate(factors))
    calm = tuple(run(30 + seed) for seed in range(6))
    base, other = run(0), run(9, times=1.2)

    def word(*earlier: SimulatedRun) -> Word:
        return words(compare(Party("base", (base,), earlier), party(other)))["p(95)"]

    assert word() is Word.WORSE
    assert word(*calm) is Word.WORSE
    assert word(*restless) is Word.UNCLEAR
    assert word(*restless[:4]) is Word.WORSE  # too few to know


def test_a_build_that_became_slower_for_good_makes_its_test_no_restless_one() -> None:
    steady = [run(seed, times=1.0 if seed < 10 else 2.0) for seed in range(20)]
    points = [math.log(one.cells.view.percentile(95)) for one in steady]
    side = Side((), is_logarithmic=True, earlier=tuple(points))
    assert side.usual is not None
    between, freedom = side.usual
    assert between < np.var(points) / 3
    assert 10 < freedom < 19


@pytest.mark.slow
def test_of_runs_that_differ_a_history_keeps_false_alarms_rare() -> None:
    """Runs differ by 8 %, and each is sure of itself: a pair alone cries, one with a history hardly."""
    random = np.random.default_rng(5)

    def one_more() -> SimulatedRun:
        seed = int(random.integers(2**31))
        times = math.exp(0.08 * random.standard_normal())
        return run(seed, times=times, seconds=8, each=60)

    cries = {"alone": 0, "history": 0}
    for _ in range(100):
        drawn = [one_more() for _ in range(12)]
        pair, earlier = drawn[:2], tuple(drawn[2:])
        for how, known in (("alone", ()), ("history", earlier)):
            found = compare(Party("a", (pair[0],), known), party(pair[1]))
            cries[how] += Word.WORSE in words(found).values()
    assert cries["alone"] > 20
    assert cries["history"] <= 10  # 5 % and what chance adds to it, of 100


def test_a_group_can_tell_what_runs_of_a_few_samples_cannot() -> None:
    few = [run(seed, each=5) for seed in range(5)]
    assert compare(party(few[0]), party(few[1])).rows[5].why == "only 0 samples beyond it"
    assert compare(party(*few), party(*few)).rows[5].low is not None


def test_of_summaries_there_are_only_differences() -> None:
    slower = replace(
        PASSED,
        metrics={
            key: replace(metric, values={name: 2 * value for name, value in metric.values.items()})
            for key, metric in PASSED.metrics.items()
        },
    )
    one, other = Party("a", (SummaryAlone(PASSED),)), Party("b", (SummaryAlone(slower),))
    found = compare(one, other, (parse_budget(f"{P95} +5%"),))
    row = next(row for row in found.rows if str(row.figure) == P95)
    assert row.change == pytest.approx(1.0)
    assert {row.word for row in found.rows} == {Word.UNCLEAR}
    assert {row.low for row in found.rows} == {None}
    assert (found.budgets[0].standing, found.exit_code) == (Standing.UNCLEAR, ExitCode.INCONCLUSIVE)


def test_a_run_beside_a_summary_is_taken_by_its_own_summary() -> None:
    whole = SimulatedRun.of([histogram_of([1.0] * 50)] * 10, replace(PASSED, run="whole"))
    found = compare(party(whole), Party("b", (SummaryAlone(PASSED),)))
    assert all(row.change in (None, 0) for row in found.rows)
    assert found.rows


def test_a_metric_of_one_side_alone_is_shown_and_not_compared() -> None:
    found = compare(party(run(1)), party(SimulatedRun.of([histogram_of([])] * 40)))
    assert {(row.word, row.why) for row in found.rows} == {(Word.UNCLEAR, "not measured")}
    assert all(row.base is not None and row.candidate is None for row in found.rows)
    budget = compare(
        party(run(1)), party(SimulatedRun.of([], SUMMARY)), (parse_budget(f"{P95} +5%"),)
    )
    assert budget.exit_code is ExitCode.INCONCLUSIVE


def test_a_relative_budget_of_a_count_is_of_the_base() -> None:
    assert math.isclose(parse_budget("dropped_iterations count +10%").allowance, 0.1)
