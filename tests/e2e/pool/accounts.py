"""The accounts of a run on a pool, held against the plan, the target's own count, and the store."""

from __future__ import annotations

import math
import re
from typing import TYPE_CHECKING

from groundswell_coordinator.report.consistency import discrepancies
from tests.e2e.pool.load import LOAD
from tests.e2e.pool.target import count_between, last_gap

if TYPE_CHECKING:
    from collections.abc import Sequence

    from groundswell_coordinator.report.summary import ScenarioSummary
    from tests.e2e.commands import Ran
    from tests.e2e.pool.site import Site

# docs/pool.md: above this part of the plan, lost and unknown make a run inconclusive.
_BEARABLE = 0.05
# Why the agents of a machine that is too busy drop arrivals, and how much of the plan that may be.
_OF_A_BUSY_MACHINE = {"late", "no_vu"}
_MOST_BUSY = 0.01
# docs/pool.md: how long after the lease's end the shape is whole again.
RESTORED_WITHIN_S = 2.0
_HELD_UP_S = 0.3


def assert_adds_up(ran: Ran, planned: int | None) -> ScenarioSummary:
    """planned = fired + dropped + unknown, and `planned` is the plan's."""
    account = ran.summary.scenarios[LOAD]
    assert account.planned == planned, ran
    if planned is not None:
        assert planned == account.fired + sum(account.dropped.values()) + account.unknown, ran
    assert discrepancies(ran.summary) == (), (discrepancies(ran.summary), str(ran))
    return account


def assert_target_agrees(site: Site, ran: Ran) -> int:
    """Of iterations of one request: what the target counted beyond us may be the unknown ones, and
    those that ran at a lost agent's last report. The latter are fired, and no request of ours yet.

    Returns the difference.
    """
    accounts = ran.summary.scenarios.values()
    ours, target = round(ran.count("http_reqs")), site.target.requests()
    running = sum(account.fired for account in accounts) - ours
    unknown = sum(account.unknown for account in accounts)
    assert 0 <= target - ours <= unknown + running, (target, ours, unknown, running, str(ran))
    return target - ours


def assert_nothing_is_missing(site: Site, ran: Ran, planned: int) -> None:
    """Of the only run that the target has seen: no fault has left a trace in its numbers."""
    fired = assert_whole(ran, planned)
    assert fired == site.target.requests() == len(site.target.arrivals()), ran
    assert_every_interval_is_there(site, ran)


def assert_whole(ran: Ran, planned: int) -> int:
    """All that was planned was done, and the run has passed; how much was fired.

    But for what a test's machine that is too busy for its agents makes them drop, and say so.
    """
    account = assert_adds_up(ran, planned)
    dropped = sum(account.dropped.values())
    assert account.unknown == 0, ran
    assert ran.count("http_reqs") == account.fired, ran
    if dropped:
        assert set(account.dropped) <= _OF_A_BUSY_MACHINE, ran
        assert dropped <= _MOST_BUSY * planned, ran
        assert set(ran.codes) <= {"rate_not_reached"}, ran
    else:
        assert (ran.exit_code, ran.summary.verdict, ran.codes) == (0, "PASS", ()), ran
    return account.fired


def assert_every_interval_is_there(site: Site, ran: Ran) -> None:
    """From the first to the last, and from every agent each up to its last one."""
    stored = site.stored(ran.summary.run)
    assert list(stored.intervals) == list(range(len(stored.intervals))), stored
    for agent, intervals in stored.delivered.items():
        assert list(intervals) == list(range(len(intervals))), (agent, intervals)


def assert_loss_is_named(site: Site, ran: Ran, *lost: str) -> None:
    """Who was lost is stored, what it cost is in the text; more than is bearable is INCONCLUSIVE."""
    assert list(site.stored(ran.summary.run).lost) == sorted(lost), ran
    is_bearable = True
    for account in ran.summary.scenarios.values():
        dropped = account.dropped.get("agent_lost", 0)
        if dropped:
            assert f"agent_lost {dropped:,}" in ran.stdout, ran
        if account.unknown:
            assert re.search(rf"{account.unknown:,} +unknown", ran.stdout), ran
        is_bearable &= dropped + account.unknown <= _BEARABLE * (account.planned or math.inf)
    if not is_bearable:
        assert (ran.exit_code, ran.summary.verdict) == (96, "INCONCLUSIVE"), ran
        assert_blamed(ran, *lost)
    elif not ran.codes:
        assert (ran.exit_code, ran.summary.verdict) == (0, "PASS"), ran
    else:
        assert ran.codes == ("rate_not_reached",), ran


def assert_blamed(ran: Ran, *names: str) -> None:
    """These agents' losses are reasons of the verdict."""
    found = sorted({one.agent or "" for one in ran.summary.reasons if one.code == "agent_lost"})
    assert found == sorted(names), ran


def assert_rate_is_back(
    moments: Sequence[float], lease_end: float, load_end: float, rate: float
) -> float:
    """Two seconds after the lease's end, and from then on, the target sees the planned rate.

    Whether a tenth of a second is whole depends on the machine, too, so all of what follows is
    counted at once, give or take what a machine may hold up at either end. Returns the seconds it
    really took.
    """
    begin, end = lease_end + RESTORED_WITHIN_S, load_end - 0.5
    assert end - begin > 2.0, "too little is left of the load to say anything"
    planned = rate * (end - begin)
    found = count_between(moments, begin, end)
    assert abs(found - planned) <= rate * _HELD_UP_S, f"{found} instead of {planned:.0f} arrivals"
    return last_gap(moments, lease_end - 1.0, begin, rate) - lease_end
