"""Shares that move: after a loss by the run's policy, and by the word of an agent that leaves.

Of 40 arrivals, ten a second, two agents own every second one: the first by name 0, 2, 4 and so on.
"""

from __future__ import annotations

from fractions import Fraction
from typing import TYPE_CHECKING

from groundswell.load_guard import LoadGuard
from groundswell.v1.agent_pb2 import STOP_MODE_ABORT
from groundswell_coordinator.run.guard_log import stored_guards, stored_unclaimed
from tests.coordinator.reporting import account
from tests.integration.scripted_agent import ScriptedAgent, attached, eventually, start_together
from tests.integration.site import TEST, lease_end_of

if TYPE_CHECKING:
    from groundswell_coordinator.report.summary import ScenarioSummary
    from tests.integration.site import Site, Watched

LONGER = TEST.replace("duration: 2s", "duration: 4s")
JUDGED = LONGER + "thresholds: {http_reqs: [count > 0]}"
ONE_OF_TWO = range(0, 40, 2)


def before(seconds: float, indices: range = ONE_OF_TWO) -> int:
    """How many of these arrivals are planned before that second of the run."""
    return sum(n / 10 < seconds for n in indices)


def lease_end(site: Site, run: Watched, agent: str) -> float:
    """In seconds of the run, as it is stored with the loss of the agent."""
    (lost,) = [
        event
        for event in site.stored_run(run.run_id).events
        if (event.code, event.agent) == ("agent_lost", agent)
    ]
    return lease_end_of(lost)


async def run_that_loses_one(
    site: Site, here: ScriptedAgent, test: str, on_agent_loss: str = ""
) -> Watched:
    """Of `here` and another, of whose share five are known to have been done when it was lost."""
    async with ScriptedAgent(site.address, "gone") as gone:
        run = await site.submit(test, agents=2, on_agent_loss=on_agent_loss)
        await start_together(here, gone)
        gone.report(0, {"http_reqs": 5}, [account("browse", 5, 5)])
        here.report(0)
        await gone.acknowledgement(0)
    return run


def assert_balanced(browse: ScenarioSummary) -> None:
    assert browse.planned == 40
    assert browse.fired + sum(browse.dropped.values()) + browse.unknown == 40


def assert_left_undone(site: Site, run: Watched, browse: ScenarioSummary) -> None:
    """Of the share of `gone`, beyond the five that are known: until its lease ended nobody knows, and then nothing."""
    due = before(lease_end(site, run, "gone"))
    assert_balanced(browse)
    assert (browse.fired, browse.unknown) == (25, due - 5)
    assert browse.dropped == {"agent_lost": 20 - due}


async def test_a_lost_share_goes_to_the_other_and_the_gap_is_counted(site: Site) -> None:
    async with ScriptedAgent(site.address, "here") as here:
        async with ScriptedAgent(site.address, "gone") as gone:
            run = await site.submit(LONGER, agents=2)
            await start_together(here, gone)
            gone.report(0, {"http_reqs": 5}, [account("browse", 5, 5)])
            here.report(0, {"http_reqs": 5}, [account("browse", 5, 5)])
            await gone.acknowledgement(0)
        handover = await here.expect_reshare()
        here.report(1, {"http_reqs": 25}, last=True)
        summary = await run.summary()
    boundary = handover.boundary_ns / 1e9
    due = before(lease_end(site, run, "gone"))
    inherited = 20 - before(boundary)
    browse = summary.scenarios["browse"]
    assert_balanced(browse)
    assert browse.fired == 5 + 20 + inherited
    assert browse.unknown == due - 5
    assert browse.dropped == {"agent_lost": before(boundary) - due}
    assert [notice.code for notice in run.notices] == ["agent_lost", "reshared"]
    (stored,) = site.stored_run(run.run_id).handovers
    assert (stored.epoch, stored.from_agent, stored.heirs) == (1, "gone", (("here", 1),))
    assert (stored.boundary_ns, stored.decided) == (handover.boundary_ns, {"browse": 5})


