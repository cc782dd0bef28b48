"""When an agent counts as saturated, over the whole of a run and in the windows that are judged."""

from __future__ import annotations

from dataclasses import replace
from fractions import Fraction
from typing import TYPE_CHECKING

import pytest

from groundswell.scenario.model import ThresholdSpec
from groundswell.verdict.run_warning import RunWarning
from groundswell.verdict.verdict import DropCause, Verdict
from groundswell_coordinator.judge.ending import Ending
from groundswell_coordinator.judge.judgement import judge_run
from groundswell_coordinator.timeline.timeline import Timeline
from tests.coordinator.played import CLOSED, Played, plan_of, play, scenario
from tests.coordinator.reporting import RUN, Reporter, account

if TYPE_CHECKING:
    from tests.coordinator.reporting import Values

PASSING = ("http_reqs", "count > 0")
OVER_3S = ("http_req_duration", ThresholdSpec(threshold="p(99) < 1s", over=Fraction(3)))


def second(lag: float = 0.5, late: int = 0, **more: float) -> Values:
    """A hundred arrivals, so many of them 20 ms late; `more` are gauges."""
    values: Values = {
        "http_reqs": 100,
        "http_req_duration": [1.0] * 100,
        "send_lag{scenario:s}": [lag] * (100 - late) + [20.0] * late,
    }
    return {**values, **more}


CALM, LATE = second(), second(late=50)


def reason(played: Played) -> str:
    (message,) = played.messages
    return message


# --- throttled ---


def test_an_agent_that_its_cgroup_stops_is_saturated_whatever_its_lag() -> None:
    seconds = [second(agent_cpu=0.99, agent_cpu_throttled=0.25)] * 2 + [CALM] * 2
    played = play(plan_of(PASSING), seconds)
    assert played.judgement.decision.verdict is Verdict.INCONCLUSIVE
    assert played.codes == ["agent_saturated"]
    # The gauge of the last two seconds was not reported at all.
    assert reason(played) == (
        "agent-1 was throttled by its cgroup for 0.5 s of 4 s: raise its CPU limit"
    )


def test_the_lag_that_comes_of_it_is_told_with_it() -> None:
    played = play(plan_of(PASSING), [second(late=50, agent_cpu_throttled=0.8)] * 30)
    assert reason(played) == (
        "agent-1 was throttled by its cgroup for 24 s of 30 s, send lag p99 20 ms:"
        " raise its CPU limit"
    )


@pytest.mark.parametrize(("share", "is_saturated"), [(0.0099, False), (0.0101, True)])
def test_a_hundredth_of_the_time_is_forgiven(share: float, is_saturated: bool) -> None:
    played = play(plan_of(PASSING), [second(agent_cpu_throttled=share)] * 5)
    assert bool(played.codes) == is_saturated


def test_a_test_may_forgive_more() -> None:
    test = plan_of(PASSING)
    limits = replace(test.generator_limits, cpu_throttled=Fraction(1, 2))
    played = play(replace(test, generator_limits=limits), [second(agent_cpu_throttled=0.4)] * 5)
    assert played.codes == []


def test_what_was_throttled_in_the_warm_up_is_forgiven() -> None:
    seconds = [second(agent_cpu_throttled=0.9)] * 2 + [second(agent_cpu_throttled=0.0)]
    assert play(plan_of(PASSING, warmup=Fraction(2)), seconds).codes == []


# --- in a window ---


def test_a_window_that_was_judged_while_the_agent_lagged_is_no_pass() -> None:
    """Over the run its p99 is fine: four late arrivals of one second, of a thousand in all."""
    seconds = [CALM] * 6 + [second(late=4)] + [CALM] * 3
    assert play(plan_of(PASSING), seconds).codes == []
    played = play(plan_of(PASSING, OVER_3S), seconds)
    assert played.codes == ["agent_saturated"]
    assert reason(played) == (
        "agent-1 had a send lag p99 above 5ms from second 4 to 7, a window that "
        "http_req_duration: p(99) < 1s over 3s was judged by: add agents or lower the rate"
    )


@pytest.mark.parametrize(("late", "is_saturated"), [(1, False), (2, True)])
def test_a_single_late_start_makes_no_window_late(late: int, is_saturated: bool) -> None:
    """Of ten arrivals a second, one is more than 1 % of any window."""
    calm: Values = {"http_req_duration": [1.0], "send_lag": [0.1] * 10}
    odd: Values = {"http_req_duration": [1.0], "send_lag": [0.1] * (10 - late) + [20.0] * late}
    # So many more after the last window that over the run it is little.
    played = play(plan_of(OVER_3S), [calm] * 5 + [odd] + [calm] * 30)
    assert bool(played.codes) == is_saturated


