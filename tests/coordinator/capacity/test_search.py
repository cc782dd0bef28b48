"""The search against targets that are a number: it ends, and near it, whatever else befalls it."""

from __future__ import annotations

from fractions import Fraction
from typing import TYPE_CHECKING

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from groundswell.capacity.settings import RECOVERY_S, RECOVERY_STEP_S, SearchSettings
from groundswell_coordinator.capacity.search import End, Outcome, Phase, Search, Step

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

RATES = st.fractions(min_value=1, max_value=50_000, max_denominator=10)
TOLERANCES = st.sampled_from([Fraction(n, 1000) for n in (1, 5, 20, 50, 200)])


def settings_of(first: object, last: object, **more: object) -> SearchSettings:
    return SearchSettings(Fraction(str(first)), Fraction(str(last)), **more)  # type: ignore[arg-type]


def carry_out(search: Search, answer: Callable[[Step], Outcome]) -> list[Step]:
    steps: list[Step] = []
    while search.next is not None:
        steps.append(search.next)
        search.take(answer(search.next))
    return steps


def carrying(capacity: Fraction) -> Callable[[Step], Outcome]:
    return lambda step: Outcome.PASSED if step.rate <= capacity else Outcome.FAILED


def in_turn(outcomes: Iterable[Outcome]) -> Callable[[Step], Outcome]:
    left = iter(outcomes)
    return lambda _: next(left)


def rates(steps: list[Step], phase: Phase) -> list[Fraction]:
    return [step.rate for step in steps if step.phase is phase]


@settings(deadline=None, max_examples=60)
@given(st.tuples(RATES, RATES).filter(lambda two: two[0] < two[1]), RATES, TOLERANCES)
def test_without_noise_the_answer_is_within_the_tolerance(
    between: tuple[Fraction, Fraction], capacity: Fraction, tolerance: Fraction
) -> None:
    first, last = between
    search = Search(settings_of(first, last, tolerance=tolerance))
    steps = carry_out(search, carrying(capacity))
    highest, failed = search.highest, search.lowest_failed
    if capacity < first:
        assert (search.end, highest) == (End.BELOW, None)
    elif capacity >= last:
        assert (search.end, highest, failed) == (End.BEYOND, last, None)
    else:
        assert search.end is End.FOUND
        assert highest is not None
        assert failed is not None
        assert highest <= capacity < failed <= highest * (1 + tolerance)
    # What is said has been seen twice, from both sides.
    if capacity < first / 2:
        return
    tried = [step.rate for step in steps if step.phase is not Phase.RECOVER]
    assert all(tried.count(rate) >= 2 for rate in (highest, failed) if rate is not None)
    assert all(first <= rate <= last for rate in tried)


@settings(deadline=None, max_examples=60)
@given(st.data(), st.tuples(RATES, RATES).filter(lambda two: two[0] < two[1]), TOLERANCES)
def test_it_ends_whatever_comes_of_its_levels(
    data: st.DataObject, between: tuple[Fraction, Fraction], tolerance: Fraction
) -> None:
    asked = settings_of(*between, tolerance=tolerance)
    search = Search(asked)
    steps = carry_out(search, lambda _: data.draw(st.sampled_from(Outcome)))
    assert search.end is not None
    judged = [step for step in steps if step.phase is not Phase.RECOVER]
    assert len(judged) <= asked.most_levels
    recovering = len(steps) - len(judged)
    assert recovering <= len(judged) * RECOVERY_S // RECOVERY_STEP_S


@settings(deadline=None, max_examples=60)
@given(RATES, st.lists(st.booleans(), max_size=40))
def test_failures_by_chance_do_not_end_it_far_below_the_truth(
    capacity: Fraction, hiccups: list[bool]
) -> None:
    """Each is looked at again before it counts."""
    search = Search(settings_of(Fraction(1, 2), 100_000))
    left = iter(hiccups)
    unlucky: set[Fraction] = set()

    def answer(step: Step) -> Outcome:
        if step.phase is Phase.RECOVER:
            return Outcome.PASSED
        # A hiccup hits a rate but once.
        if step.rate not in unlucky and next(left, False):
            unlucky.add(step.rate)
            return Outcome.FAILED
        return carrying(capacity)(step)

    carry_out(search, answer)
    if search.end is not End.UNSETTLED:
        assert search.end is End.FOUND
        assert search.highest is not None
        assert search.highest <= capacity <= search.highest * Fraction(102, 100)