async def test_what_a_lost_agent_still_delivers_is_unknown_no_more(site: Site) -> None:
    async with attached(site.address, "other", "late") as (other, late):
        run = await site.submit(LONGER, agents=2)
        await start_together(other, late)
        late.report(0, {"http_reqs": 5}, [account("browse", 5, 5)])
        other.report(0, {"http_reqs": 5}, [account("browse", 5, 5)])
        await late.acknowledgement(0)
        await late.leave()
        handover = await other.expect_reshare()
        # Its own lease ended a little before: of what was due then, it started one less.
        await late.come_back()
        assert (await late.expect("stop")).stop.mode == STOP_MODE_ABORT
        assert late.division == other.division
        started = before(lease_end(site, run, "late")) - 1
        accounts = [account("browse", started, started)]
        late.report(1, {"http_reqs": started - 5}, accounts, last=True)
        other.report(1, {"http_reqs": 25}, last=True)
        summary = await run.summary()
        await late.acknowledgement(1)
        await late.expect("release")
    browse = summary.scenarios["browse"]
    assert_balanced(browse)
    left = before(handover.boundary_ns / 1e9) - started
    assert (browse.unknown, browse.dropped) == (0, {"agent_lost": left})
    assert summary.metrics["http_reqs"].values["count"] == 30 + started


async def test_a_lost_share_that_is_more_than_the_other_carries_stays_undone(site: Site) -> None:
    here = ScriptedAgent(site.address, "here")
    # Five a second are its own, and five would come to them.
    here.hello.guard.max_rate = "9"
    async with here:
        run = await run_that_loses_one(site, here, JUDGED)
        await run.until(lambda: len(run.notices) == 2)
        here.report(1, {"http_reqs": 20}, last=True)
        summary = await run.summary()
        assert "reshare" not in here.kinds()
    assert_left_undone(site, run, summary.scenarios["browse"])
    (reason,) = summary.reasons
    assert reason.message == "gone was lost and no other agent took over its share"
    assert [notice.code for notice in run.notices] == ["agent_lost", "unclaimed"]
    assert "the share of gone stays undone" in run.notices[1].message
    stored = site.stored_run(run.run_id)
    assert stored_guards(stored.events) == {"here": LoadGuard(Fraction(9))}
    assert stored_unclaimed(stored.events) == ("gone",)


async def test_a_lost_share_goes_to_those_that_carry_it(site: Site) -> None:
    narrow, wide = ScriptedAgent(site.address, "a"), ScriptedAgent(site.address, "b")
    narrow.hello.guard.max_rate, wide.hello.guard.max_rate = "4", "8"
    async with narrow, wide:
        async with ScriptedAgent(site.address, "gone") as gone:
            # Two VUs each, so 10/3 a second.
            run = await site.submit(LONGER.replace("max_vus: 4", "max_vus: 6"), agents=3)
            await start_together(narrow, wide, gone)
        handover = await narrow.expect_reshare()
        assert await wide.expect_reshare() == handover
        assert [heir.agent for heir in handover.heirs] == ["b"]
        narrow.report(0, last=True)
        wide.report(0, last=True)
        summary = await run.summary()
    assert summary.scenarios["browse"].planned == 40
    assert "1 more would not carry it" in run.notices[-1].message


async def test_by_another_policy_a_lost_share_is_left_alone(site: Site) -> None:
    async with ScriptedAgent(site.address, "here") as here:
        run = await run_that_loses_one(site, here, JUDGED, on_agent_loss="continue")
        await run.until(lambda: bool(run.notices))
        here.report(1, {"http_reqs": 20}, last=True)
        summary = await run.summary()
        assert "reshare" not in here.kinds()
    assert_left_undone(site, run, summary.scenarios["browse"])
    assert [notice.code for notice in run.notices] == ["agent_lost"]
    assert site.stored_run(run.run_id).handovers == ()
    assert (summary.verdict, summary.exit_code) == ("INCONCLUSIVE", 96)
    assert [reason.code for reason in summary.reasons] == ["agent_lost"]


async def test_by_the_strictest_policy_a_loss_aborts_the_run(site: Site) -> None:
    async with ScriptedAgent(site.address, "here") as here:
        run = await run_that_loses_one(site, here, JUDGED, on_agent_loss="abort")
        assert (await here.expect("stop")).stop.mode == STOP_MODE_ABORT
        here.report(1, {"http_reqs": 7}, [account("browse", 7, 7)], last=True)
        summary = await run.summary()
        assert "reshare" not in here.kinds()
    lost, stopped = site.stored_run(run.run_id).events
    assert (lost.code, lost.agent) == ("agent_lost", "gone")
    assert (stopped.code, stopped.agent) == ("agent_lost", None)
    assert stopped.detail is not None
    assert stopped.detail["mode"] == "abort"
    assert (summary.verdict, summary.exit_code) == ("INCONCLUSIVE", 96)
    assert {reason.code for reason in summary.reasons} == {"agent_lost"}
    # What would have come after the abort is nobody's loss.
    browse = summary.scenarios["browse"]
    assert browse.planned == browse.fired + sum(browse.dropped.values()) + browse.unknown < 40
    assert browse.fired == 12


