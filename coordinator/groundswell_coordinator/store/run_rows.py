"""Records as rows of the tables, rows as records, and the selections that give them."""

from __future__ import annotations

from dataclasses import asdict
from typing import TYPE_CHECKING, Any

from sqlalchemy import Connection, Row, Select, func, select

from groundswell_coordinator.store import contained
from groundswell_coordinator.store.owner import Owner
from groundswell_coordinator.store.records import (
    AgentClock,
    Amendment,
    RunLine,
    StoredEvent,
    StoredHandover,
    StoredInterval,
    StoredRun,
    StoredShare,
)
from groundswell_coordinator.store.schema import (
    amendments,
    clocks,
    events,
    handovers,
    intervals,
    runs,
    shares,
)

if TYPE_CHECKING:
    from collections.abc import Sequence

    from groundswell_coordinator.store.records import Contribution, NewRun

    _Values = dict[str, object]

# All columns of `runs` that a list shows: the source and the summary may be large.
_LINE = (
    runs.c.run_id,
    runs.c.test,
    runs.c.labels,
    runs.c.created_at,
    runs.c.start_at,
    runs.c.ended_at,
    runs.c.duration_s,
    runs.c.verdict,
    runs.c.exit_code,
    runs.c.owner,
    runs.c.is_local,
)


def of_run(run: NewRun) -> _Values:
    return {
        "run_id": run.run_id,
        "test": run.test,
        "test_hash": run.test_hash,
        "source": run.source,
        "seed": str(run.seed),
        "labels": dict(run.labels),
        "created_at": run.created_at,
        "groundswell_version": run.groundswell_version,
        "coordinator_id": run.coordinator_id,
        "generation": run.generation,
        "owner": run.owner.to_text(),
        "is_local": run.is_local,
        "on_agent_loss": run.on_agent_loss,
        "agent_histograms": run.agent_histograms,
        "environment": dict(run.environment),
    }


def of_stored_run(run: StoredRun) -> _Values:
    """The row of a run that was read from elsewhere."""
    line = run.line
    return {
        "run_id": line.run_id,
        "test": line.test,
        "test_hash": run.test_hash,
        "source": run.source,
        "seed": str(run.seed),
        "labels": dict(line.labels),
        "created_at": line.created_at,
        "groundswell_version": run.groundswell_version,
        "coordinator_id": run.coordinator_id,
        "generation": run.generation,
        "owner": line.owner.to_text(),
        "is_local": line.is_local,
        "on_agent_loss": run.on_agent_loss,
        "agent_histograms": run.agent_histograms,
        "environment": dict(run.environment),
        "start_at": line.start_at,
        "ended_at": line.ended_at,
        "duration_s": line.duration_s,
        "verdict": line.verdict,
        "exit_code": line.exit_code,
        "summary_json": run.summary_json,
    }


def of_shares(run_id: str, entries: Sequence[StoredShare]) -> list[_Values]:
    return [
        {"run_id": run_id, "epoch": 0, "position": position, **asdict(entry)}
        for position, entry in enumerate(entries)
    ]


def of_handover(run_id: str, handover: StoredHandover) -> _Values:
    return {
        "run_id": run_id,
        "epoch": handover.epoch,
        "from_agent": handover.from_agent,
        "boundary_ns": handover.boundary_ns,
        "heirs": [list(heir) for heir in handover.heirs],
        "decided": dict(handover.decided),
    }


def of_clocks(run_id: str, agents: Sequence[AgentClock]) -> list[_Values]:
    return [{"run_id": run_id, **asdict(agent)} for agent in agents]


def of_event(run_id: str, event: StoredEvent) -> _Values:
    return {
        "run_id": run_id,
        "at": event.at,
        "code": event.code,
        "message": event.message,
        "agent": event.agent,
        "detail": None if event.detail is None else dict(event.detail),
    }


def of_interval(
    run_id: str, interval: int, merged: bytes, parts: Sequence[Contribution]
) -> _Values:
    """Raises ValueError where an incarnation is contained twice."""
    packed, reports = contained.pack(parts)
    return {
        "run_id": run_id,
        "interval": interval,
        "merged": merged,
        "contained": packed,
        "reports": reports,
    }


def of_amendment(run_id: str, interval: int, amendment: Amendment) -> _Values:
    return {"run_id": run_id, "interval": interval, **asdict(amendment)}