def test_it_climbs_by_doubling_then_narrows_and_confirms_both_sides() -> None:
    search = Search(settings_of(100, 3_000, tolerance=Fraction(1, 10)))
    steps = carry_out(search, carrying(Fraction(1_000)))
    assert rates(steps, Phase.CLIMB) == [100, 200, 400, 800, 1600]
    assert rates(steps, Phase.NARROW) == [1130, 951, 1040]
    assert rates(steps, Phase.AGAIN) == [1040]
    assert rates(steps, Phase.CONFIRM) == [951]
    assert (search.highest, search.lowest_failed) == (Fraction(951), Fraction(1040))


def test_after_a_failure_the_rate_is_half_of_what_passed_until_it_passes() -> None:
    search = Search(settings_of(100, 400))
    answers = [Outcome.PASSED, Outcome.FAILED, Outcome.FAILED, Outcome.GENERATOR, Outcome.PASSED]
    steps = carry_out(search, in_turn([*answers, Outcome.UNTOLD]))
    assert [step.phase for step in steps[2:5]] == [Phase.RECOVER] * 3
    assert [step.rate for step in steps[2:5]] == [50] * 3
    assert steps[5].phase is Phase.NARROW


def test_a_target_that_does_not_recover_within_a_minute_ends_it() -> None:
    search = Search(settings_of(100, 400))
    steps = carry_out(search, in_turn([Outcome.PASSED] + [Outcome.FAILED] * 20))
    assert search.end is End.NOT_RECOVERED
    assert sum(step.seconds for step in steps if step.phase is Phase.RECOVER) <= RECOVERY_S
    assert (search.highest, search.lowest_failed) == (Fraction(100), Fraction(200))


def test_a_generator_that_does_not_keep_up_is_tried_once_more_and_then_ends_it() -> None:
    search = Search(settings_of(100, 400))
    steps = carry_out(search, in_turn([Outcome.PASSED, Outcome.GENERATOR, Outcome.GENERATOR]))
    assert [step.rate for step in steps] == [100, 200, 200]
    assert (search.end, search.highest, search.lowest_failed) == (
        *(End.GENERATOR, Fraction(100)),
        None,
    )


def test_a_hiccup_of_the_generator_does_not_count() -> None:
    search = Search(settings_of(100, 200))
    steps = carry_out(search, in_turn([Outcome.GENERATOR, *[Outcome.PASSED] * 3]))
    assert [step.rate for step in steps] == [100, 100, 200, 200]
    assert search.end is End.BEYOND


def test_a_level_that_lost_an_agent_is_repeated_where_others_take_over() -> None:
    search = Search(settings_of(100, 200))
    steps = carry_out(search, in_turn([Outcome.SPOILED, *[Outcome.PASSED] * 3]))
    assert [step.rate for step in steps] == [100, 100, 200, 200]

    search = Search(settings_of(100, 200), can_repeat=False)
    assert len(carry_out(search, in_turn([Outcome.SPOILED]))) == 1
    assert search.end is End.AGENT_LOST


def test_where_the_answer_does_not_hold_a_second_time_it_is_searched_below() -> None:
    search = Search(settings_of(100, 400, tolerance=Fraction(1, 2)))
    believed: list[Step] = []

    def answer(step: Step) -> Outcome:
        if step.phase is Phase.CONFIRM:
            believed.append(step)
            return Outcome.FAILED if len(believed) == 1 else Outcome.PASSED
        return carrying(Fraction(250) if not believed else Fraction(150))(step)

    carry_out(search, answer)
    assert search.end is End.FOUND
    assert search.highest is not None
    assert 100 <= search.highest <= 150 < believed[0].rate


def test_the_rate_that_is_required_is_tried_itself() -> None:
    search = Search(settings_of(100, 3_000, required=Fraction(987)))
    steps = carry_out(search, carrying(Fraction(990)))
    assert 987 in rates(steps, Phase.NARROW)
    assert search.highest is not None
    assert search.highest >= 987


def test_there_is_nothing_to_take_after_the_end() -> None:
    search = Search(settings_of(100, 200))
    search.take(Outcome.UNTOLD)
    with pytest.raises(ValueError, match="has ended"):
        search.take(Outcome.PASSED)