async def test_several_that_are_lost_at_once_leave_their_shares_to_who_is_left(site: Site) -> None:
    """What one inherited in between moves on with what was its own."""
    async with ScriptedAgent(site.address, "here") as here:
        async with attached(site.address, "gone-1", "gone-2") as gone:
            test = LONGER.replace("max_vus: 4", "max_vus: 6")
            run = await site.submit(test, agents=3)
            await start_together(here, *gone)
            for agent in gone:
                agent.report(0, {"http_reqs": 3}, [account("browse", 3, 3)])
            here.report(0, {"http_reqs": 3})
            for agent in gone:
                await agent.acknowledgement(0)
        await here.expect_reshare(2)
        here.report(1, {"http_reqs": 4}, last=True)
        summary = await run.summary()
    stored = site.stored_run(run.run_id)
    first, second = stored.handovers
    assert (first.epoch, first.from_agent, second.epoch) == (1, "gone-1", 2)
    assert second.from_agent == "gone-2"
    assert second.heirs == (("here", 1),)
    # gone-1 owns 0, 3, 6 and so on; gone-2 owns 1, 4, 7.
    due = before(lease_end(site, run, "gone-1"), range(0, 40, 3))
    due += before(lease_end(site, run, "gone-2"), range(1, 40, 3))
    browse = summary.scenarios["browse"]
    assert_balanced(browse)
    (own,) = here.all_fired()
    assert browse.fired == 6 + own.fired
    assert browse.unknown == due - 6
    assert browse.dropped == {"agent_lost": 40 - 6 - own.fired - (due - 6)}
    # Both shares are here but for what came before the boundaries.
    boundary = second.boundary_ns / 1e9
    assert own.fired == 13 + (14 - before(boundary, range(0, 40, 3))) + (
        13 - before(boundary, range(1, 40, 3))
    )


async def test_an_heir_that_ended_before_it_heard_has_dropped_what_it_inherited(
    site: Site,
) -> None:
    async with ScriptedAgent(site.address, "here") as here:
        run = await run_that_loses_one(site, here, LONGER)
        handover = await here.expect_reshare()
        here.report(1, {"http_reqs": 20}, [account("browse", 20, 20)], last=True, epoch=0)
        summary = await run.summary()
    due = before(lease_end(site, run, "gone"))
    browse = summary.scenarios["browse"]
    assert_balanced(browse)
    assert (browse.fired, browse.unknown) == (25, due - 5)
    inherited = 20 - before(handover.boundary_ns / 1e9)
    gap = before(handover.boundary_ns / 1e9) - due
    assert browse.dropped == {"agent_lost": gap + inherited}


async def test_an_agent_that_leaves_hands_over_at_its_own_boundary_and_is_no_loss(
    site: Site,
) -> None:
    async with attached(site.address, "leaves", "stays") as (leaves, stays):
        run = await site.submit(JUDGED, agents=2)
        await start_together(leaves, stays)
        leaves.report(0, {"http_reqs": 5})
        # The first to be planned at or after the boundary is the eleventh of its own, at 2.0 s.
        leaves.leaving(1.95)
        handover = await stays.expect_reshare()
        assert (handover.boundary_ns, handover.from_agent) == (1_950_000_000, "leaves")
        await leaves.expect_reshare()
        assert leaves.share().planned == 10
        assert stays.share().planned == 30
        leaves.report(1, {"http_reqs": 5}, last=True)
        stays.report(0)
        await leaves.acknowledgement(0)
        await leaves.leave()
        stays.report(1, {"http_reqs": 30}, last=True)
        summary = await run.summary()
    browse = summary.scenarios["browse"]
    assert (browse.planned, browse.fired, browse.dropped, browse.unknown) == (40, 40, {}, 0)
    assert summary.metrics["http_reqs"].values["count"] == 40
    assert (summary.verdict, summary.reasons) == ("PASS", ())
    assert [notice.code for notice in run.notices] == ["agent_leaving", "reshared"]
    assert [event.code for event in site.stored_run(run.run_id).events] == ["agent_leaving"]


