"""The end of a run that had begun: judged, summed up, stored.

`sum_up` is a pure function, and all that it is given can be had from the store again: what the run
said at its end can be worked out anew at any time (history/rejudge.py).
"""

from __future__ import annotations

import asyncio
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from groundswell import __version__
from groundswell.schedule.shape import run_duration
from groundswell.verdict.verdict import Reason, ReasonCode
from groundswell_coordinator.capacity.finding import find, with_finding
from groundswell_coordinator.judge.ending import Cause, Ending
from groundswell_coordinator.judge.judgement import judge_run
from groundswell_coordinator.run.phases import teardown_warnings
from groundswell_coordinator.run.summarize import Facts, summarize

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping
    from datetime import datetime

    from groundswell.schedule.levels import Level
    from groundswell.verdict.run_warning import RunWarning
    from groundswell_coordinator.report.capacity_summary import LevelSummary
    from groundswell_coordinator.report.summary import Summary
    from groundswell_coordinator.run.archive import Archive
    from groundswell_coordinator.run.crew import Crew
    from groundswell_coordinator.run.phases import PhaseRecord
    from groundswell_coordinator.run.submission import Submission
    from groundswell_coordinator.timeline.accounts import Loss
    from groundswell_coordinator.timeline.timeline import Timeline


@dataclass(frozen=True, slots=True)
class Story:
    """What befell a run beside what was measured; `stopped_at` is in seconds of the run.

    `reasons` are those that neither the measurements nor the cause of the end show; `warnings`, what
    the agents found before the load.
    """

    cause: Cause
    started_at: datetime | None
    stopped_at: float | None
    aborted_by: str | None
    losses: tuple[Loss, ...]
    reasons: tuple[Reason, ...] = ()
    warnings: tuple[RunWarning, ...] = ()
    phases: tuple[PhaseRecord, ...] = ()
    # Of a search for capacity: its levels, and what came of them.
    levels: tuple[Level, ...] = ()
    judged: tuple[LevelSummary, ...] = ()


@dataclass(frozen=True, slots=True)
class Fleet:
    """What is known of a run's agents beside their reports, by name; skews in nanoseconds."""

    weights: Mapping[str, int]
    skews: Mapping[str, int]

    @property
    def skews_ms(self) -> dict[str, float]:
        return {name: skew / 1e6 for name, skew in self.skews.items()}


async def conclude(
    submission: Submission, crew: Crew, timeline: Timeline, story: Story, archive: Archive
) -> Summary:
    """Judge a closed timeline and store the end. A store that fails now is in the summary, too."""
    fleet = Fleet({agent.name: agent.weight for agent in crew.agents}, dict(crew.skews))
    known = archive.failure
    told = _with_failure(story, archive)
    # Judging an hour takes seconds, in which agents want their leases renewed.
    summary = await asyncio.to_thread(sum_up, submission, timeline, told, fleet)
    if not await _store(summary, archive) and known is None:
        # A verdict that is not stored does not pass for one that is.
        told = _with_failure(story, archive)
        summary = await asyncio.to_thread(sum_up, submission, timeline, told, fleet)
    return summary


def sum_up(
    submission: Submission,
    timeline: Timeline,
    story: Story,
    fleet: Fleet,
    version: str = __version__,
) -> Summary:
    """The verdict and the numbers; `version` is of the groundswell that the run was made with."""
    undone = teardown_warnings(story.phases)
    ending = Ending(
        story.cause,
        story.stopped_at,
        story.aborted_by,
        story.losses,
        story.reasons,
        (*story.warnings, *undone),
        is_torn_down=not undone,
    )
    judgement = judge_run(submission.test, timeline, ending)
    facts = Facts(
        started_at=story.started_at,
        duration_s=_duration(submission, timeline, story),
        weights=fleet.weights,
        skews_ms=fleet.skews_ms,
        phases=story.phases,
        levels=story.levels,
        version=version,
    )
    summary = summarize(submission, timeline, judgement, facts)
    if submission.search is None or submission.level_test is None:
        return summary
    finding = find(submission.search, submission.level_test, story.judged)
    return with_finding(summary, finding, judgement.decision)


def absence_reasons(absences: Iterable[str], losses: Iterable[Loss]) -> tuple[Reason, ...]:
    """That agents stopped because their coordinator was away for too long, where any did."""
    if not any(loss.is_gone and not loss.reshared for loss in losses):
        return ()
    return tuple(Reason(ReasonCode.COORDINATOR_LOST, message) for message in absences)


def store_reasons(cause: Cause, messages: Iterable[str]) -> tuple[Reason, ...]:
    """That the store failed, where something else is the cause of the end."""
    if cause is Cause.STORE_FAILED:
        return ()
    return tuple(
        Reason(ReasonCode.STORE_FAILED, f"the store failed: {message}") for message in messages
    )


async def _store(summary: Summary, archive: Archive) -> bool:
    return await archive.close(
        verdict=summary.verdict,
        exit_code=summary.exit_code,
        summary_json=summary.to_json(),
        duration_s=summary.duration_s,
    )


def _with_failure(story: Story, archive: Archive) -> Story:
    if archive.failure is None:
        return story
    failed = store_reasons(story.cause, (archive.failure.message,))
    return replace(story, reasons=(*story.reasons, *failed))


def _duration(submission: Submission, timeline: Timeline, story: Story) -> float:
    """The planned length, or up to the stop, or to the last thing that counted iterations did."""
    planned = float(run_duration(submission.test.scenarios.values()))
    seen = float(timeline.sealed_count)
    return min(planned, seen if story.stopped_at is None else story.stopped_at)
