"""A run as its store knows it: all that its coordinator held in memory, made again from what was written.

    stored = store.get_run(run_id)
    restored = restore(stored, store.intervals(run_id), source)

What was never stored is not in it: reports of intervals that were not sealed yet, which their
agents send again, and whatever came behind a failure of the store.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from groundswell.errors import StoreFailed
from groundswell.scenario.source import TestSource
from groundswell.schedule.division import Handover
from groundswell.schedule.shares import ShareEntry, ShareTable
from groundswell_coordinator.capacity.log import stored_judged, stored_levels, stored_search
from groundswell_coordinator.clock import ClockOffset
from groundswell_coordinator.judge.ending import Cause
from groundswell_coordinator.run.events import LossPolicy, StopMode
from groundswell_coordinator.run.findings import stored_warnings
from groundswell_coordinator.run.guard_log import stored_unclaimed
from groundswell_coordinator.run.measurement import new_timeline
from groundswell_coordinator.run.phases import PhaseLog
from groundswell_coordinator.run.submission import Submission, tests_of
from groundswell_coordinator.run.succession import LostAgent, Succession
from groundswell_coordinator.timeline.interval import Interval
from groundswell_coordinator.timeline.stored_report import report_of

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping
    from datetime import datetime

    from groundswell.scenario.model import Test
    from groundswell.verdict.run_warning import RunWarning
    from groundswell_coordinator.report.capacity_summary import LevelSummary
    from groundswell_coordinator.store.records import StoredInterval, StoredRun
    from groundswell_coordinator.timeline.timeline import Timeline


COORDINATOR_AWAY = "coordinator_away"
# The code of an event for each output, of which the message is its name.
OUTPUT = "output"
# No request is made to it. The real one may come from --target or from a variable, neither of which
# is stored, and nothing in a verdict depends on it.
_NOWHERE = "http://target.invalid"


@dataclass(frozen=True, slots=True)
class RestoredStop:
    """How a run was stopped early: `at` in seconds of the run, by the newest order."""

    cause: Cause
    at: float
    mode: StopMode
    # `str(threshold)` of the one that aborted it.
    threshold: str | None = None


@dataclass(frozen=True, slots=True)
class Restored:
    """`ended` are the agents whose last report is in. `skews` are in ns; both they and `clocks` by name."""

    submission: Submission
    timeline: Timeline
    succession: Succession
    started_at: datetime | None
    stop: RestoredStop | None
    ended: tuple[str, ...]
    skews: Mapping[str, int]
    clocks: Mapping[str, ClockOffset]
    # What was said of its coordinator's absences.
    absences: tuple[str, ...] = ()
    # What its agents found before the load.
    warnings: tuple[RunWarning, ...] = ()
    # Where what was measured went: the rest of their addresses, with what is secret, is not stored.
    outputs: tuple[str, ...] = ()
    # Of a search for capacity: what came of its levels so far.
    judged: tuple[LevelSummary, ...] = ()
    # What came of setup and teardown.
    phases: PhaseLog = field(default_factory=lambda: PhaseLog(has_teardown=False))

    @property
    def cause(self) -> Cause:
        """Why it ended, if it does now."""
        return Cause.COMPLETE if self.stop is None else self.stop.cause

    @property
    def stopped_at(self) -> float | None:
        return None if self.stop is None else self.stop.at

    @property
    def aborted_by(self) -> str | None:
        return None if self.stop is None else self.stop.threshold


def restore(stored: StoredRun, intervals: Iterable[StoredInterval], source: TestSource) -> Restored:
    """Of a run that has shares; `intervals` are all of its own, in order.

    Raises InvalidTest where `source` lacks a variable of the environment, StoreFailed where an
    interval is missing.
    """
    submission = _submission(stored, source)
    lost = _lost_agents(stored)
    timeline = new_timeline(submission, names_of(stored))
    refill(timeline, intervals)
    for one in lost:
        timeline.lose(one.incarnation)
    return Restored(
        submission=submission,
        timeline=timeline,
        succession=_succession(stored, submission.test, lost),
        started_at=stored.line.start_at,
        stop=stop_of(stored),
        ended=tuple(record.name for record in timeline.agents if record.has_ended),
        skews={one.agent: one.skew_ns for one in stored.clocks if one.skew_ns is not None},
        clocks={one.agent: ClockOffset(one.offset_ns, one.error_ns) for one in stored.clocks},
        absences=tuple(one.message for one in stored.events if one.code == COORDINATOR_AWAY),
        warnings=stored_warnings(stored.events),
        outputs=tuple(one.message for one in stored.events if one.code == OUTPUT),
        judged=stored_judged(stored.events),
        phases=PhaseLog.restored(submission.test, stored.events),
    )


def stored_source(stored: StoredRun, env: Mapping[str, str]) -> TestSource:
    """The test as it was written, for whoever sends nothing to its target any more."""
    return TestSource(f"<run {stored.line.run_id}>", stored.source, env, _NOWHERE)


def names_of(stored: StoredRun) -> dict[str, str]:
    """Incarnation to name."""
    return {share.incarnation: share.agent for share in stored.shares}


def refill(timeline: Timeline, intervals: Iterable[StoredInterval]) -> None:
    """Give an empty timeline these intervals, the run's first ones, with their amendments."""
    for interval in intervals:
        if interval.interval != timeline.sealed_count:
            raise StoreFailed(
                f"interval {timeline.sealed_count} of run {timeline.run_id} is not in the store"
            )
        _restore_interval(timeline, interval)


