"""What a coordinator's store holds of a run, read behind its back."""

from __future__ import annotations

from collections import defaultdict
from dataclasses import dataclass
from typing import TYPE_CHECKING

from groundswell_coordinator.store.run_store import RunStore

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from pathlib import Path


@dataclass(frozen=True, slots=True)
class Stored:
    """Times are seconds: `started_at` since 1970, those of `handovers` since the run's start.

    `intervals` are the sealed ones; `delivered` are those of each agent, merged or as amendments;
    `late` counts the amendments; `lost` are agents by name. Clocks are in milliseconds.
    """

    run_id: str
    started_at: float
    verdict: str | None
    intervals: Sequence[int]
    delivered: Mapping[str, Sequence[int]]
    late: int
    handovers: Sequence[tuple[str, float]]
    lost: Sequence[str]
    offsets_ms: Mapping[str, float]
    skews_ms: Mapping[str, float]


def stored_run(database: Path, run_id: str | None = None) -> Stored:
    """That run, or the newest."""
    with RunStore.open(f"sqlite:///{database}") as store:
        run = store.get_run(run_id or store.list_runs(1)[0].run_id)
        intervals = tuple(store.intervals(run.line.run_id))
    names = {share.incarnation: share.agent for share in run.shares}
    delivered: defaultdict[str, list[int]] = defaultdict(list)
    for interval in intervals:
        senders = [part.incarnation for part in interval.contained]
        senders += [amendment.incarnation for amendment in interval.amendments]
        for incarnation in senders:
            delivered[names[incarnation]].append(interval.interval)
    started_at = run.line.start_at
    return Stored(
        run_id=run.line.run_id,
        started_at=0.0 if started_at is None else started_at.timestamp(),
        verdict=run.line.verdict,
        intervals=[interval.interval for interval in intervals],
        delivered=dict(delivered),
        late=sum(len(interval.amendments) for interval in intervals),
        handovers=[(one.from_agent, one.boundary_ns / 1e9) for one in run.handovers],
        lost=sorted(one.agent or "" for one in run.events if one.code == "agent_lost"),
        offsets_ms={one.agent: one.offset_ns / 1e6 for one in run.clocks},
        skews_ms={one.agent: one.skew_ns / 1e6 for one in run.clocks if one.skew_ns is not None},
    )
