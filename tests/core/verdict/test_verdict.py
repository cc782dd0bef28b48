from __future__ import annotations

import pytest

from groundswell.exit_codes import ExitCode
from groundswell.verdict.verdict import Reason, ReasonCode, Verdict, decide

FAILED = Reason(ReasonCode.THRESHOLD_FAILED, "too slow")
SATURATED = Reason(ReasonCode.AGENT_SATURATED, "too busy", agent="agent-1")


@pytest.mark.parametrize(
    ("reasons", "verdict", "exit_code"),
    [
        ([], Verdict.PASS, ExitCode.OK),
        ([SATURATED], Verdict.INCONCLUSIVE, ExitCode.INCONCLUSIVE),
        ([FAILED], Verdict.FAIL, ExitCode.FAIL),
        ([SATURATED, FAILED], Verdict.FAIL, ExitCode.FAIL),
    ],
)
def test_fail_goes_before_inconclusive_and_that_before_pass(
    reasons: list[Reason], verdict: Verdict, exit_code: ExitCode
) -> None:
    decision = decide(reasons, has_thresholds=True)
    assert decision.verdict is verdict
    assert decision.exit_code is exit_code
    assert decision.reasons == tuple(reasons)


def test_without_thresholds_reasons_are_warnings_next_to_a_pass() -> None:
    decision = decide([SATURATED], has_thresholds=False)
    assert decision.verdict is Verdict.PASS
    assert decision.exit_code is ExitCode.OK
    assert decision.reasons == (SATURATED,)


@pytest.mark.parametrize("reasons", [[], [SATURATED], [FAILED]])
@pytest.mark.parametrize("has_thresholds", [True, False])
@pytest.mark.parametrize(
    "code",
    [
        ExitCode.INTERRUPTED,
        ExitCode.STOPPED_BY_OPERATOR,
        ExitCode.SCRIPT_EXCEPTION,
        ExitCode.INTERNAL,
    ],
)
def test_what_befell_the_run_goes_before_its_verdict(
    reasons: list[Reason], has_thresholds: bool, code: ExitCode
) -> None:
    assert decide(reasons, has_thresholds, also=[code]).exit_code is code


def test_an_interrupted_run_keeps_the_verdict_that_it_earned() -> None:
    decision = decide([FAILED], has_thresholds=True, also=[ExitCode.INTERRUPTED])
    assert decision.verdict is Verdict.FAIL
    assert decision.exit_codes == {ExitCode.FAIL, ExitCode.INTERRUPTED}


def test_only_what_somebody_asked_for_implies_a_fail() -> None:
    failing = {code for code in ReasonCode if code.verdict is Verdict.FAIL}
    assert failing == {ReasonCode.THRESHOLD_FAILED, ReasonCode.CAPACITY_BELOW}
