"""Who owns what once shares have moved: the table a run began with, and the handovers since.

Nothing is dealt anew: who is left keeps every index that he owns. What one agent would have done
from the boundary on is striped over its heirs, and so is what it had inherited itself.
"""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING

from groundswell.errors import ProtocolViolation
from groundswell.schedule.levels import Level, check_order
from groundswell.schedule.shares import ShareEntry, ShareTable
from groundswell.v1 import agent_pb2

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping


@dataclass(frozen=True, slots=True)
class Handover:
    """One agent's share moves to its heirs, from `boundary_ns` of the run on.

    `epoch` counts from 1. `decided` says of executors that count iterations how many of the agent's
    are decided; what is beyond moves.
    """

    epoch: int
    from_agent: str
    boundary_ns: int
    heirs: tuple[ShareEntry, ...]
    decided: Mapping[str, int] = field(default_factory=dict[str, int])

    @classmethod
    def of(cls, message: agent_pb2.Handover) -> Handover:
        return cls(
            message.epoch,
            message.from_agent,
            message.boundary_ns,
            _entries_from_wire(message.heirs),
            dict(message.decided),
        )

    def to_wire(self) -> agent_pb2.Handover:
        return agent_pb2.Handover(
            epoch=self.epoch,
            from_agent=self.from_agent,
            boundary_ns=self.boundary_ns,
            heirs=_entries_to_wire(self.heirs),
            decided=self.decided,
        )


@dataclass(frozen=True, slots=True)
class Division:
    """A run's table of shares with all handovers so far, in the order of their epochs; of a search, with
    its levels so far.

    Raises ValueError where an agent hands over what it does not have, or inherits after it has
    handed over, and for levels that overlap.
    """

    table: ShareTable
    handovers: tuple[Handover, ...] = ()
    levels: tuple[Level, ...] = ()

    def __post_init__(self) -> None:
        check_order(self.levels)
        live = set(self.table.agents)
        for epoch, handover in enumerate(self.handovers, self.table.epoch + 1):
            if handover.epoch != epoch:
                raise ValueError(f"epoch {handover.epoch} where {epoch} is next")
            if handover.from_agent not in live:
                raise ValueError(f"{handover.from_agent} has no share to hand over")
            live.discard(handover.from_agent)
            heirs = ShareTable(handover.heirs, epoch).agents
            if strangers := sorted(set(heirs) - live):
                raise ValueError(f"{', '.join(strangers)} cannot inherit")

    @property
    def epoch(self) -> int:
        return self.handovers[-1].epoch if self.handovers else self.table.epoch

    def after(self, handover: Handover) -> Division:
        return replace(self, handovers=(*self.handovers, handover))

    def raised(self, level: Level) -> Division:
        return replace(self, levels=(*self.levels, level))

    def handover_of(self, agent: str) -> Handover | None:
        """The one in which `agent` handed its share over."""
        return next((one for one in self.handovers if one.from_agent == agent), None)


def table_to_wire(table: ShareTable) -> agent_pb2.ShareTable:
    return agent_pb2.ShareTable(epoch=table.epoch, entries=_entries_to_wire(table.entries))


def table_from_wire(message: agent_pb2.ShareTable) -> ShareTable:
    """Raises ProtocolViolation for one that is none."""
    try:
        return ShareTable(_entries_from_wire(message.entries), message.epoch)
    except ValueError as error:
        raise ProtocolViolation(f"a table of shares that is none: {error}") from error


def extended(division: Division, handovers: Iterable[Handover]) -> Division:
    """The division after those of `handovers` that it does not have yet; ProtocolViolation."""
    try:
        for handover in handovers:
            if handover.epoch > division.epoch:
                division = division.after(handover)
    except ValueError as error:
        raise ProtocolViolation(f"a handover that is none: {error}") from error
    return division


def extended_by_levels(division: Division, levels: Iterable[Level]) -> Division:
    """The division with those of `levels` that it does not have yet; ProtocolViolation."""
    try:
        for level in levels:
            if level.number > len(division.levels):
                division = division.raised(level)
    except ValueError as error:
        raise ProtocolViolation(f"a level that is none: {error}") from error
    return division


def _entries_to_wire(entries: Iterable[ShareEntry]) -> list[agent_pb2.ShareEntry]:
    return [agent_pb2.ShareEntry(agent=entry.agent, weight=entry.weight) for entry in entries]


def _entries_from_wire(entries: Iterable[agent_pb2.ShareEntry]) -> tuple[ShareEntry, ...]:
    return tuple(ShareEntry(entry.agent, entry.weight) for entry in entries)
