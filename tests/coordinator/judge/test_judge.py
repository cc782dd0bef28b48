from __future__ import annotations

import math
from fractions import Fraction

import pytest

from groundswell.scenario.model import ThresholdSpec
from groundswell_coordinator.judge.ending import Cause, Ending
from groundswell_coordinator.judge.judge import Judge
from groundswell_coordinator.judge.judgement import judge_run
from groundswell_coordinator.judge.standing import Window
from groundswell_coordinator.timeline.timeline import Timeline
from tests.coordinator.played import (
    CLOSED,
    COUNTED,
    OPEN,
    plan_of,
    play,
    scenario,
)
from tests.coordinator.reporting import RUN, Reporter, Values

DURATION = "http_req_duration"


def durations(*per_second: float) -> list[Values]:
    return [{DURATION: [ms]} for ms in per_second]


def requests(*per_second: int) -> list[Values]:
    return [{"http_reqs": count} for count in per_second]


def aborting(threshold: str, delay: int = 0) -> ThresholdSpec:
    return ThresholdSpec(threshold=threshold, abort_on_fail=True, delay_abort_eval=Fraction(delay))


def over(threshold: str, seconds: int, abort: bool = False) -> ThresholdSpec:
    return ThresholdSpec(threshold=threshold, over=Fraction(seconds), abort_on_fail=abort)


# --- by everything so far ---


@pytest.mark.parametrize(
    ("key", "expression", "seconds", "ok", "value"),
    [
        (DURATION, "p(95) < 300ms", durations(100, 200, 290), True, 290),
        (DURATION, "p(50) < 150ms", durations(100, 200, 290), False, 200),
        (DURATION, "med < 250ms", durations(100, 200, 290), True, 200),
        (DURATION, "avg < 200ms", durations(100, 200, 300), False, 200),
        (DURATION, "min >= 100", durations(100, 200, 300), True, 100),
        (DURATION, "max <= 300", durations(100, 200, 300), True, 300),
        (DURATION, "p(95) < 1h", durations(3_600_001), False, math.inf),
        (DURATION, "p(95) > 1h", durations(3_600_001), True, math.inf),
        ("http_req_failed", "rate < 1%", [{"http_req_failed": (1, 100)}], False, 0.01),
        ("http_req_failed", "rate <= 1%", [{"http_req_failed": (1, 100)}], True, 0.01),
        ("checks", "rate == 1", [{"checks": (9, 9)}, {}], True, 1),
        ("http_reqs", "count > 5", requests(2, 4), True, 6),
        ("http_reqs", "rate > 3", requests(2, 4), False, 3),
        ("data_sent", "rate <= 1KiB/s", [{"data_sent": 1024}], True, 1024),
        ("vus", "value < 8", [{"vus": 9}, {"vus": 7}], True, 7),
        ("dropped_iterations", "count == 0", requests(1), True, 0),
        ("dropped_iterations{scenario:s}", "rate == 0", requests(1), True, 0),
    ],
)
def test_a_threshold_is_judged_by_all_samples(
    key: str, expression: str, seconds: list[Values], ok: bool, value: float
) -> None:
    standing = play(plan_of((key, expression)), seconds).standing
    assert standing.ok is ok
    assert standing.value is not None
    assert standing.value == pytest.approx(value, rel=0.001)
    assert standing.window is None


@pytest.mark.parametrize("key", [DURATION, "http_req_failed", "vus", f"{DURATION}{{name:b}}"])
def test_trends_rates_and_gauges_without_samples_are_not_judged(key: str) -> None:
    expression = {"http_req_failed": "rate < 1", "vus": "value < 1"}.get(key, "max < 1")
    played = play(plan_of((key, expression)), requests(1, 1))
    assert played.standing.ok is None
    assert played.codes == ["no_samples"]
    assert played.judgement.decision.verdict.value == "INCONCLUSIVE"


def test_a_failing_threshold_can_recover() -> None:
    played = play(plan_of((DURATION, "avg < 100")), durations(200, 50, 20))
    assert [one.ok for (one,) in played.live] == [False, False, True]
    assert played.standing.ok is True
    assert played.judgement.decision.verdict.value == "PASS"


def test_nothing_of_the_warm_up_is_judged() -> None:
    test = plan_of((DURATION, aborting("max < 100")), warmup=Fraction(2))
    played = play(test, durations(500, 500, 50))
    assert [one.ok for (one,) in played.live] == [None, None, True]
    assert played.aborted is None
    assert played.standing.value == 50


def test_a_warm_up_that_ends_within_a_second_lasts_until_its_end() -> None:
    test = plan_of(("http_reqs", "count > 0"), warmup=Fraction(3, 2))
    assert play(test, requests(1, 2, 4)).standing.value == 4


