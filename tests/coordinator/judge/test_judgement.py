from __future__ import annotations

from dataclasses import replace
from fractions import Fraction
from typing import TYPE_CHECKING

import pytest

from groundswell.exit_codes import ExitCode
from groundswell.scenario.model import ThresholdSpec
from groundswell.verdict.selection import parse_selection
from groundswell.verdict.verdict import DropCause, Reason, ReasonCode, Verdict
from groundswell_coordinator.judge.ending import Cause, Ending
from groundswell_coordinator.judge.judgement import judge_run
from groundswell_coordinator.judge.meter import measure
from groundswell_coordinator.judge.view import CounterView, GaugeView, RateView
from groundswell_coordinator.timeline.accounts import Loss
from groundswell_coordinator.timeline.timeline import Timeline
from tests.coordinator.played import CLOSED, COUNTED, plan_of, play, scenario
from tests.coordinator.reporting import RUN, Reporter, Values, account

if TYPE_CHECKING:
    from groundswell.scenario.model import Test

PASSING = ("http_reqs", "count > 0")
FAILING = ("http_reqs", "count > 1000")
BUSY: Values = {"http_reqs": 10, "send_lag{scenario:s}": [1.0] * 98 + [12.34] * 2}
CALM: Values = {"http_reqs": 10, "send_lag{scenario:s}": [1.0] * 99 + [12.34]}


def closed(*thresholds: tuple[str, str]) -> Test:
    return plan_of(*thresholds, s=scenario(CLOSED))


# --- the verdict ---


def test_a_run_that_meets_its_thresholds_passes() -> None:
    decision = play(plan_of(PASSING), [CALM] * 2).judgement.decision
    assert decision.verdict is Verdict.PASS
    assert decision.exit_code is ExitCode.OK
    assert decision.reasons == ()


def test_a_run_that_does_not_fails_and_says_by_how_much() -> None:
    played = play(plan_of(FAILING), [CALM] * 2)
    assert played.judgement.decision.exit_code is ExitCode.FAIL
    assert played.judgement.decision.reasons == (
        Reason(ReasonCode.THRESHOLD_FAILED, "http_reqs: count > 1000: 20", metric="http_reqs"),
    )


def test_all_reasons_are_listed_next_to_a_fail() -> None:
    played = play(plan_of(FAILING, ("checks", "rate == 1")), [BUSY] * 2)
    assert played.judgement.decision.verdict is Verdict.FAIL
    assert played.codes == ["threshold_failed", "no_samples", "agent_saturated"]


def test_without_thresholds_a_saturated_agent_is_a_warning() -> None:
    decision = play(plan_of(), [BUSY] * 2).judgement.decision
    assert decision.verdict is Verdict.PASS
    assert decision.exit_code is ExitCode.OK
    assert [reason.code for reason in decision.reasons] == [ReasonCode.AGENT_SATURATED]


# --- how it ended ---


@pytest.mark.parametrize(
    ("cause", "threshold", "verdict", "exit_code", "code"),
    [
        (Cause.INTERRUPTED, PASSING, "INCONCLUSIVE", ExitCode.INTERRUPTED, "interrupted"),
        (Cause.INTERRUPTED, FAILING, "FAIL", ExitCode.INTERRUPTED, "interrupted"),
        (Cause.INTERRUPTED, None, "PASS", ExitCode.INTERRUPTED, "interrupted"),
        (Cause.OPERATOR, PASSING, "INCONCLUSIVE", ExitCode.STOPPED_BY_OPERATOR, "interrupted"),
        (Cause.OPERATOR, FAILING, "FAIL", ExitCode.STOPPED_BY_OPERATOR, "interrupted"),
        (Cause.STORE_FAILED, PASSING, "INCONCLUSIVE", ExitCode.INCONCLUSIVE, "store_failed"),
        (Cause.STORE_FAILED, None, "PASS", ExitCode.OK, "store_failed"),
        (Cause.OVERDUE, PASSING, "INCONCLUSIVE", ExitCode.INCONCLUSIVE, "interrupted"),
    ],
)
def test_a_run_that_was_stopped_early_says_so(
    cause: Cause,
    threshold: tuple[str, str] | None,
    verdict: str,
    exit_code: ExitCode,
    code: str,
) -> None:
    test = plan_of(threshold) if threshold else plan_of()
    played = play(test, [CALM] * 3, ending=Ending(cause, at=2.5))
    assert played.judgement.decision.verdict.value == verdict
    assert played.judgement.decision.exit_code is exit_code
    assert code in played.codes