def select_lines() -> Select[*tuple[Any, ...]]:
    """Of the runs that anybody may see."""
    agents = select(func.count(shares.c.agent.distinct())).where(shares.c.run_id == runs.c.run_id)
    newest = select(func.max(intervals.c.interval)).where(intervals.c.run_id == runs.c.run_id)
    return select(
        *_LINE,
        agents.scalar_subquery().label("agents"),
        newest.scalar_subquery().label("newest_interval"),
    ).where(runs.c.hidden_since.is_(None))


def lines(connection: Connection, selection: Select[*tuple[Any, ...]]) -> tuple[RunLine, ...]:
    return tuple(_line(row) for row in connection.execute(selection))


def whole_run(connection: Connection, line: RunLine) -> StoredRun:
    row = connection.execute(select(runs).where(runs.c.run_id == line.run_id)).one()
    return StoredRun(
        line=line,
        test_hash=row.test_hash,
        source=row.source,
        seed=int(row.seed),
        groundswell_version=row.groundswell_version,
        coordinator_id=row.coordinator_id,
        generation=row.generation,
        on_agent_loss=row.on_agent_loss,
        agent_histograms=row.agent_histograms,
        shares=_shares(connection, line.run_id),
        handovers=_handovers(connection, line.run_id),
        clocks=_clocks(connection, line.run_id),
        events=_events(connection, line.run_id),
        summary_json=row.summary_json,
        environment=row.environment,
    )


def some_intervals(
    connection: Connection, run_id: str, after: int, limit: int
) -> tuple[StoredInterval, ...]:
    """The next `limit` intervals whose number is above `after`."""
    rows = connection.execute(
        select(intervals)
        .where(intervals.c.run_id == run_id, intervals.c.interval > after)
        .order_by(intervals.c.interval)
        .limit(limit)
    ).all()
    if not rows:
        return ()
    late = _amendments(connection, run_id, rows[0].interval, rows[-1].interval)
    return tuple(
        StoredInterval(
            interval=row.interval,
            merged=row.merged,
            contained=contained.unpack(row.contained, row.reports),
            amendments=tuple(late.get(row.interval, ())),
        )
        for row in rows
    )


def _amendments(
    connection: Connection, run_id: str, first: int, last: int
) -> dict[int, list[Amendment]]:
    by_interval: dict[int, list[Amendment]] = {}
    rows = connection.execute(
        select(amendments).where(
            amendments.c.run_id == run_id, amendments.c.interval.between(first, last)
        )
    )
    # Databases sort texts by the customs of their countries.
    for row in sorted(rows, key=lambda row: row.incarnation):
        amendment = Amendment(row.incarnation, row.accounts, row.report)
        by_interval.setdefault(row.interval, []).append(amendment)
    return by_interval


def _line(row: Row[*tuple[Any, ...]]) -> RunLine:
    return RunLine(
        run_id=row.run_id,
        test=row.test,
        labels=row.labels,
        created_at=row.created_at,
        start_at=row.start_at,
        ended_at=row.ended_at,
        duration_s=row.duration_s,
        verdict=row.verdict,
        exit_code=row.exit_code,
        agents=row.agents,
        intervals=0 if row.newest_interval is None else row.newest_interval + 1,
        owner=Owner.from_text(row.owner),
        is_local=row.is_local,
    )


def _shares(connection: Connection, run_id: str) -> tuple[StoredShare, ...]:
    rows = connection.execute(
        select(shares.c.agent, shares.c.incarnation, shares.c.weight)
        .where(shares.c.run_id == run_id)
        .order_by(shares.c.position)
    )
    return tuple(StoredShare(row.agent, row.incarnation, row.weight) for row in rows)


def _handovers(connection: Connection, run_id: str) -> tuple[StoredHandover, ...]:
    rows = connection.execute(
        select(handovers).where(handovers.c.run_id == run_id).order_by(handovers.c.epoch)
    )
    return tuple(
        StoredHandover(
            row.epoch,
            row.from_agent,
            row.boundary_ns,
            tuple((agent, weight) for agent, weight in row.heirs),
            row.decided,
        )
        for row in rows
    )


def _clocks(connection: Connection, run_id: str) -> tuple[AgentClock, ...]:
    rows = connection.execute(select(clocks).where(clocks.c.run_id == run_id))
    return tuple(
        AgentClock(row.agent, row.incarnation, row.offset_ns, row.error_ns, row.skew_ns)
        for row in sorted(rows, key=lambda row: (row.agent, row.incarnation))
    )


def _events(connection: Connection, run_id: str) -> tuple[StoredEvent, ...]:
    rows = connection.execute(
        select(events).where(events.c.run_id == run_id).order_by(events.c.number)
    )
    return tuple(StoredEvent(row.at, row.code, row.message, row.agent, row.detail) for row in rows)
