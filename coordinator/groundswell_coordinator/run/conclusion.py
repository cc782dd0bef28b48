"""The end of a run that had begun: judged, summed up, stored."""

from __future__ import annotations

import asyncio
from dataclasses import dataclass
from typing import TYPE_CHECKING

from groundswell.schedule.shape import run_duration
from groundswell.verdict.verdict import Reason, ReasonCode
from groundswell_coordinator.judge.ending import Cause, Ending
from groundswell_coordinator.judge.judgement import judge_run
from groundswell_coordinator.run.summarize import Facts, summarize

if TYPE_CHECKING:
    from collections.abc import Iterable
    from datetime import datetime

    from groundswell_coordinator.report.summary import Summary
    from groundswell_coordinator.run.archive import Archive
    from groundswell_coordinator.run.crew import Crew
    from groundswell_coordinator.run.submission import Submission
    from groundswell_coordinator.timeline.accounts import Loss
    from groundswell_coordinator.timeline.timeline import Timeline


@dataclass(frozen=True, slots=True)
class Story:
    """What befell a run beside what was measured; `stopped_at` is in seconds of the run."""

    cause: Cause
    started_at: datetime | None
    stopped_at: float | None
    aborted_by: str | None
    losses: tuple[Loss, ...]


async def conclude(
    submission: Submission, crew: Crew, timeline: Timeline, story: Story, archive: Archive
) -> Summary:
    """Judge a closed timeline and store the end. A store that fails now is in the summary, too."""
    known = archive.failure
    # Judging an hour takes seconds, in which agents want their leases renewed.
    summary = await asyncio.to_thread(_sum_up, submission, crew, timeline, story, archive)
    if not await _store(summary, archive) and known is None:
        # A verdict that is not stored does not pass for one that is.
        summary = await asyncio.to_thread(_sum_up, submission, crew, timeline, story, archive)
    return summary


async def _store(summary: Summary, archive: Archive) -> bool:
    return await archive.close(
        verdict=summary.verdict,
        exit_code=summary.exit_code,
        summary_json=summary.to_json(),
        duration_s=summary.duration_s,
    )


def _sum_up(
    submission: Submission, crew: Crew, timeline: Timeline, story: Story, archive: Archive
) -> Summary:
    ending = Ending(
        story.cause,
        story.stopped_at,
        story.aborted_by,
        story.losses,
        tuple(_store_reasons(story.cause, archive)),
    )
    judgement = judge_run(submission.test, timeline, ending)
    facts = Facts(
        started_at=story.started_at,
        duration_s=_duration(submission, timeline, story),
        weights={agent.name: agent.weight for agent in crew.agents},
        skews_ms={name: skew / 1e6 for name, skew in crew.skews.items()},
    )
    return summarize(submission, timeline, judgement, facts)


def _store_reasons(cause: Cause, archive: Archive) -> Iterable[Reason]:
    """That the store failed, where something else is the cause of the end."""
    if archive.failure is not None and cause is not Cause.STORE_FAILED:
        message = f"the store failed: {archive.failure.message}"
        yield Reason(ReasonCode.STORE_FAILED, message)


def _duration(submission: Submission, timeline: Timeline, story: Story) -> float:
    """The planned length, or up to the stop, or to the last thing that counted iterations did."""
    planned = float(run_duration(submission.test.scenarios.values()))
    seen = float(timeline.sealed_count)
    return min(planned, seen if story.stopped_at is None else story.stopped_at)
