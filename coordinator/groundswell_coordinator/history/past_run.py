"""What is said of one run that is in the store. Imported where it is used: judging takes numpy."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from groundswell.errors import GroundswellError, InvalidTest
from groundswell.exit_codes import ExitCode
from groundswell.scenario.template import mentioned_env
from groundswell.v1 import control_pb2
from groundswell_coordinator.history.answers import Judged
from groundswell_coordinator.report.summary import AgentSummary, ReasonSummary, Summary
from groundswell_coordinator.store.damage import contradictions
from groundswell_coordinator.store.records import Standing

if TYPE_CHECKING:
    from collections.abc import Mapping
    from datetime import datetime

    from groundswell_coordinator.history.answers import Part
    from groundswell_coordinator.store.records import RunLine, StoredRun
    from groundswell_coordinator.store.run_store import RunStore

_TARGET_LINE = re.compile(rb"^target:.*$", re.MULTILINE)


def summary(store: RunStore, run_id: str, env: Mapping[str, str]) -> Summary:
    """As the run gave it at its end. Raises GroundswellError where it goes on or never started."""
    run = store.get_run(run_id)
    if run.line.standing is Standing.OPEN:
        raise GroundswellError(
            f"run {run_id} goes on", hint="its summary is there when it has ended"
        )
    if run.summary_json is not None:
        return Summary.from_json(run.summary_json)
    if run.line.standing is Standing.LOST or run.line.verdict is not None:
        return _of_lost(store, run, env)
    raise GroundswellError(f"run {run_id} never started{why(run)}")


def part_of(store: RunStore, run_id: str, part: Part) -> Summary:
    """Of some of its seconds, from their histograms."""
    from groundswell_coordinator.history.excerpt import summarize_between

    run = store.get_run(run_id)
    with contradictions(run_id):
        return summarize_between(run, store.intervals(run_id), part.from_s, part.to_s)


def judge(store: RunStore, run_id: str, env: Mapping[str, str]) -> Judged:
    from groundswell_coordinator.history.rejudge import judge_again

    run = store.get_run(run_id)
    # Nothing is sent to the target any more.
    with contradictions(run_id):
        asked = mentioned_env(_TARGET_LINE.sub(b"", run.source))
        judged = judge_again(run, store.intervals(run_id), env)
    return Judged(judged, run.line.verdict, tuple(sorted(asked - env.keys())))


def ending(store: RunStore, run_id: str) -> control_pb2.Ended:
    """What the last event of a run that has ended was."""
    run = store.get_run(run_id)
    if run.line.verdict is None and run.line.standing is Standing.CLOSED:
        return control_pb2.Ended(
            error=f"run {run_id} never started{why(run)}",
            exit_code=run.line.exit_code or ExitCode.ERROR,
        )
    told = summary(store, run_id, {})
    return control_pb2.Ended(summary_json=told.to_json(), exit_code=told.exit_code)


def line_to_wire(line: RunLine) -> control_pb2.RunLine:
    return control_pb2.RunLine(
        run_id=line.run_id,
        test=line.test,
        labels=dict(line.labels),
        created_at_us=_microseconds(line.created_at),
        start_at_us=_microseconds(line.start_at),
        ended_at_us=_microseconds(line.ended_at),
        duration_s=line.duration_s or 0.0,
        verdict=line.verdict or "",
        exit_code=line.exit_code or 0,
        agents=line.agents,
        intervals=line.intervals,
        standing=line.standing.value,
    )


def why(run: StoredRun) -> str:
    return f": {run.events[-1].message}" if run.events else ""


def _of_lost(store: RunStore, run: StoredRun, env: Mapping[str, str]) -> Summary:
    """Its coordinator ended before it: what was stored until then, or at least the reason."""
    from groundswell_coordinator.history.rejudge import judge_again

    try:
        with contradictions(run.line.run_id):
            return judge_again(run, store.intervals(run.line.run_id), env)
    except InvalidTest:
        # It cannot be read without its environment, which is never stored.
        message = f"the coordinator (process {run.line.owner.pid}) ended before the run did"
        return Summary(
            run=run.line.run_id,
            test=run.line.test,
            test_hash=run.test_hash,
            groundswell_version=run.groundswell_version,
            verdict="INCONCLUSIVE",
            exit_code=int(ExitCode.INCONCLUSIVE),
            reasons=(ReasonSummary("coordinator_lost", message),),
            labels=run.line.labels,
            started_at=run.line.start_at,
            duration_s=float(run.line.intervals),
            agents=tuple(AgentSummary(share.agent, share.weight) for share in run.shares),
        )


def _microseconds(moment: datetime | None) -> int:
    return 0 if moment is None else round(moment.timestamp() * 1e6)
