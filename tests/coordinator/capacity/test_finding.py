"""What a search comes to: answer, verdict and reasons, out of its levels alone; the knee and the margin."""

from __future__ import annotations

from fractions import Fraction

import pytest

from groundswell.capacity.searched import searched
from groundswell.capacity.settings import SearchSettings
from groundswell.exit_codes import ExitCode
from groundswell.verdict.verdict import Reason, ReasonCode, decide
from groundswell_coordinator.capacity.finding import Finding, find, with_finding
from groundswell_coordinator.capacity.knee import knee
from groundswell_coordinator.capacity.search import Outcome, Phase, Search
from groundswell_coordinator.report.capacity_summary import LevelSummary
from groundswell_coordinator.report.capacity_words import answer, findings
from groundswell_coordinator.report.judged import Remark
from tests.coordinator.played import plan_of
from tests.coordinator.report.samples import PASSED

_REASONS = {
    Outcome.FAILED: (Remark("threshold_failed", "http_req_duration: p(95) < 1s: 2s"),),
    Outcome.GENERATOR: (Remark("agent_saturated", "agent-1: send lag p99 9 ms", "agent-1"),),
    Outcome.UNTOLD: (Remark("no_samples", "http_req_duration: no samples to judge"),),
    Outcome.SPOILED: (Remark("agent_lost", "agent-1 was lost in it", "agent-1"),),
}


def level(number: int, phase: Phase, rate: float, outcome: Outcome) -> LevelSummary:
    return LevelSummary(
        *(number, phase.value, rate, 1, 2, 3, outcome.value),
        achieved=rate,
        requests=2 * rate,
        p50_ms=10.0,
        p95_ms=20.0,
        p99_ms=30.0,
        failed=0.0,
        dropped=0,
        vus=5,
        reasons=_REASONS.get(outcome, ()),
    )


def found(settings: SearchSettings, capacity: float, *last: Outcome) -> Finding:
    """Of a target that carries so much; `last` are the outcomes from then on, the end of all."""
    search, levels = Search(settings), list[LevelSummary]()
    ending = list(last)
    while search.next is not None:
        step = search.next
        outcome = Outcome.PASSED if step.rate <= capacity else Outcome.FAILED
        if ending and step.rate > capacity / 2:
            outcome = ending.pop(0)
            if not ending:
                levels.append(level(len(levels), step.phase, float(step.rate), outcome))
                break
        levels.append(level(len(levels), step.phase, float(step.rate), outcome))
        search.take(outcome)
    test = searched(plan_of(("http_reqs", "count > 0")), settings)
    return find(settings, test, levels)


def settings_of(**more: int) -> SearchSettings:
    asked = {"first": 100, "last": 6400, **more}
    return SearchSettings(**{key: Fraction(value) for key, value in asked.items()})  # type: ignore[arg-type]


def verdict(finding: Finding) -> tuple[str, int, list[str]]:
    decision = decide(finding.reasons, has_thresholds=True)
    codes = [reason.code.value for reason in decision.reasons]
    return decision.verdict.value, int(decision.exit_code), codes


def test_an_answer_is_a_pass() -> None:
    finding = found(settings_of(normal=250), 1_000)
    capacity = finding.capacity
    assert verdict(finding) == ("PASS", 0, [])
    assert capacity.highest is not None
    assert 1_000 / 1.02 <= capacity.highest <= 1_000
    assert (capacity.end, capacity.is_confirmed, capacity.at_least) == ("found", True, False)
    assert (capacity.highest_requests, capacity.why) == (
        *(2 * capacity.highest,),
        "http_req_duration: p(95) < 1s: 2s",
    )
    told = dict(findings(capacity))
    assert answer(capacity) in told["highest that passes"]
    assert (
        told["margin"] == f"{capacity.highest / 250 - 1:.0%}: it carries 4.0 times the normal 250/s"
    )


def test_what_is_required_is_held_against_the_answer() -> None:
    assert verdict(found(settings_of(required=900), 1_000)) == ("PASS", 0, [])
    finding = found(settings_of(required=2_000), 1_000)
    assert verdict(finding) == ("FAIL", 99, ["capacity_below"])
    assert "2,000/s is required" in finding.reasons[0].message