async def test_what_a_leaving_agent_says_twice_is_done_once(site: Site) -> None:
    async with attached(site.address, "leaves", "stays") as (leaves, stays):
        run = await site.submit(LONGER, agents=2)
        await start_together(leaves, stays)
        leaves.leaving(1.95)
        await stays.expect_reshare()
        await leaves.come_back()
        await leaves.expect_reshare()
        leaves.leaving(1.95)
        for agent in (leaves, stays):
            agent.report(0, last=True)
        summary = await run.summary()
        await leaves.expect("release")
    assert len(site.stored_run(run.run_id).handovers) == 1
    browse = summary.scenarios["browse"]
    assert (browse.planned, browse.fired, summary.reasons) == (40, 40, ())


async def test_a_leaving_agent_that_is_lost_before_its_last_report_is_a_loss_until_its_boundary(
    site: Site,
) -> None:
    async with ScriptedAgent(site.address, "stays") as stays:
        async with ScriptedAgent(site.address, "leaves") as leaves:
            run = await site.submit(LONGER, agents=2)
            await start_together(leaves, stays)
            leaves.report(0, {"http_reqs": 3}, [account("browse", 3, 3)])
            stays.report(0)
            leaves.leaving(0.75)
            await leaves.acknowledgement(0)
            await stays.expect_reshare()
        await run.until(lambda: len(run.notices) == 3)
        stays.report(1, last=True)
        summary = await run.summary()
    # Of 0, 0.2, 0.4 and 0.6 s, what was due before the boundary, nobody knows of the last.
    browse = summary.scenarios["browse"]
    assert_balanced(browse)
    assert (browse.fired, browse.unknown, browse.dropped) == (3 + 20 + 16, 1, {})
    assert [notice.code for notice in run.notices] == ["agent_leaving", "reshared", "agent_lost"]
    assert len(site.stored_run(run.run_id).handovers) == 1


async def test_the_share_of_the_last_one_that_leaves_is_dropped(site: Site) -> None:
    async with ScriptedAgent(site.address, "leaves") as leaves:
        run = await site.submit(JUDGED)
        await start_together(leaves)
        leaves.leaving(1.95)
        leaves.report(0, {"http_reqs": 20}, [account("browse", 20, 20)], last=True)
        summary = await run.summary()
        assert "reshare" not in leaves.kinds()
    browse = summary.scenarios["browse"]
    assert_balanced(browse)
    assert (browse.fired, browse.dropped) == (20, {"agent_lost": 20})
    assert [reason.code for reason in summary.reasons] == ["agent_lost"]
    assert summary.verdict == "INCONCLUSIVE"


async def test_counted_iterations_move_from_where_they_are_decided(site: Site) -> None:
    counted = """
test: counted
target: http://127.0.0.1:9
scenarios:
  jobs:
    executor: shared-iterations
    iterations: 100
    vus: 4
    max_duration: 60s
    steps:
      - get: /
"""
    async with attached(site.address, "leaves", "stays") as (leaves, stays):
        run = await site.submit(counted, agents=2)
        await start_together(leaves, stays)
        leaves.leaving(0.5, jobs=13)
        await stays.expect_reshare()
        await leaves.expect_reshare()
        assert (leaves.share("jobs").planned, stays.share("jobs").planned) == (13, 87)
        assert (leaves.share("jobs").vu_count, stays.share("jobs").vu_count) == (2, 4)
        for agent in (leaves, stays):
            agent.report(0, last=True)
        summary = await run.summary()
    jobs = summary.scenarios["jobs"]
    assert (jobs.planned, jobs.fired, jobs.dropped, jobs.unknown) == (100, 100, {}, 0)


async def test_nobody_inherits_from_an_agent_that_had_done_all_of_its_share(site: Site) -> None:
    async with attached(site.address, "done", "here") as (done, here):
        run = await site.submit(LONGER, agents=2)
        await start_together(done, here)
        done.report(0, last=True)
        here.report(0)
        await done.acknowledgement(0)
        done.leaving(3.0)
        await eventually(lambda: [one.code for one in run.notices] == ["agent_leaving"])
        here.report(1, last=True)
        summary = await run.summary()
        assert "reshare" not in here.kinds()
    assert summary.scenarios["browse"].fired == 40