def test_an_interruption_names_its_second() -> None:
    played = play(plan_of(PASSING), [CALM] * 3, ending=Ending(Cause.INTERRUPTED, at=2.5))
    assert played.messages == ["the run was interrupted after 2.5 s"]


def test_an_abort_stays_a_fail_though_the_number_recovers() -> None:
    spec = ThresholdSpec(threshold="avg < 100", abort_on_fail=True)
    seconds: list[Values] = [{"http_req_duration": [150.0]}, {"http_req_duration": [1.0]}]
    test = plan_of(("http_req_duration", spec))
    aborted = play(test, seconds).aborted
    assert aborted is not None
    second, standing = aborted
    assert second == 1
    ending = Ending(Cause.THRESHOLD, at=1.2, aborted_by=str(standing.threshold))
    played = play(test, seconds, ending=ending)
    assert played.judgement.decision.verdict is Verdict.FAIL
    assert played.standing.ok is False


def test_reasons_that_no_interval_shows_are_given_with_the_ending() -> None:
    gone = Reason(ReasonCode.COORDINATOR_LOST, "nobody owned the run any more")
    played = play(plan_of(PASSING), [CALM], ending=Ending(reasons=(gone, gone)))
    assert played.judgement.decision.verdict is Verdict.INCONCLUSIVE
    assert played.judgement.decision.reasons == (gone,)


# --- whether the generator kept up ---


def test_an_agent_whose_starts_lag_is_named_with_the_number_and_advice() -> None:
    played = play(plan_of(PASSING), [BUSY] * 2)
    (reason,) = played.judgement.decision.reasons
    assert reason.agent == "agent-1"
    assert reason.message == (
        "agent-1: send lag p99 12.3 ms is above 5ms, in 2 of 2 s: add agents or lower the rate"
    )
    (health,) = played.judgement.agents
    assert health.send_lag_p99_ms == pytest.approx(12.34, rel=0.001)
    assert health.saturation is reason


def test_lag_in_the_warm_up_is_forgiven() -> None:
    test = plan_of(PASSING, warmup=Fraction(2))
    assert play(test, [BUSY, BUSY, CALM]).codes == []


def test_the_limits_of_the_generator_are_the_test_s() -> None:
    test = plan_of(PASSING)
    patient = replace(test.generator_limits, send_lag=Fraction(20, 1000))
    assert play(replace(test, generator_limits=patient), [BUSY]).codes == []


def test_a_closed_test_goes_by_loop_lag_and_not_by_send_lag() -> None:
    assert play(closed(PASSING), [BUSY]).codes == []
    lagging: Values = {"http_reqs": 1, "agent_loop_lag": [30.0, 30.0]}
    assert play(closed(PASSING), [lagging]).messages == [
        "agent-1: loop lag p99 30 ms is above 5ms, in 1 of 1 s: add agents or use fewer VUs"
    ]
    assert play(plan_of(PASSING), [lagging]).codes == []


def test_one_lagging_agent_of_two_is_enough_and_is_the_one_named() -> None:
    timeline = Timeline(RUN, {"i1": "agent-1", "i2": "agent-2"})
    timeline.add(Reporter("i1").report(0, {"http_reqs": 1, "send_lag": [1.0] * 1000}, last=True), 1)
    timeline.add(Reporter("i2").report(0, {"send_lag": [9.0]}, last=True), 1)
    timeline.seal_due(1)
    judgement = judge_run(plan_of(PASSING), timeline, Ending())
    assert [reason.agent for reason in judgement.decision.reasons] == ["agent-2"]


def test_the_highest_cpu_of_an_agent_is_kept_and_judges_nothing() -> None:
    seconds: list[Values] = [{"http_reqs": 1, "agent_cpu": cpu} for cpu in (0.5, 1.0, 0.7)]
    played = play(plan_of(PASSING), seconds)
    assert played.judgement.agents[0].cpu_max == 1.0
    assert played.codes == []


# --- whether the plan was carried out ---


