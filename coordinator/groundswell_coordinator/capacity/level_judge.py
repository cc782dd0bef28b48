"""Judges one level: the agents' own health first, then the target by the test's thresholds.

A level is judged as a run would be whose warm-up ends where the level has settled: by the same judge,
over the seconds of the level alone.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from groundswell.capacity.searched import searched_names
from groundswell.metrics.histogram import Histogram
from groundswell.verdict.selection import Selection
from groundswell.verdict.verdict import DropCause, Reason, ReasonCode
from groundswell_coordinator.capacity.search import Outcome, Phase
from groundswell_coordinator.judge.ending import Ending
from groundswell_coordinator.judge.judgement import judge_run
from groundswell_coordinator.report.capacity_summary import LevelSummary
from groundswell_coordinator.report.finite import finite
from groundswell_coordinator.report.judged import Remark, ThresholdResult
from groundswell_coordinator.timeline.interval import Interval
from groundswell_coordinator.timeline.slice import Slice
from groundswell_coordinator.timeline.strain import strain_of
from groundswell_coordinator.timeline.timeline import Timeline

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

    from groundswell.scenario.model import Test
    from groundswell.schedule.levels import Level
    from groundswell.v1.metrics_pb2 import Report
    from groundswell_coordinator.capacity.search import Step
    from groundswell_coordinator.judge.judgement import Judgement

_PERCENTILES = (50.0, 95.0, 99.0)


@dataclass(frozen=True, slots=True)
class Material:
    """What was heard of a level: its intervals from the one before what is judged on, with their parts,
    and what came late of them. `names` of the agents by incarnation; `lost`, by name, are those that are
    and had no heir yet when judging began.
    """

    run_id: str
    names: Mapping[str, str]
    intervals: Sequence[Interval]
    late: Sequence[Report] = ()
    lost: frozenset[str] = frozenset()


def judge_level(test: Test, step: Step, level: Level, material: Material) -> LevelSummary:
    """`test` is as it is searched, with its thresholds."""
    first = level.begin + step.settle
    timeline = _timeline(test, first, material)
    judgement = judge_run(test, timeline, Ending())
    outcome, reasons = _outcome(judgement, _gaps(timeline, first, material.lost))
    return LevelSummary(
        number=level.number,
        phase=step.phase.value,
        rate=float(step.rate),
        begin_s=level.begin,
        from_s=first,
        to_s=first + step.hold,
        outcome=_for(step.phase, outcome).value,
        **_measured(test, timeline, first, step.hold),
        reasons=tuple(Remark(one.code.value, one.message, one.agent) for one in reasons),
        thresholds=tuple(
            ThresholdResult(one.threshold.key, one.threshold.expression, one.ok, one.value)
            for one in judgement.thresholds
        ),
    )


def _timeline(test: Test, first: int, material: Material) -> Timeline:
    timeline = Timeline(
        material.run_id,
        material.names,
        first,
        new_strain=strain_of(test),
        scenarios=test.scenarios,
    )
    # What was before is nobody's concern here, but intervals are counted from the run's start.
    for number in range(material.intervals[0].number):
        timeline.restore(Interval(number), ())
    for interval in material.intervals:
        timeline.restore(interval, interval.parts)
    for report in material.late:
        timeline.add(report, now=float(report.interval))
    return timeline


def _gaps(timeline: Timeline, first: int, lost: frozenset[str]) -> list[str]:
    """Agents that were lost, and of which a second is missing that is judged."""
    seconds = range(first, timeline.sealed_count)
    return [
        agent.name
        for agent in timeline.agents
        if agent.name in lost and not all(agent.has(second) for second in seconds)
    ]


def _outcome(judgement: Judgement, gaps: list[str]) -> tuple[Outcome, Sequence[Reason]]:
    """With the reasons that decided it."""
    reasons = judgement.decision.reasons
    if gaps:
        message = f"{', '.join(gaps)} was lost in it"
        return Outcome.SPOILED, [Reason(ReasonCode.AGENT_LOST, message, agent=gaps[0])]
    for outcome, decides in _IN_ORDER:
        if found := [reason for reason in reasons if decides(reason)]:
            return outcome, found
    return Outcome.PASSED, ()


def _for(phase: Phase, outcome: Outcome) -> Outcome:
    """To have recovered, no threshold needs to have had samples."""
    if phase is Phase.RECOVER and outcome is Outcome.UNTOLD:
        return Outcome.PASSED
    return outcome


def _is_generators(reason: Reason) -> bool:
    return reason.code is ReasonCode.AGENT_SATURATED or reason.cause is DropCause.GENERATOR


def _is_targets(reason: Reason) -> bool:
    return reason.code is ReasonCode.THRESHOLD_FAILED or reason.cause is DropCause.TARGET


def _is_untold(reason: Reason) -> bool:
    return reason.code in (ReasonCode.NO_SAMPLES, ReasonCode.DATA_EXHAUSTED)


# Health goes first: what a saturated generator measures of a target is the generator.
_IN_ORDER = (
    (Outcome.GENERATOR, _is_generators),
    (Outcome.FAILED, _is_targets),
    (Outcome.UNTOLD, _is_untold),
)


def _measured(test: Test, timeline: Timeline, first: int, hold: int) -> dict[str, Any]:
    names = searched_names(test)
    judged = timeline.intervals()[first:]
    accounts = [agent.book.judged.get(name) for agent in timeline.agents for name in names]
    durations = Histogram()
    for name in names:
        durations.merge(timeline.trend(_of("http_req_duration", name)))
    cuts = [
        Slice.of(one, timeline.matching(_of(metric, name)))
        for metric in ("http_reqs", "http_req_failed")
        for name in names
        for one in judged
    ]
    total = sum(cut.total for cut in cuts)
    times = map(finite, durations.percentiles(_PERCENTILES)) if durations.count else (None,) * 3
    return {
        "achieved": sum(one.fired for one in accounts if one is not None) / hold,
        "requests": sum(cut.count for cut in cuts) / hold,
        **dict(zip(("p50_ms", "p95_ms", "p99_ms"), times, strict=True)),
        "failed": sum(cut.passes for cut in cuts) / total if total else 0.0,
        "dropped": sum(sum(one.dropped.values()) for one in accounts if one is not None),
        "vus": _vus(timeline, judged),
    }


def _of(metric: str, scenario: str) -> Selection:
    return Selection(metric, (("scenario", scenario),))


def _vus(timeline: Timeline, judged: Iterable[Interval]) -> int:
    """The most that were at work."""
    series = timeline.matching(Selection("vus"))
    return int(max((Slice.of(one, series).gauge or 0 for one in judged), default=0))
