"""How a run came to its end."""

from __future__ import annotations

from dataclasses import dataclass
from enum import Enum
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from groundswell.verdict.run_warning import RunWarning
    from groundswell.verdict.verdict import Reason
    from groundswell_coordinator.timeline.accounts import Loss


class Cause(Enum):
    """Why a run stopped before its plan was done, or never started."""

    COMPLETE = "complete"
    INTERRUPTED = "interrupted"
    OPERATOR = "operator"
    THRESHOLD = "threshold"
    STORE_FAILED = "store_failed"
    OVERDUE = "overdue"
    AGENT_LOST = "agent_lost"
    COORDINATOR_LOST = "coordinator_lost"
    NO_AGENTS = "no_agents"
    REFUSED = "refused"
    START_FAILED = "start_failed"
    # Every iteration of a scenario in Python was an exception.
    SCRIPT_EXCEPTION = "script_exception"
    SETUP_FAILED = "setup_failed"
    SETUP_RAISED = "setup_raised"


@dataclass(frozen=True, slots=True)
class Ending:
    """How a run ended: `at` is the second of the run at which it was stopped early.

    `aborted_by` is `str(threshold)` of the one that aborted it. `losses` are its lost agents.
    `reasons` are those that no interval shows: a data source that ran out in an executor without a
    plan, a coordinator that is gone. So are the `warnings`: what the agents found before the load.
    """

    cause: Cause = Cause.COMPLETE
    at: float | None = None
    aborted_by: str | None = None
    losses: tuple[Loss, ...] = ()
    reasons: tuple[Reason, ...] = ()
    warnings: tuple[RunWarning, ...] = ()
    # Or had nothing to tear down.
    is_torn_down: bool = True
