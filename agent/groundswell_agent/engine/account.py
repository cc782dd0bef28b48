"""The account of one scenario on one agent: what was planned, and what became of it."""

from __future__ import annotations

from dataclasses import dataclass, field
from enum import StrEnum
from typing import TYPE_CHECKING

from groundswell.v1.metrics_pb2 import ScenarioAccount

if TYPE_CHECKING:
    from collections.abc import Mapping


class Drop(StrEnum):
    """Why a planned iteration was not started."""

    NO_VU = "no_vu"  # every VU of this agent's part was busy
    LATE = "late"  # due before the scenario's end, but the loop came to it only after
    NO_DATA = "no_data"  # no row was left for it
    TIME = "time"  # left over when max_duration ended
    AGENT_LOST = "agent_lost"  # inherited, but past before this agent heard of it


@dataclass(slots=True)
class Account:
    """Counts since the start.

    What is planned is counted once it is decided: started, or dropped. So `planned` is always
    `fired` plus all that was dropped, however the run ends; 0 for executors without a plan.
    """

    scenario: str
    planned: int = 0
    fired: int = 0
    interrupted: int = 0
    dropped: dict[Drop, int] = field(default_factory=dict[Drop, int])

    def drop(self, reason: Drop, times: int = 1, *, planned: bool = True) -> None:
        """Not `planned`: of an executor without a plan, which would have gone on."""
        if planned:
            self.planned += times
        self.dropped[reason] = self.dropped.get(reason, 0) + times

    def to_wire(self, running: int) -> ScenarioAccount:
        """`running` iterations have started and not ended yet."""
        dropped: Mapping[str, int] = {str(reason): count for reason, count in self.dropped.items()}
        return ScenarioAccount(
            scenario=self.scenario,
            planned=self.planned,
            fired=self.fired,
            dropped=dropped,
            interrupted=self.interrupted,
            # An agent decides its indices in order, so the next one is the number of those decided.
            next_index=self.planned,
            running=running,
        )
