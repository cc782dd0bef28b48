"""What goes into the store and comes out of it, as plain values."""

from __future__ import annotations

from collections.abc import Mapping  # noqa: TC003 # msgspec looks it up when it checks a record
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from enum import Enum

from groundswell_coordinator.store.owner import Owner


class Standing(Enum):
    """Whether a run has ended; LOST has no end and no coordinator any more.

    A run of a pool is never LOST: the store's next owner takes it up.
    """

    OPEN = "open"
    LOST = "lost"
    CLOSED = "closed"


@dataclass(frozen=True, slots=True)
class NewRun:
    """A run before anything is prepared.

    `source` is the test as it was written: the values of `{{ env.X }}` are not in it.
    """

    run_id: str
    test: str
    test_hash: str
    source: bytes
    seed: int
    created_at: datetime
    groundswell_version: str
    coordinator_id: str
    generation: int = 1
    is_local: bool = True
    on_agent_loss: str = "reshare"
    agent_histograms: bool = False
    labels: Mapping[str, str] = field(default_factory=dict[str, str])
    # Machine, Python, CPUs, the agents' labels: whatever JSON can say, and no secret.
    environment: Mapping[str, object] = field(default_factory=dict[str, object])
    owner: Owner = field(default_factory=Owner.current)


@dataclass(frozen=True, slots=True)
class StoredShare:
    """One entry of a table of shares, which incarnation took it included."""

    agent: str
    incarnation: str
    weight: int


@dataclass(frozen=True, slots=True)
class StoredHandover:
    """One agent's share that moved: see `groundswell.schedule.division`. `heirs` with their weights."""

    epoch: int
    from_agent: str
    boundary_ns: int
    heirs: tuple[tuple[str, int], ...]
    decided: Mapping[str, int]


@dataclass(frozen=True, slots=True)
class AgentClock:
    """An agent's clock is offset ± error ahead of ours; its skew is known once it has started."""

    agent: str
    incarnation: str
    offset_ns: int
    error_ns: int
    skew_ns: int | None = None


@dataclass(frozen=True, slots=True)
class Contribution:
    """Whose report of an interval is contained, and its cumulative accounts at that point."""

    incarnation: str
    accounts: bytes
    # The whole report, where the histograms of single agents are kept.
    report: bytes | None = None


@dataclass(frozen=True, slots=True)
class Amendment:
    """One agent's report that came after its interval was sealed."""

    incarnation: str
    accounts: bytes
    report: bytes


@dataclass(frozen=True, slots=True)
class StoredInterval:
    """One second of a run. What was measured is `merged` plus the report of every amendment."""

    interval: int
    merged: bytes
    contained: tuple[Contribution, ...] = ()
    amendments: tuple[Amendment, ...] = ()


@dataclass(frozen=True, slots=True)
class StoredEvent:
    """Something that befell a run: a state, the cause of a stop, an agent's loss."""

    at: datetime
    code: str
    message: str
    agent: str | None = None
    detail: Mapping[str, float | str] | None = None


@dataclass(frozen=True, slots=True)
class RunLine:
    """A run in a list. `intervals` counts what is stored of it."""

    run_id: str
    test: str
    labels: Mapping[str, str]
    created_at: datetime
    start_at: datetime | None
    ended_at: datetime | None
    duration_s: float | None
    verdict: str | None
    exit_code: int | None
    agents: int
    intervals: int
    owner: Owner
    is_local: bool

    @property
    def standing(self) -> Standing:
        if self.ended_at is not None:
            return Standing.CLOSED
        return Standing.LOST if self.is_local and self.owner.is_gone() else Standing.OPEN

    @property
    def seen_until(self) -> datetime:
        """The last moment of which the store knows anything, for a run that was never closed."""
        if self.start_at is None:
            return self.created_at
        return self.start_at + timedelta(seconds=self.intervals)


@dataclass(frozen=True, slots=True)
class StoredRun:
    """All about one run but its intervals; `shares` is the table that it began with."""

    line: RunLine
    test_hash: str
    source: bytes
    seed: int
    groundswell_version: str
    coordinator_id: str
    generation: int
    on_agent_loss: str
    agent_histograms: bool
    shares: tuple[StoredShare, ...]
    handovers: tuple[StoredHandover, ...]
    clocks: tuple[AgentClock, ...]
    events: tuple[StoredEvent, ...]
    summary_json: str | None
    environment: Mapping[str, object]


@dataclass(frozen=True, slots=True)
class Baseline:
    """A name for a run to compare with; several of one name are runs of the same build."""

    name: str
    run_id: str
    set_at: datetime


@dataclass(frozen=True, slots=True)
class Ownership:
    """One coordinator's hold on a store. `generation` rises with every owner, from 1 on."""

    store_id: str
    generation: int