def test_a_run_that_ends_in_its_warm_up_has_judged_nothing() -> None:
    test = plan_of(("dropped_iterations", "count == 0"), warmup=Fraction(30))
    played = play(test, requests(1, 1))
    assert played.standing.ok is None
    assert played.codes == ["no_samples"]


# --- what the rate of a counter is divided by ---


@pytest.mark.parametrize(
    ("warmup", "start", "duration", "seconds", "count", "rate"),
    [
        (0, 0, 4, 4, 40, 10),
        (0, 0, 4, 7, 40, 10),  # three seconds of graceful stop
        (2, 0, 4, 4, 20, 10),
        (0, 2, 2, 4, 20, 10),  # nothing before start_time
        (0, 0, "5/2", 3, 30, 12),  # the third second is active for half of it
    ],
)
def test_a_rate_is_per_second_of_planned_activity(
    warmup: int, start: int, duration: int | str, seconds: int, count: int, rate: float
) -> None:
    one = scenario(OPEN, start_time=Fraction(start), duration=Fraction(duration))
    test = plan_of(
        ("http_reqs", "count > 0"), ("http_reqs", "rate > 0"), warmup=Fraction(warmup), s=one
    )
    played = play(test, requests(*[10] * seconds))
    assert [standing.value for standing in played.judgement.thresholds] == [count, rate]


def test_a_scenario_that_is_selected_is_measured_in_its_own_time() -> None:
    early = scenario(CLOSED, duration=Fraction(2))
    late = scenario(CLOSED, start_time=Fraction(4), duration=Fraction(2))
    test = plan_of(
        ("http_reqs{scenario:late}", "rate > 0"), ("http_reqs", "rate > 0"), early=early, late=late
    )
    at_work: Values = {"http_reqs{scenario:early}": 6}
    stopping: Values = {"http_reqs{scenario:early}": 1}
    later: Values = {"http_reqs{scenario:late}": 10}
    seconds = [at_work, at_work, stopping, {}, later, later]
    played = play(test, seconds)
    assert [standing.value for standing in played.judgement.thresholds] == [10, 8]


def test_scenarios_that_overlap_share_their_time() -> None:
    first = scenario(CLOSED, duration=Fraction(3))
    second = scenario(CLOSED, start_time=Fraction(2), duration=Fraction(2))
    test = plan_of(("http_reqs", "rate > 0"), first=first, second=second)
    assert play(test, requests(4, 4, 4, 4)).standing.value == 4


def test_iterations_that_are_counted_end_when_they_are_done() -> None:
    test = plan_of(("http_reqs", "rate > 0"), s=scenario(COUNTED))
    at_work: Values = {"http_reqs{scenario:s}": 5}
    played = play(test, [at_work, at_work, {}, {}, {}])
    assert played.standing.value == 5


def test_an_early_stop_cuts_the_time() -> None:
    ending = Ending(Cause.INTERRUPTED, at=2.5)
    played = play(plan_of(("http_reqs", "rate > 0")), requests(10, 10, 5, 1), ending=ending)
    assert played.standing.value == 10


def test_samples_of_the_graceful_stop_count_in_trends_and_rates_but_not_in_counts() -> None:
    test = plan_of(
        ("http_reqs", "count > 0"),
        ("http_req_failed", "rate < 1"),
        (DURATION, "max < 1"),
        ("vus", "value > 0"),
        ("interrupted_iterations", "count > 0"),
        s=scenario(OPEN, duration=Fraction(1)),
    )
    seconds: list[Values] = [
        {"http_reqs": 1, "http_req_failed": (0, 1), DURATION: [1], "vus": 5},
        {
            "http_reqs": 1,
            "http_req_failed": (1, 1),
            DURATION: [9],
            "vus": 0,
            "interrupted_iterations": 2,
        },
    ]
    values = [standing.value for standing in play(test, seconds).judgement.thresholds]
    assert values == [1, 0.5, 9, 5, 2]


# --- aborts ---


@pytest.mark.parametrize(("delay", "second"), [(0, 1), (1, 1), (2, 2), (3, 3), (4, None)])
def test_an_abort_waits_for_its_delay_and_not_longer(delay: int, second: int | None) -> None:
    played = play(plan_of((DURATION, aborting("max < 100", delay))), durations(200, 200, 200))
    assert (played.aborted and played.aborted[0]) == second
    assert [one.ok for (one,) in played.live] == [False] * 3


def test_the_delay_counts_from_the_start_of_the_run_and_not_from_the_end_of_warm_up() -> None:
    test = plan_of((DURATION, aborting("max < 100", 3)), warmup=Fraction(2))
    played = play(test, durations(200, 200, 200, 200))
    assert played.aborted is not None
    assert played.aborted[0] == 3


def test_no_samples_abort_nothing() -> None:
    assert play(plan_of((DURATION, aborting("max < 100"))), requests(1, 1)).aborted is None


def test_a_threshold_without_abort_on_fail_aborts_nothing() -> None:
    test = plan_of((DURATION, "max < 100"), (DURATION, aborting("max < 300")))
    assert play(test, durations(200, 200)).aborted is None