def test_only_windows_that_were_judged_count() -> None:
    """In the warm-up there are none, and the first after it begins behind the lag."""
    seconds = [LATE] * 2 + [CALM] * 8
    assert play(plan_of(PASSING, OVER_3S, warmup=Fraction(2)), seconds).codes == []


def test_being_throttled_in_a_window_is_told_of_that_window() -> None:
    test = plan_of(OVER_3S)
    limits = replace(test.generator_limits, cpu_throttled=Fraction(1, 10))
    calm, stopped = second(agent_cpu_throttled=0.0), second(agent_cpu_throttled=0.4)
    played = play(replace(test, generator_limits=limits), [calm] * 5 + [stopped] + [calm] * 4)
    assert reason(played) == (
        "agent-1 was throttled by its cgroup from second 3 to 6, a window that "
        "http_req_duration: p(99) < 1s over 3s was judged by: raise its CPU limit"
    )


def test_a_closed_test_s_windows_go_by_loop_lag() -> None:
    calm: Values = {"http_reqs": 9, "http_req_duration": [1.0], "agent_loop_lag": [0.1] * 50}
    held: Values = {**calm, "agent_loop_lag": [0.1] * 46 + [40.0] * 4}
    seconds = [calm] * 5 + [held] + [calm] * 4
    (told,) = play(plan_of(OVER_3S, s=scenario(CLOSED)), seconds).messages
    # Four of five hundred are less than 1 %, four of a hundred and fifty are more.
    assert told.startswith("agent-1 had a loop lag p99 above 5ms from second 3 to 6, a window")


# --- busy ---


def test_a_busy_cpu_only_warns() -> None:
    seconds = [second(agent_cpu=0.97)] * 4 + [second(agent_cpu=0.5)]
    played = play(plan_of(PASSING), seconds)
    assert played.judgement.decision.verdict is Verdict.PASS
    assert played.judgement.warnings == (
        RunWarning("agent_busy", "agent-1 was at 97% CPU for 4 s: add agents", "agent-1"),
    )


def test_two_busy_seconds_are_not_worth_a_word() -> None:
    played = play(plan_of(PASSING), [second(agent_cpu=0.97)] * 2 + [second(agent_cpu=0.5)])
    assert played.judgement.warnings == ()


def test_of_many_busy_agents_the_busiest_stands_for_all() -> None:
    timeline = Timeline(RUN, {f"i{n}": f"agent-{n}" for n in range(3)})
    for number, busy in enumerate((4, 9, 0)):
        reporter = Reporter(f"i{number}")
        for at in range(10):
            values = second(agent_cpu=0.95 if at < busy else 0.3)
            timeline.add(reporter.report(at, values, last=at == 9), at + 1)
    timeline.close()
    warnings = judge_run(plan_of(PASSING), timeline, Ending()).warnings
    text = "agent-1 was at 95% CPU for 9 s (and 1 more agents for up to as long): add agents"
    assert warnings == (RunWarning("agent_busy", text),)


def test_what_agents_found_before_the_load_comes_first() -> None:
    found = RunWarning("target_http2", "it would speak HTTP/2")
    played = play(plan_of(PASSING), [second(agent_cpu=0.97)] * 4, ending=Ending(warnings=(found,)))
    assert [one.code for one in played.judgement.warnings] == ["target_http2", "agent_busy"]


# --- whose fault it was that VUs were missing ---


@pytest.mark.parametrize(
    ("under", "cause"),
    [
        (CALM, DropCause.TARGET),
        (second(agent_cpu=0.89), DropCause.TARGET),
        (second(agent_cpu=0.95), DropCause.GENERATOR),
        (second(agent_cpu=0.2, agent_cpu_throttled=0.3), DropCause.GENERATOR),
        (LATE, DropCause.GENERATOR),
    ],
)
def test_drops_are_the_generator_s_fault_in_a_second_in_which_it_did_not_keep_up(
    under: Values, cause: DropCause
) -> None:
    """Before and after that second it had nothing to do, so over the run it looks at ease."""
    seconds = [CALM] * 5 + [under] + [CALM] * 300
    accounts = {
        4: [account("s", 500, 500)],
        5: [account("s", 600, 550, {"no_vu": 50})],
        305: [account("s", 30_600, 30_550, {"no_vu": 50})],
    }
    played = play(plan_of(PASSING), seconds, accounts)
    assert [one.cause for one in played.judgement.decision.reasons if one.cause] == [cause]


def test_what_was_dropped_before_the_strain_stays_the_target_s_fault() -> None:
    busy = second(agent_cpu=1.0)
    accounts = {
        0: [account("s", 100, 60, {"no_vu": 40})],
        1: [account("s", 200, 150, {"no_vu": 50})],
    }
    played = play(plan_of(PASSING), [CALM, busy], accounts)
    assert [one.cause for one in played.judgement.decision.reasons] == [DropCause.TARGET]
