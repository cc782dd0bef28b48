"""A part of a run, summed up from its stored seconds. Nothing is judged: a verdict is of a whole run.

    summarize_between(store.get_run(run_id), store.intervals(run_id), 60.0, 120.0)

The test itself is not needed for it, so neither are the variables of its environment.
"""

from __future__ import annotations

from itertools import islice
from math import ceil, floor
from typing import TYPE_CHECKING

from groundswell.errors import GroundswellError
from groundswell.metrics.catalog import BUILTIN
from groundswell.verdict.selection import parse_selection
from groundswell_coordinator.judge.health import p99
from groundswell_coordinator.report.own_metrics import own_metrics
from groundswell_coordinator.report.summary import AgentSummary, PartSummary, Summary
from groundswell_coordinator.run.restoration import names_of, refill
from groundswell_coordinator.run.sums import Sums
from groundswell_coordinator.timeline.strain import SEND_LAG
from groundswell_coordinator.timeline.timeline import Timeline

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from groundswell.metrics.catalog import Metric
    from groundswell.verdict.selection import Selection
    from groundswell_coordinator.store.records import StoredInterval, StoredRun
    from groundswell_coordinator.timeline.agent_record import AgentRecord


def summarize_between(
    stored: StoredRun,
    intervals: Iterable[StoredInterval],
    from_s: float = 0.0,
    to_s: float | None = None,
) -> Summary:
    """The whole seconds of the run within [from_s, to_s); without `to_s`, up to its end.

    `intervals` are all of the run, in order; those behind the part are not asked for. Raises
    GroundswellError for a part that the run does not have.
    """
    line = stored.line
    first, end = _whole_seconds(line.intervals, from_s, to_s)
    # With judging from its first second on, all that the timeline adds up is of the part alone.
    timeline = Timeline(line.run_id, names_of(stored), judged_from=first)
    refill(timeline, islice(intervals, end))
    own = _own_metrics(stored)
    sums = Sums(timeline, float(end - first), first, own)
    return Summary(
        run=line.run_id,
        test=line.test,
        test_hash=stored.test_hash,
        groundswell_version=stored.groundswell_version,
        verdict=None,
        exit_code=0,
        labels=line.labels,
        started_at=line.start_at,
        duration_s=float(end - first),
        part=PartSummary(first, end, line.intervals),
        agents=_agents(stored, timeline),
        metrics=sums.metrics(_asked(stored, own)),
        checks=sums.checks(),
        errors=sums.errors(),
    )


def _whole_seconds(length: int, from_s: float, to_s: float | None) -> tuple[int, int]:
    hint = f"the run has {length} seconds, 0s to {length}s"
    until = float(length) if to_s is None else to_s
    if not 0 <= from_s < length or until > length:
        raise GroundswellError(f"seconds {from_s:g} to {until:g} are not all of the run", hint=hint)
    first, end = ceil(from_s), floor(until)
    if first >= end:
        raise GroundswellError(f"from {from_s:g} s to {until:g} s is no whole second", hint=hint)
    return first, end


def _own_metrics(stored: StoredRun) -> Mapping[str, Metric]:
    """Those that the run's own summary shows, as far as it has one: the test is not read again."""
    if stored.summary_json is None:
        return {}
    return own_metrics(Summary.from_json(stored.summary_json))


def _asked(stored: StoredRun, own: Mapping[str, Metric]) -> Mapping[Selection, str]:
    """The selections that the run's own summary shows for its thresholds."""
    if stored.summary_json is None:
        return {}
    keys = (threshold.metric for threshold in Summary.from_json(stored.summary_json).thresholds)
    return {parse_selection(key, catalog={**BUILTIN, **own}): key for key in keys}


def _agents(stored: StoredRun, timeline: Timeline) -> tuple[AgentSummary, ...]:
    weights = {share.agent: share.weight for share in stored.shares}
    skews = {one.agent: one.skew_ns / 1e6 for one in stored.clocks if one.skew_ns is not None}
    return tuple(
        AgentSummary(
            name=record.name,
            weight=weights[record.name],
            skew_ms=skews.get(record.name),
            cpu_max=record.cpu_max,
            send_lag_p99_ms=_send_lag(record),
        )
        for record in timeline.agents
    )


def _send_lag(record: AgentRecord) -> float | None:
    # It is measured of open scenarios only, so none has to be left out.
    scenarios = {dict(series.tags).get("scenario", "") for series in record.lags}
    return p99(record.lag(SEND_LAG, scenarios))
