"""The final judgement of a run: a pure function of its intervals, its agents' parts and its end."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from groundswell.exit_codes import ExitCode
from groundswell.units import format_duration
from groundswell.verdict.value_text import value_text
from groundswell.verdict.verdict import Decision, Reason, ReasonCode, decide
from groundswell_coordinator.judge.ending import Cause
from groundswell_coordinator.judge.failures import Failures
from groundswell_coordinator.judge.folded import folded_warnings
from groundswell_coordinator.judge.health import AgentHealth, saturation_reasons
from groundswell_coordinator.judge.judge import Judge
from groundswell_coordinator.judge.saturation import busy_warnings
from groundswell_coordinator.judge.shortfall import drop_reasons, loss_reasons
from groundswell_coordinator.timeline.accounts import totals

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

    from groundswell.scenario.model import Test
    from groundswell.verdict.run_warning import RunWarning
    from groundswell_coordinator.judge.activity import Activity
    from groundswell_coordinator.judge.ending import Ending
    from groundswell_coordinator.judge.standing import Standing
    from groundswell_coordinator.timeline.accounts import ScenarioTotals
    from groundswell_coordinator.timeline.timeline import Timeline


@dataclass(frozen=True, slots=True)
class Judgement:
    """`activity` and the timeline give every metric as the thresholds saw it: `meter.measure`."""

    decision: Decision
    thresholds: tuple[Standing, ...]
    scenarios: Mapping[str, ScenarioTotals]
    agents: tuple[AgentHealth, ...]
    activity: Activity
    warnings: tuple[RunWarning, ...] = ()


def judge_run(test: Test, timeline: Timeline, ending: Ending) -> Judgement:
    """Judge all that is sealed, amendments included, from the beginning."""
    judge, failures = Judge(test, timeline, ending.at), Failures(test)
    for interval in timeline.intervals():
        judge.observe(interval)
        failures.observe(interval)
    broken = tuple(failures.reasons())
    standings = tuple(_final(standing, ending) for standing in judge.standings())
    scenarios = totals((agent.accounts for agent in timeline.agents), ending.losses)
    windows = tuple(judge.windows())
    healths = tuple(
        AgentHealth.of(agent, test).with_windows(agent, test, windows) for agent in timeline.agents
    )
    reasons = [
        *_threshold_reasons(standings),
        *_ending_reasons(ending),
        *loss_reasons(ending.losses, scenarios),
        *saturation_reasons(healths),
        *drop_reasons(timeline.agents),
        *broken,
        *ending.reasons,
    ]
    also = _EXIT_CODES.get(ending.cause, ())
    if not ending.is_torn_down:
        also = (*also, ExitCode.TEARDOWN_FAILED)
    if broken:
        also = (*also, ExitCode.SCRIPT_EXCEPTION)
    decision = decide(_distinct(reasons), bool(standings), also)
    warnings = (
        *ending.warnings,
        *failures.warnings(),
        *busy_warnings(timeline.agents),
        *folded_warnings(timeline.series()),
    )
    return Judgement(decision, standings, scenarios, healths, judge.activity, warnings)


def _final(standing: Standing, ending: Ending) -> Standing:
    """An abort stays a FAIL, even where a late report or the abort itself turned the number."""
    if ending.cause is Cause.THRESHOLD and str(standing.threshold) == ending.aborted_by:
        return replace(standing, ok=False)
    return standing


def _threshold_reasons(standings: Iterable[Standing]) -> Iterable[Reason]:
    for standing in standings:
        threshold = standing.threshold
        if standing.ok is False:
            message = f"{threshold}: {value_text(threshold, standing.value)}{_where(standing)}"
            yield Reason(ReasonCode.THRESHOLD_FAILED, message, metric=threshold.key)
    for standing in standings:
        if standing.ok is None:
            message = f"{standing.threshold}: {_nothing(standing)}"
            yield Reason(ReasonCode.NO_SAMPLES, message, metric=standing.threshold.key)


def _where(standing: Standing) -> str:
    if standing.window is None:
        return ""
    return f" from second {standing.window.start} to {standing.window.end}"


def _nothing(standing: Standing) -> str:
    over = standing.threshold.over
    if over is not None:
        return f"no full window of {format_duration(over)} had samples to judge"
    return "no samples to judge"


def _ending_reasons(ending: Ending) -> Iterable[Reason]:
    at = "" if ending.at is None else f" after {ending.at:.1f} s"
    match ending.cause:
        case Cause.INTERRUPTED:
            yield Reason(ReasonCode.INTERRUPTED, f"the run was interrupted{at}")
        case Cause.OPERATOR:
            yield Reason(ReasonCode.INTERRUPTED, f"the run was stopped by another operator{at}")
        case Cause.OVERDUE:
            yield Reason(ReasonCode.INTERRUPTED, f"the run did not end and was cut off{at}")
        case Cause.STORE_FAILED:
            yield Reason(ReasonCode.STORE_FAILED, f"the store failed and the run was stopped{at}")
        case _:
            return


def _distinct(reasons: Iterable[Reason]) -> Sequence[Reason]:
    return tuple(dict.fromkeys(reasons))


_EXIT_CODES: dict[Cause, tuple[ExitCode, ...]] = {
    Cause.INTERRUPTED: (ExitCode.INTERRUPTED,),
    Cause.OPERATOR: (ExitCode.STOPPED_BY_OPERATOR,),
}
