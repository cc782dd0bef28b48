"""The verdict of a past run, worked out anew from its store.

    judge_again(store.get_run(run_id), store.intervals(run_id), os.environ).verdict

It is what the run itself said at its end, by the same function of the same values. Where the store
had failed, what it never took is missing here.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from groundswell.errors import GroundswellError
from groundswell.verdict.verdict import Reason, ReasonCode
from groundswell_coordinator.judge.ending import Cause
from groundswell_coordinator.run.conclusion import (
    Fleet,
    Story,
    absence_reasons,
    store_reasons,
    sum_up,
)
from groundswell_coordinator.run.restoration import restore, stored_source
from groundswell_coordinator.store.records import Standing

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from groundswell_coordinator.report.summary import Summary
    from groundswell_coordinator.run.restoration import Restored
    from groundswell_coordinator.store.records import StoredInterval, StoredRun

_COORDINATOR_LOST = ReasonCode.COORDINATOR_LOST.value
_STORE_FAILED = ReasonCode.STORE_FAILED.value


def judge_again(
    stored: StoredRun, intervals: Iterable[StoredInterval], env: Mapping[str, str]
) -> Summary:
    """`env` has the variables of the test's `{{ env.X }}`: their values are never stored.

    A run that its coordinator lost is judged by what there is of it. Raises InvalidTest where a
    variable is missing, GroundswellError for a run that goes on or that never started.
    """
    _check_judgeable(stored)
    restored = restore(stored, intervals, stored_source(stored, env))
    return sum_up(
        restored.submission,
        restored.timeline,
        _story(stored, restored),
        Fleet({share.agent: share.weight for share in stored.shares}, restored.skews),
        stored.groundswell_version,
    )


def _check_judgeable(stored: StoredRun) -> None:
    line = stored.line
    if line.standing is Standing.OPEN:
        raise GroundswellError(
            f"run {line.run_id} goes on", hint="it has a verdict when it has ended"
        )
    has_begun = line.start_at is not None
    if not has_begun or (line.standing is Standing.CLOSED and line.verdict is None):
        why = f": {stored.events[-1].message}" if stored.events else ""
        raise GroundswellError(
            f"run {line.run_id} never started{why}", hint="there is nothing to judge"
        )


def _story(stored: StoredRun, restored: Restored) -> Story:
    timeline, cause, stopped_at = restored.timeline, restored.cause, restored.stopped_at
    lost = tuple(_lost_coordinator(stored))
    if lost and restored.stop is None:
        # Of what was planned for later nothing can be missing.
        cause, stopped_at = Cause.COORDINATOR_LOST, float(timeline.sealed_count)
    failures = (
        one.message for one in stored.events if one.code == _STORE_FAILED and not one.detail
    )
    losses = restored.succession.losses(timeline, stopped_at)
    absences = absence_reasons(restored.absences, losses)
    return Story(
        cause,
        started_at=restored.started_at,
        stopped_at=stopped_at,
        aborted_by=restored.aborted_by,
        losses=losses,
        reasons=(*store_reasons(cause, failures), *absences, *lost),
        warnings=restored.warnings,
        levels=restored.succession.division.levels,
        judged=restored.judged,
        phases=restored.phases.records,
    )


def _lost_coordinator(stored: StoredRun) -> Iterable[Reason]:
    """That nobody was there to end the run; said in the store by whoever found it, if anybody has."""
    found = [event.message for event in stored.events if event.code == _COORDINATOR_LOST]
    if not found and stored.line.standing is Standing.LOST:
        pid = stored.line.owner.pid
        found = [f"the coordinator (process {pid}) ended before the run did"]
    for message in found:
        yield Reason(ReasonCode.COORDINATOR_LOST, message)