def test_the_last_rate_is_at_least_what_it_carries() -> None:
    finding = found(settings_of(required=6400, normal=100), 10_000)
    assert verdict(finding) == ("PASS", 0, [])
    assert answer(finding.capacity) == "≥ 6,400/s"
    assert dict(findings(finding.capacity))["margin"].startswith("at least 6300%")


def test_a_first_rate_that_fails_is_a_failure() -> None:
    finding = found(settings_of(), 60)
    assert verdict(finding) == ("FAIL", 99, ["capacity_below"])
    assert answer(finding.capacity) == "< 100/s"


@pytest.mark.parametrize(
    ("last", "code"),
    [
        ((Outcome.GENERATOR, Outcome.GENERATOR), "agent_saturated"),
        ((Outcome.UNTOLD,), "no_samples"),
        ((Outcome.PASSED,), "search_unsettled"),
        ((Outcome.SPOILED,), "agent_lost"),
    ],
)
def test_without_an_answer_it_is_inconclusive_and_says_what_it_knows(
    last: tuple[Outcome, ...], code: str
) -> None:
    finding = found(settings_of(required=150, normal=1_000), 1_000, *last)
    assert verdict(finding) == ("INCONCLUSIVE", 96, [code])
    assert finding.capacity.highest in (400, 800)
    assert finding.capacity.lowest_failed is None
    assert answer(finding.capacity).startswith("≥ ")
    assert dict(findings(finding.capacity))["margin"].startswith("none: it carries ")


def test_before_the_first_level_nothing_is_known() -> None:
    test = searched(plan_of(("http_reqs", "count > 0")), settings_of())
    finding = find(settings_of(), test, ())
    assert verdict(finding) == ("INCONCLUSIVE", 96, ["search_unsettled"])
    assert (answer(finding.capacity), finding.thresholds) == ("none", ())


def test_what_cut_the_run_short_is_a_reason_and_what_befell_it_before_its_end_is_none() -> None:
    gone = Reason(ReasonCode.DATA_EXHAUSTED, "load: data ran out")
    lost = Reason(ReasonCode.AGENT_LOST, "agent-1 was lost")
    stopped = Reason(ReasonCode.INTERRUPTED, "the run was interrupted")
    decision = decide([gone, lost], has_thresholds=False)
    cut_short = with_finding(PASSED, found(settings_of(), 1_000, Outcome.PASSED), decision)
    codes = [reason.code for reason in cut_short.reasons]
    assert (cut_short.verdict, cut_short.exit_code) == ("INCONCLUSIVE", 96)
    assert codes == ["search_unsettled", "data_exhausted", "agent_lost"]

    ended = with_finding(PASSED, found(settings_of(), 1_000), decision)
    assert (ended.verdict, ended.exit_code, ended.reasons) == ("PASS", 0, ())

    interrupted = decide([stopped], has_thresholds=False, also=(ExitCode.INTERRUPTED,))
    told = with_finding(PASSED, found(settings_of(), 1_000, Outcome.PASSED), interrupted)
    assert (told.verdict, told.exit_code) == ("INCONCLUSIVE", 105)


def test_the_knee_is_where_a_flat_curve_turns_up() -> None:
    flat = [(100.0, 5.0), (200.0, 5.2), (400.0, 5.5), (800.0, 6.0), (900.0, 30.0), (1_000.0, 400.0)]
    assert knee(flat) == 800
    assert knee(reversed(flat)) == 800
    # The same queue from another distance.
    mm1 = [(rate, 1e3 / (1_000 - rate)) for rate in (100.0, 200.0, 400.0, 800.0, 900.0, 990.0)]
    assert knee(mm1) in (800, 900)


def test_where_nothing_climbs_there_is_no_knee() -> None:
    assert knee([(float(rate), 5.0) for rate in range(1, 9)]) is None
    assert knee([(1.0, 5.0), (2.0, 500.0)]) is None
    assert knee([]) is None
