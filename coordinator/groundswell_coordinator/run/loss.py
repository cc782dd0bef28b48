"""What the loss of an agent costs: iterations that nobody will carry out, or that nobody knows of."""

from __future__ import annotations

from bisect import bisect_left
from functools import partial
from itertools import takewhile
from typing import TYPE_CHECKING

from groundswell.schedule.rate import RateCurve
from groundswell.schedule.scenario_plan import plan_scenario
from groundswell_coordinator.timeline.accounts import Account, Loss

if TYPE_CHECKING:
    from collections.abc import Mapping

    from groundswell.scenario.model import Test
    from groundswell.schedule.scenario_plan import ScenarioShare
    from groundswell.schedule.shares import ShareTable


def loss_of(
    test: Test,
    table: ShareTable,
    seed: int,
    *,
    agent: str,
    incarnation: str,
    accounts: Mapping[str, Account],
    lease_end: float,
) -> Loss:
    """`accounts` are its last; `lease_end` is in seconds of the run, on the coordinator's view.

    What it had not decided by its last report is unknown if it was due before its lease ended,
    because until then it may have gone on; what was due later it cannot have started.
    """
    unknown: dict[str, int] = {}
    dropped: dict[str, int] = {}
    for name, scenario in test.scenarios.items():
        share = plan_scenario(name, scenario, table, agent, seed)
        if share.planned is None:
            continue
        account = accounts.get(name, Account())
        decided = account.planned
        due = max(decided, _due_before(share, lease_end - float(share.start_time)))
        unknown[name] = due - decided + account.undecided
        dropped[name] = max(0, share.planned - due)
    return Loss(incarnation, agent, unknown=unknown, dropped=dropped)


def _due_before(share: ScenarioShare, moment: float) -> int:
    """How many of the share's iterations are planned before `moment` of the scenario."""
    if not isinstance(share.curve, RateCurve):
        # Counted iterations have no moments: all are due from the scenario's start on.
        return (share.planned or 0) if moment > 0 else 0
    if share.is_poisson:
        return sum(1 for _ in takewhile(lambda arrival: arrival[1] < moment, share.arrivals()))
    return bisect_left(range(share.planned or 0), moment, key=partial(_moment_of, share))


def _moment_of(share: ScenarioShare, position: int) -> float:
    """When the arrival at `position` of the share is planned."""
    assert isinstance(share.curve, RateCurve)
    return float(share.curve.moments(share.iterations.slice(position, position + 1))[0])
