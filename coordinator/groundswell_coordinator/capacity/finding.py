"""What a search comes to: its answer, and the verdict with its reasons.

A pure function of what was searched for, of what came of its levels, and of how the run ended.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from groundswell.capacity.searched import searched_names
from groundswell.verdict.verdict import Decision, Reason, ReasonCode, decide
from groundswell_coordinator.capacity.knee import knee
from groundswell_coordinator.capacity.search import End, Outcome, Phase, Search
from groundswell_coordinator.report.capacity_summary import CapacitySummary
from groundswell_coordinator.report.capacity_words import rate_text
from groundswell_coordinator.report.summary import ReasonSummary, ThresholdSummary

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from groundswell.capacity.settings import SearchSettings
    from groundswell.scenario.model import Test
    from groundswell_coordinator.report.capacity_summary import LevelSummary
    from groundswell_coordinator.report.summary import Summary

# Of the run as a whole: why it ended before the search did.
_OF_THE_RUN = frozenset(
    (
        ReasonCode.INTERRUPTED,
        ReasonCode.STORE_FAILED,
        ReasonCode.COORDINATOR_LOST,
    )
)
# Where the search has no end of its own: what the run came to, too.
_OF_ITS_END = frozenset(
    (ReasonCode.DATA_EXHAUSTED, ReasonCode.AGENT_LOST, ReasonCode.SCRIPT_EXCEPTION)
)


@dataclass(frozen=True, slots=True)
class Finding:
    """`thresholds` as they stood over the level that the answer rests on."""

    capacity: CapacitySummary
    reasons: tuple[Reason, ...]
    thresholds: tuple[ThresholdSummary, ...]


def find(settings: SearchSettings, test: Test, judged: Sequence[LevelSummary]) -> Finding:
    """`test` is as it is searched."""
    search = Search(settings)
    for level in judged:
        if search.next is not None:
            search.take(Outcome(level.outcome))
    end = search.end or End.UNFINISHED
    if judged and search.end is None and judged[-1].outcome == Outcome.SPOILED.value:
        # The run's policy for lost agents left nobody to go on with.
        end = End.AGENT_LOST
    told = [level for level in judged if level.phase != Phase.RECOVER.value]
    highest = None if search.highest is None else float(search.highest)
    failed = None if search.lowest_failed is None else float(search.lowest_failed)
    best = _last(told, highest, Outcome.PASSED)
    broken = _last(told, failed, Outcome.FAILED)
    capacity = CapacitySummary(
        end=end.value,
        scenarios=searched_names(test),
        from_rate=float(settings.first),
        to_rate=float(settings.last),
        tolerance=float(settings.tolerance),
        hold_s=settings.hold,
        settle_s=settings.settle,
        highest=highest,
        highest_requests=None if best is None else best.requests,
        is_confirmed=end in (End.FOUND, End.BEYOND),
        at_least=end is End.BEYOND,
        lowest_failed=failed,
        why=None if broken is None else "; ".join(one.message for one in broken.reasons),
        stopped_at=_stopped_at(end, told),
        knee=knee((one.rate, one.p95_ms) for one in told if one.p95_ms is not None),
        required=None if settings.required is None else float(settings.required),
        normal=None if settings.normal is None else float(settings.normal),
        margin=_margin(settings, highest),
        levels=tuple(judged),
    )
    reasons = tuple(_reasons(end, settings, capacity, judged))
    return Finding(capacity, reasons, _thresholds(best if best is not None else broken))


def with_finding(summary: Summary, finding: Finding, decision: Decision) -> Summary:
    """The summary of the run as that of a search. `decision` is the run's own, without thresholds."""
    is_cut_short = finding.capacity.end == End.UNFINISHED.value
    telling = _OF_THE_RUN | _OF_ITS_END if is_cut_short else _OF_THE_RUN
    own = [reason for reason in decision.reasons if reason.code in telling]
    reasons = (*finding.reasons, *own)
    told = decide(reasons, has_thresholds=True, also=decision.exit_codes)
    return replace(
        summary,
        verdict=told.verdict.value,
        exit_code=int(told.exit_code),
        reasons=tuple(_summary_of(reason) for reason in told.reasons),
        thresholds=finding.thresholds,
        capacity=finding.capacity,
    )


def _reasons(
    end: End, settings: SearchSettings, found: CapacitySummary, judged: Sequence[LevelSummary]
) -> Iterable[Reason]:
    last = judged[-1] if judged else None
    match end:
        case End.FOUND | End.BEYOND:
            yield from _too_low(settings, found)
        case End.BELOW:
            message = (
                f"the lowest rate that was tried, {rate_text(found.from_rate)}, fails: {found.why}"
            )
            yield Reason(ReasonCode.CAPACITY_BELOW, message)
        case End.GENERATOR | End.UNTOLD | End.AGENT_LOST if last is not None:
            at = rate_text(last.rate)
            for one in last.reasons:
                code = ReasonCode(one.code)
                yield Reason(code, f"the search ended at {at}: {one.message}", agent=one.agent)
        case End.NOT_RECOVERED if last is not None:
            message = (
                f"after a failed level the target did not recover within a minute at "
                f"{rate_text(last.rate)}: what comes next would have been judged by its backlog"
            )
            yield Reason(ReasonCode.SEARCH_UNSETTLED, message)
        case End.UNSETTLED:
            message = f"{len(judged)} levels contradict each other: hold each for longer (--hold)"
            yield Reason(ReasonCode.SEARCH_UNSETTLED, message)
        case _:
            yield Reason(
                ReasonCode.SEARCH_UNSETTLED, "the search was stopped before it had an answer"
            )


def _too_low(settings: SearchSettings, found: CapacitySummary) -> Iterable[Reason]:
    if settings.required is None or found.highest is None:
        return
    if found.highest < float(settings.required):
        required = rate_text(float(settings.required))
        message = (
            f"{rate_text(found.highest)} is the highest rate that passes, {required} is required"
        )
        yield Reason(ReasonCode.CAPACITY_BELOW, message)


def _last(
    levels: Iterable[LevelSummary], rate: float | None, outcome: Outcome
) -> LevelSummary | None:
    found = [one for one in levels if one.rate == rate and one.outcome == outcome.value]
    return found[-1] if found else None


def _stopped_at(end: End, told: Sequence[LevelSummary]) -> float | None:
    has_answer = end in (End.FOUND, End.BEYOND, End.BELOW)
    return None if has_answer or not told else told[-1].rate


def _margin(settings: SearchSettings, highest: float | None) -> float | None:
    if settings.normal is None or highest is None:
        return None
    return highest / float(settings.normal) - 1


def _thresholds(level: LevelSummary | None) -> tuple[ThresholdSummary, ...]:
    if level is None:
        return ()
    return tuple(
        ThresholdSummary(one.metric, one.expression, one.ok, one.value) for one in level.thresholds
    )


def _summary_of(reason: Reason) -> ReasonSummary:
    cause = reason.cause.value if reason.cause is not None else None
    return ReasonSummary(reason.code.value, reason.message, reason.agent, reason.metric, cause)
