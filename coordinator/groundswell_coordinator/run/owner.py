"""Who conducts runs: one coordinator in one of its lives."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class RunOwner:
    """`generation` rises with every owner of a store. A local one is embedded in its client."""

    coordinator_id: str
    generation: int = 1
    is_local: bool = True