@pytest.mark.parametrize(
    ("dropped", "values", "cause"),
    [
        ({"no_vu": 1}, CALM, None),
        ({"no_vu": 2}, CALM, DropCause.TARGET),
        ({"late": 2}, CALM, DropCause.GENERATOR),
        ({"time": 2}, CALM, DropCause.TARGET),
        ({"no_vu": 5, "late": 2}, CALM, DropCause.TARGET),
        ({"no_vu": 2, "late": 5}, CALM, DropCause.GENERATOR),
        ({"no_vu": 5}, BUSY, DropCause.GENERATOR),
    ],
)
def test_drops_above_a_thousandth_of_the_plan_have_a_cause(
    dropped: dict[str, int], values: Values, cause: DropCause | None
) -> None:
    accounts = {0: [account("s", 1000, 1000 - sum(dropped.values()), dropped)]}
    played = play(plan_of(PASSING), [values], accounts)
    found = [
        reason.cause
        for reason in played.judgement.decision.reasons
        if reason.code is ReasonCode.RATE_NOT_REACHED
    ]
    assert found == ([cause] if cause else [])


def test_drops_are_counted_out_in_the_message() -> None:
    accounts = {0: [account("s", 20_000, 18_000, {"no_vu": 1990, "late": 10})]}
    assert play(plan_of(PASSING), [CALM], accounts).messages == [
        "s: 2,000 of 20,000 planned iterations (10.00%) were dropped [late 10, no_vu 1,990]:"
        " the target was too slow for so many VUs: raise max_vus or lower the rate"
    ]


def test_drops_of_the_warm_up_are_forgiven() -> None:
    accounts = {
        0: [account("s", 100, 50, {"no_vu": 50})],
        1: [account("s", 200, 150, {"no_vu": 50})],
    }
    test = plan_of(PASSING, warmup=Fraction(1))
    assert play(test, [CALM, CALM], accounts).codes == []


def test_counted_iterations_planned_within_the_warm_up_are_still_the_plan() -> None:
    accounts = {0: [account("s", 1000, 1)], 1: [account("s", 1000, 999, {"time": 1})]}
    test = plan_of(PASSING, warmup=Fraction(1), s=scenario(COUNTED))
    assert play(test, [CALM, CALM], accounts).codes == []


def test_data_that_ran_out_is_a_reason_of_its_own() -> None:
    accounts = {0: [account("s", 1000, 900, {"no_data": 100})]}
    played = play(plan_of(PASSING), [CALM], accounts)
    assert played.codes == ["data_exhausted"]
    assert played.messages == ["s: data ran out, 100 iterations had none"]


LOST = Loss("i9", "agent-9", reshared=True)


@pytest.mark.parametrize(
    ("loss", "message"),
    [
        (replace(LOST, reshared=False), "agent-9 was lost and no other agent took over its share"),
        (replace(LOST, due={"s": 10}, owned={"s": 15}), None),
        (
            replace(LOST, due={"s": 10}, owned={"s": 60}),
            "agent-9 was lost: 60 of 1,060 planned iterations of s are dropped or unknown",
        ),
    ],
)
def test_a_lost_agent_is_a_reason_where_its_share_was_not_taken_over_in_time(
    loss: Loss, message: str | None
) -> None:
    timeline = Timeline(RUN, {"i1": "agent-1", "i9": "agent-9"})
    timeline.add(Reporter("i1").report(0, CALM, [account("s", 1000, 1000)], last=True), 1)
    lost = Reporter("i9").report(0, {}, [account("s", 1, 0)])
    lost.accounts[0].planned = 1
    timeline.add(lost, 1)
    timeline.lose("i9")
    timeline.close()
    judgement = judge_run(plan_of(PASSING), timeline, Ending(losses=(loss,)))
    messages = [reason.message for reason in judgement.decision.reasons]
    assert messages == ([message] if message else [])
    assert judgement.scenarios["s"].is_balanced


# --- what a summary reads ---


def test_every_metric_is_measured_as_thresholds_see_it() -> None:
    values: Values = {
        "http_reqs{name:a}": 4,
        "http_reqs{name:b}": 6,
        "checks": (1, 4),
        "vus": 3,
        "http_req_duration": [5.0],
    }
    played = play(plan_of(), [values, values])

    def view(name: str) -> object:
        return measure(parse_selection(name), played.timeline, played.judgement.activity)

    assert view("http_reqs") == CounterView(20, 2.0)
    assert view("http_reqs{name:a}") == CounterView(8, 2.0)
    assert view("iterations") == CounterView(0, 2.0)
    assert view("checks") == RateView(2, 8)
    assert view("vus") == GaugeView(3, 3, 3)
    assert view("agent_cpu") is None
    assert view("http_req_duration") == played.timeline.trend(parse_selection("http_req_duration"))
