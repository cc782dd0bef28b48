"""Makes the summary of a run out of what was measured and how it was judged.

The totals cover the whole run, warm-up and graceful stop included, so that they can be held against the target's own
counts; a threshold's value covers the span that it judges.
"""

from __future__ import annotations

from dataclasses import dataclass
from math import ceil
from typing import TYPE_CHECKING

from groundswell import __version__
from groundswell.scenario.model import ConstantVus, RampingVus, all_requests
from groundswell_coordinator.report.judged import Remark
from groundswell_coordinator.report.summary import (
    AgentSummary,
    PhaseSummary,
    ReasonSummary,
    ScenarioSummary,
    Summary,
    ThresholdSummary,
    WindowSummary,
)
from groundswell_coordinator.run.courses import course_of
from groundswell_coordinator.run.events import Phase
from groundswell_coordinator.run.plan_curve import planned_curve
from groundswell_coordinator.run.sums import Sums

if TYPE_CHECKING:
    from collections.abc import Container, Iterable, Mapping
    from datetime import datetime

    from groundswell.scenario.model import Test
    from groundswell.schedule.levels import Level
    from groundswell.verdict.verdict import Reason
    from groundswell_coordinator.judge.health import AgentHealth
    from groundswell_coordinator.judge.judgement import Judgement
    from groundswell_coordinator.judge.standing import Standing
    from groundswell_coordinator.report.summary import CheckSummary
    from groundswell_coordinator.run.phases import PhaseRecord
    from groundswell_coordinator.run.submission import Submission
    from groundswell_coordinator.timeline.accounts import ScenarioTotals
    from groundswell_coordinator.timeline.timeline import Timeline


@dataclass(frozen=True, slots=True)
class Facts:
    """What neither the timeline nor the judgement knows; `skews_ms` and `weights` by agent name.

    `version` is of the groundswell that the run was made with.
    """

    started_at: datetime | None
    duration_s: float
    weights: Mapping[str, int]
    skews_ms: Mapping[str, float]
    phases: tuple[PhaseRecord, ...] = ()
    levels: tuple[Level, ...] = ()
    version: str = __version__


def summarize(
    submission: Submission, timeline: Timeline, judgement: Judgement, facts: Facts
) -> Summary:
    decision = judgement.decision
    sums = Sums(timeline, facts.duration_s, own=submission.test.metrics)
    asked = {
        standing.threshold.selection: standing.threshold.key for standing in judgement.thresholds
    }
    lost = {one.incarnation for one in timeline.agents if one.is_lost and not one.has_ended}
    return Summary(
        run=submission.run_id,
        test=submission.test.test,
        test_hash=submission.source.hash,
        groundswell_version=facts.version,
        verdict=decision.verdict.value,
        exit_code=int(decision.exit_code),
        reasons=tuple(_reason(reason) for reason in decision.reasons),
        warnings=tuple(Remark(one.code, one.message, one.agent) for one in judgement.warnings),
        labels=submission.labels,
        started_at=facts.started_at,
        duration_s=round(facts.duration_s, 3),
        warmup_s=float(submission.test.warmup),
        plan=planned_curve(submission.test.scenarios.values(), facts.duration_s, facts.levels),
        course=course_of(timeline, ceil(facts.duration_s)),
        agents=tuple(_agent(health, facts, lost) for health in judgement.agents),
        scenarios={
            name: _scenario(submission, name, account)
            for name, account in judgement.scenarios.items()
        },
        setup=_phase(facts, Phase.SETUP),
        teardown=_phase(facts, Phase.TEARDOWN),
        metrics=sums.metrics(asked),
        thresholds=tuple(_threshold(standing) for standing in judgement.thresholds),
        checks=_in_order(sums.checks(), submission.test),
        errors=sums.errors(),
    )


def _in_order(checks: Iterable[CheckSummary], test: Test) -> tuple[CheckSummary, ...]:
    """As the test has them: in which order agents speak of them depends on who is heard first."""
    names = [
        check.name
        for scenario in test.scenarios.values()
        for step in all_requests(scenario.steps)
        for check in step.checks
    ]
    places = {name: place for place, name in reversed(list(enumerate(names)))}
    return tuple(sorted(checks, key=lambda one: (places.get(one.name, len(names)), one.name)))


def _reason(reason: Reason) -> ReasonSummary:
    cause = reason.cause.value if reason.cause is not None else None
    return ReasonSummary(reason.code.value, reason.message, reason.agent, reason.metric, cause)


def _agent(health: AgentHealth, facts: Facts, lost: Container[str]) -> AgentSummary:
    return AgentSummary(
        name=health.name,
        weight=facts.weights[health.name],
        skew_ms=facts.skews_ms.get(health.name),
        cpu_max=health.cpu_max,
        send_lag_p99_ms=health.send_lag_p99_ms,
        lost=health.incarnation in lost,
    )


def _scenario(submission: Submission, name: str, account: ScenarioTotals) -> ScenarioSummary:
    scenario = submission.test.scenarios[name]
    has_plan = not isinstance(scenario, ConstantVus | RampingVus)
    return ScenarioSummary(
        executor=scenario.executor,
        planned=account.planned if has_plan else None,
        fired=account.fired,
        dropped=account.dropped,
        unknown=account.unknown,
        interrupted=account.interrupted,
        repeatable=account.repeatable,
        cut_off=account.cut_off,
    )


def _phase(facts: Facts, phase: Phase) -> PhaseSummary | None:
    for one in facts.phases:
        if one.phase is phase:
            took = round(one.took_s, 3)
            agent = one.agent or None
            return PhaseSummary(agent, one.requests, took, one.failure or None, one.message or None)
    return None


def _threshold(standing: Standing) -> ThresholdSummary:
    window = None
    if standing.window is not None and standing.threshold.over is not None:
        window = WindowSummary(
            float(standing.threshold.over), standing.window.start, standing.window.end
        )
    return ThresholdSummary(
        metric=standing.threshold.key,
        expression=standing.threshold.expression,
        ok=standing.ok,
        value=standing.value,
        window=window,
    )
