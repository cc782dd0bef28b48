"""What came of a level: the agents' own health first, then the target, over its own seconds alone."""

from __future__ import annotations

from fractions import Fraction
from typing import TYPE_CHECKING

import pytest

from groundswell.capacity.searched import searched
from groundswell.capacity.settings import SearchSettings
from groundswell.schedule.levels import Level
from groundswell_coordinator.capacity.level_judge import Material, judge_level
from groundswell_coordinator.capacity.search import Phase, Step
from groundswell_coordinator.timeline.timeline import Timeline
from tests.coordinator.played import plan_of
from tests.coordinator.reporting import RUN, Reporter, Values, account

if TYPE_CHECKING:
    from groundswell.v1.metrics_pb2 import Report
    from groundswell_coordinator.report.capacity_summary import LevelSummary
    from groundswell_coordinator.timeline.interval import Interval

HELD = (("http_req_duration", "p(95) < 100ms"), ("http_req_failed", "rate < 1%"))
TEST = searched(plan_of(*HELD), SearchSettings(Fraction(10), Fraction(100)))
STEP = Step(Phase.CLIMB, Fraction(20), settle=2, hold=3)
LEVEL = Level(4, 7, 14, Fraction(2))
# Judged from second 9 to 12.
GOOD: Values = {
    "http_reqs{scenario:s}": 20,
    "http_req_failed{scenario:s}": (0, 20),
    "http_req_duration{scenario:s}": [10.0] * 19 + [50.0],
    "send_lag{scenario:s}": [0.1] * 20,
    "vus": 3,
}
SLOW: Values = {**GOOD, "http_req_duration{scenario:s}": [200.0] * 20}
STRAINED: Values = {**GOOD, "send_lag{scenario:s}": [50.0] * 20}


def judged(
    seconds: dict[int, Values],
    *,
    step: Step = STEP,
    agents: tuple[str, ...] = ("a", "b"),
    silent_from: int = 99,
    dropped: dict[int, dict[str, int]] | None = None,
    late: bool = False,
) -> LevelSummary:
    """Both agents measure the same, second for second; `b` falls silent."""
    timeline = Timeline(RUN, {name: name for name in agents})
    reporters = {name: Reporter(name) for name in agents}
    intervals: list[Interval] = []
    behind: list[Report] = []
    lost = frozenset[str]()
    gone: dict[str, int] = {}
    for second in range(15):
        for name, reporter in reporters.items():
            if name == "b" and second >= silent_from:
                lost = frozenset({"b"})
                timeline.lose("b")
                continue
            for reason, count in (dropped or {}).get(second, {}).items():
                gone[reason] = gone.get(reason, 0) + count
            planned = 20 * (second + 1)
            accounts = [account("s", planned, planned - sum(gone.values()), gone)]
            report = reporter.report(second, seconds.get(second, GOOD), accounts)
            if late and name == "b":
                behind.append(report)
            else:
                timeline.add(report, second + 1)
        intervals += timeline.seal_due(second + 1 + 0.9)
    material = Material(RUN, {name: name for name in agents}, intervals[8:12], behind[8:12], lost)
    return judge_level(TEST, step, LEVEL, material)


def test_a_level_is_judged_by_its_own_seconds_after_it_has_settled() -> None:
    bad_around = dict.fromkeys((*range(9), 12, 13, 14), SLOW)
    level = judged(bad_around)
    assert (level.outcome, level.reasons) == ("passed", ())
    assert (level.begin_s, level.from_s, level.to_s) == (7, 9, 12)
    assert (level.rate, level.achieved, level.requests) == (20, 40, 40)
    assert level.p50_ms == pytest.approx(10, rel=0.01)
    assert (level.failed, level.dropped, level.vus) == (0, 0, 6)
    assert [one.ok for one in level.thresholds] == [True, True]


def test_what_came_late_of_it_counts_as_well() -> None:
    level = judged({10: SLOW}, late=True)
    assert (level.outcome, level.achieved, level.requests) == ("failed", 40, 40)


def test_a_threshold_that_fails_over_it_fails_it() -> None:
    level = judged({10: SLOW})
    assert level.outcome == "failed"
    assert [one.code for one in level.reasons] == ["threshold_failed"]
    assert level.reasons[0].message.startswith("http_req_duration: p(95) < 100ms: ")


def test_a_saturated_agent_is_no_failure_of_the_target() -> None:
    level = judged({9: {**SLOW, "send_lag{scenario:s}": [50.0] * 20}, 10: SLOW})
    assert level.outcome == "generator"
    assert [(one.code, one.agent) for one in level.reasons] == [
        ("agent_saturated", "a"),
        ("agent_saturated", "b"),
    ]
    assert judged(dict.fromkeys(range(9), STRAINED)).outcome == "passed"


def test_the_cause_of_drops_decides_what_they_mean() -> None:
    level = judged({}, dropped={10: {"no_vu": 5}})
    assert (level.outcome, [one.code for one in level.reasons]) == ("failed", ["rate_not_reached"])
    assert level.dropped > 0
    assert judged({}, dropped={10: {"late": 5}}).outcome == "generator"
    assert judged({}, dropped={5: {"late": 5}}).outcome == "passed"


def test_a_level_in_which_an_agent_was_lost_is_spoiled() -> None:
    level = judged({}, silent_from=10)
    assert (level.outcome, level.reasons[0].code) == ("spoiled", "agent_lost")
    assert judged({}, silent_from=13).outcome == "passed"


def test_without_samples_nothing_is_told_but_that_it_has_recovered() -> None:
    nothing: dict[int, Values] = {second: {"vus": 0} for second in range(15)}
    assert judged(nothing).outcome == "untold"
    recovering = Step(Phase.RECOVER, Fraction(5), settle=2, hold=3)
    level = judged(nothing, step=recovering)
    assert (level.outcome, level.p95_ms) == ("passed", None)
