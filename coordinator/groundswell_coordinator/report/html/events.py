"""What befell a run while it was under way: losses, handovers, stops, a coordinator that was away."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterator

    from groundswell_coordinator.store.records import StoredEvent, StoredRun

# How it ended says the verdict.
_NO_EVENTS = frozenset(("complete", "preflight", "capacity_level"))
_MOST = 200


@dataclass(frozen=True, slots=True)
class Happening:
    """`at_s` is in seconds of the run."""

    at_s: float
    what: str
    message: str


def happenings(run: StoredRun) -> list[Happening]:
    """In the order of time."""
    found = sorted([*_events(run), *_handovers(run)], key=lambda one: one.at_s)
    return found[:_MOST]


def _events(run: StoredRun) -> Iterator[Happening]:
    started = run.line.start_at
    if started is None:
        return
    for event in run.events:
        at_s = _at(event, (event.at - started).total_seconds())
        if at_s >= 0 and event.code not in _NO_EVENTS:
            named = f"{event.agent}: " if event.agent else ""
            yield Happening(at_s, event.code.replace("_", " "), f"{named}{event.message}")


def _at(event: StoredEvent, written_s: float) -> float:
    """A stop says of itself when it was; other events were when they were written."""
    at = (event.detail or {}).get("at")
    return float(at) if isinstance(at, int | float) else written_s


def _handovers(run: StoredRun) -> Iterator[Happening]:
    for one in run.handovers:
        heirs = ", ".join(name for name, _ in one.heirs)
        message = f"the share of {one.from_agent} moved to {heirs}"
        yield Happening(one.boundary_ns / 1e9, "handover", message)