# --- windows ---


def test_every_full_window_is_judged_and_the_worst_is_named() -> None:
    test = plan_of((DURATION, over("max < 100", 2)))
    played = play(test, durations(10, 20, 200, 150, 20, 10))
    assert [one.ok for (one,) in played.live] == [None, True, False, False, False, False]
    assert played.standing.value == 200
    assert played.standing.window == Window(1, 3)
    assert played.codes == ["threshold_failed"]
    assert played.messages == ["http_req_duration: max < 100 over 2s: 200ms from second 1 to 3"]


def test_windows_that_all_hold_name_the_one_nearest_to_failing() -> None:
    test = plan_of(("http_reqs", over("rate > 5", 2)))
    standing = play(test, requests(10, 20, 6, 8, 20)).standing
    assert standing.ok is True
    assert standing.value == 7
    assert standing.window == Window(2, 4)


def test_a_window_does_not_recover() -> None:
    test = plan_of((DURATION, over("max < 100", 1)))
    assert play(test, durations(200, 10, 10, 10)).standing.ok is False


def test_a_failed_window_aborts() -> None:
    test = plan_of((DURATION, over("max < 100", 2, abort=True)))
    played = play(test, durations(500, 10, 10))
    assert played.aborted is not None
    assert played.aborted[0] == 2


def test_windows_keep_out_of_the_warm_up() -> None:
    test = plan_of((DURATION, over("max < 100", 2)), warmup=Fraction(1))
    standing = play(test, durations(500, 10, 10)).standing
    assert standing.ok is True
    assert standing.window == Window(1, 3)


def test_windows_keep_out_of_the_graceful_stop() -> None:
    one = scenario(OPEN, duration=Fraction(2))
    test = plan_of(("http_reqs", over("count >= 20", 2)), s=one)
    assert play(test, requests(10, 10, 1, 0)).standing.ok is True


def test_an_empty_window_is_not_judged() -> None:
    test = plan_of((DURATION, over("max < 100", 1)))
    seconds = [*durations(10), {}, {}, *durations(20)]
    standing = play(test, seconds).standing
    assert standing.ok is True
    assert standing.value == 20


def test_a_window_of_a_counter_that_nobody_incremented_is_0_and_is_judged() -> None:
    test = plan_of(("http_reqs", over("count > 0", 2)))
    standing = play(test, requests(1, 0, 0, 1)).standing
    assert standing.ok is False
    assert standing.window == Window(1, 3)


def test_a_run_shorter_than_its_window_has_no_samples() -> None:
    test = plan_of((DURATION, over("max < 100", 30)))
    played = play(test, durations(10, 10))
    assert played.standing.ok is None
    assert played.messages == [
        "http_req_duration: max < 100 over 30s: no full window of 30s had samples to judge"
    ]


@pytest.mark.parametrize(
    ("key", "expression", "seconds", "value"),
    [
        ("http_req_failed", "rate < 50%", [{"http_req_failed": (i, 4)} for i in (1, 3, 2)], 0.625),
        ("vus", "value < 50", [{"vus": i} for i in (4, 9, 2)], 9),
        ("http_reqs", "count < 50", requests(1, 5, 2), 7),
    ],
)
def test_windows_of_other_kinds_add_up_too(
    key: str, expression: str, seconds: list[Values], value: float
) -> None:
    assert play(plan_of((key, over(expression, 2))), seconds).standing.value == value


# --- late reports ---


def test_live_judging_goes_on_and_the_final_verdict_counts_what_came_late() -> None:
    test = plan_of((DURATION, over("max < 100", 1)), (DURATION, "max < 100"))
    timeline = Timeline(RUN, {"i1": "agent-1", "i2": "agent-2"})
    judge, one, two = Judge(test, timeline), Reporter("i1"), Reporter("i2")
    for second in range(3):
        timeline.add(one.report(second, {DURATION: [10.0]}, last=second == 2), second + 1)
    for interval in timeline.seal_due(10):
        if interval.number < 3:
            judge.observe(interval)
    assert [standing.ok for standing in judge.standings()] == [True, True]
    timeline.add(two.report(1, {DURATION: [500.0]}), 10)
    assert judge.standings()[0].ok is True
    windowed, whole = judge_run(test, timeline, Ending()).thresholds
    assert (windowed.ok, windowed.window) == (False, Window(1, 2))
    assert (whole.ok, whole.value) == (False, 500)


def test_intervals_are_judged_in_order() -> None:
    test = plan_of((DURATION, "max < 100"))
    timeline = Timeline(RUN, {"i1": "agent-1"})
    judge = Judge(test, timeline)
    first, second = timeline.seal_due(3)[:2]
    with pytest.raises(ValueError, match="interval 1 after -1"):
        judge.observe(second)
    judge.observe(first)