def _restore_interval(timeline: Timeline, stored: StoredInterval) -> None:
    merged = Interval.from_report(report_of(stored.merged))
    timeline.restore(merged, (report_of(part.accounts) for part in stored.contained))
    for amendment in stored.amendments:
        # It came in time once: no clock is asked again.
        timeline.add(report_of(amendment.report), now=float(stored.interval))


def _submission(stored: StoredRun, source: TestSource) -> Submission:
    line = stored.line
    search = stored_search(stored.events)
    test, level_test = tests_of(source, search)
    return Submission(
        run_id=line.run_id,
        source=source,
        test=test,
        agents=len(stored.shares),
        labels=line.labels,
        seed=stored.seed,
        wait=0.0,
        created_at=line.created_at,
        on_agent_loss=LossPolicy(stored.on_agent_loss),
        agent_histograms=stored.agent_histograms,
        search=search,
        level_test=level_test,
    )


def _succession(stored: StoredRun, test: Test, lost: Iterable[LostAgent]) -> Succession:
    table = ShareTable(tuple(ShareEntry(share.agent, share.weight) for share in stored.shares))
    handovers = tuple(
        Handover(
            one.epoch,
            one.from_agent,
            one.boundary_ns,
            tuple(ShareEntry(agent, weight) for agent, weight in one.heirs),
            dict(one.decided),
        )
        for one in stored.handovers
    )
    levels = stored_levels(stored.events)
    return Succession(
        *(test, table, stored.seed),
        handovers=handovers,
        lost=lost,
        levels=levels,
        unclaimed=stored_unclaimed(stored.events),
    )


def _lost_agents(stored: StoredRun) -> tuple[LostAgent, ...]:
    incarnations = {share.agent: share.incarnation for share in stored.shares}
    return tuple(
        LostAgent(event.agent, incarnations[event.agent], float(event.detail["lease_end"]))
        for event in stored.events
        if event.agent is not None and event.detail is not None and "lease_end" in event.detail
    )


def stop_of(stored: StoredRun) -> RestoredStop | None:
    """By the last order: an abort may have followed a graceful stop."""
    stop = None
    for event in stored.events:
        detail = event.detail or {}
        if "at" in detail and "mode" in detail:
            threshold = detail.get("threshold")
            stop = RestoredStop(
                Cause(event.code),
                float(detail["at"]),
                StopMode(detail["mode"]),
                None if threshold is None else str(threshold),
            )
    return stop
