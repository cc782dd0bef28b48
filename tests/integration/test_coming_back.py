"""Streams that break under load, and agents that come back on another."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from groundswell.v1.agent_pb2 import STOP_MODE_ABORT, STOP_MODE_GRACEFUL
from tests.coordinator.reporting import account
from tests.integration.scripted_agent import ScriptedAgent, attached, start_together
from tests.integration.site import TEST

if TYPE_CHECKING:
    from groundswell.v1.metrics_pb2 import Report
    from tests.integration.site import Site

JUDGED = TEST + "thresholds: {http_reqs: [count > 0]}"


async def test_one_that_is_back_within_its_lease_goes_on_as_if_nothing_had_been(
    site: Site,
) -> None:
    async with attached(site.address, "back", "here") as (back, here):
        run = await site.submit(JUDGED, agents=2)
        await start_together(back, here)
        for agent in (back, here):
            agent.report(0, {"http_reqs": 5}, [account("browse", 5, 5)])
        await back.acknowledgement(0)
        # Of the next one it never hears whether it arrived.
        second = back.report(1, {"http_reqs": 3, "http_req_failed": (1, 3)})
        await back.leave()
        await back.come_back()
        back.send(report=second)
        back.report(2, {"http_reqs": 2}, last=True)
        here.report(1, {"http_reqs": 5}, last=True)
        summary = await run.summary()
        await back.acknowledgement(2)
        await back.expect("release")
    assert summary.metrics["http_reqs"].values["count"] == 5 + 5 + 3 + 2 + 5
    assert summary.metrics["http_req_failed"].values == {"rate": 1 / 3, "passes": 1, "fails": 2}
    browse = summary.scenarios["browse"]
    assert (browse.planned, browse.fired, browse.dropped, browse.unknown) == (20, 20, {}, 0)
    assert (summary.verdict, summary.reasons, run.notices) == ("PASS", (), [])
    assert site.stored_run(run.run_id).events == ()


async def test_one_whose_stream_breaks_again_and_again_loses_nothing(site: Site) -> None:
    times = 3
    async with ScriptedAgent(site.address) as agent:
        run = await site.submit(JUDGED)
        await start_together(agent)
        sent: list[Report] = []
        for interval in range(times):
            sent.append(agent.report(interval, {"http_reqs": 1}))
            await agent.come_back()
            for report in sent:
                agent.send(report=report)
        agent.report(times, {"http_reqs": 1}, last=True)
        summary = await run.summary()
    assert summary.metrics["http_reqs"].values["count"] == times + 1
    assert (summary.verdict, summary.reasons, run.notices) == ("PASS", (), [])
    stored = site.stored_intervals(run.run_id)
    assert [one.interval for one in stored] == list(range(times + 1))
    assert all(len(one.contained) == 1 and not one.amendments for one in stored)


async def test_a_new_stream_that_declares_nothing_is_understood_from_the_one_before(
    site: Site,
) -> None:
    """Numbers are fixed for the incarnation; to declare them anew only repeats them."""
    async with ScriptedAgent(site.address) as agent:
        run = await site.submit(JUDGED)
        await start_together(agent)
        agent.report(0, {"http_reqs": 1})
        await agent.acknowledgement(0)
        await agent.come_back()
        report = agent.make_report(1, {"http_reqs": 2}, last=True)
        del report.declarations[:]
        agent.send(report=report)
        assert (await run.summary()).metrics["http_reqs"].values["count"] == 3


async def test_one_that_comes_back_and_has_forgotten_the_run_is_lost_at_once(site: Site) -> None:
    async with attached(site.address, "forgets", "here") as (forgets, here):
        run = await site.submit(JUDGED, agents=2)
        await start_together(forgets, here)
        forgets.report(0, {"http_reqs": 3}, [account("browse", 3, 3)])
        here.report(0)
        await forgets.acknowledgement(0)
        await forgets.leave()
        await forgets.attach()
        # Long before its lease would have ended.
        boundary = (await here.expect_reshare()).boundary_ns / 1e9
        assert boundary < 1.25
        assert (await site.agent("forgets", lambda line: line.state == "free")).run_id == ""
        here.report(1, {"http_reqs": 15}, last=True)
        summary = await run.summary()
        assert forgets.kinds().count("prepare") == 1
    browse = summary.scenarios["browse"]
    # What it may have fired until then nobody can know: up to the boundary it is all due.
    own = sum(n / 10 < boundary for n in range(0, 20, 2))
    assert browse.planned == 20 == browse.fired + browse.unknown
    assert browse.unknown == own - 3
    assert browse.dropped == {}


async def test_one_that_comes_back_with_a_run_that_is_over_is_told_to_forget_it(
    site: Site,
) -> None:
    async with ScriptedAgent(site.address) as agent:
        run = await site.submit()
        await start_together(agent)
        report = agent.report(0, {"http_reqs": 5}, last=True)
        await run.ended()
        await agent.leave()
        await site.agents(0)
        await agent.come_back()
        agent.send(report=report)
        assert (await agent.expect("release")).release.run_id == run.run_id
        again = await site.submit()
        await start_together(agent)
        agent.report(0, {"http_reqs": 7}, last=True)
        assert (await again.summary()).metrics["http_reqs"].values["count"] == 7


async def test_a_run_that_nobody_here_knows_is_to_be_forgotten(site: Site) -> None:
    agent = ScriptedAgent(site.address)
    agent.run_id, agent.name, agent.start_at_ns = "of-another-life", "agent", 7
    await agent.attach(agent.holding())
    assert (await agent.expect("release")).release.run_id == "of-another-life"
    await site.agent("agent", lambda line: line.state == "free")
    await agent.leave()


@pytest.mark.parametrize("abort", [False, True], ids=["graceful", "abort"])
async def test_a_stop_that_was_missed_is_told_again(site: Site, abort: bool) -> None:
    async with attached(site.address, "away", "here") as (away, here):
        run = await site.submit(agents=2)
        await start_together(away, here)
        await away.leave()
        await site.agent("away", lambda line: line.state == "away")
        await site.client.stop(run.run_id, abort=abort, cause="operator")
        await here.expect("stop")
        await away.come_back()
        mode = (await away.expect("stop")).stop.mode
        assert mode == (STOP_MODE_ABORT if abort else STOP_MODE_GRACEFUL)
        for agent in (away, here):
            agent.report(0, {"http_reqs": 2}, last=True)
        summary = await run.summary()
    assert summary.metrics["http_reqs"].values["count"] == 4
    assert (summary.exit_code, [notice.code for notice in run.notices]) == (103, [])


async def test_a_handover_that_was_missed_is_told_again(site: Site) -> None:
    async with attached(site.address, "away", "here", "leaves") as (away, here, leaves):
        test = TEST.replace("max_vus: 4", "max_vus: 6")
        run = await site.submit(test, agents=3)
        await start_together(away, here, leaves)
        await away.leave()
        await site.agent("away", lambda line: line.state == "away")
        leaves.leaving(1.0)
        handover = await here.expect_reshare()
        assert [heir.agent for heir in handover.heirs] == ["away", "here"]
        await away.come_back()
        assert await away.expect_reshare() == handover
        await leaves.expect_reshare()
        for agent in (away, here, leaves):
            agent.report(0, last=True)
        summary = await run.summary()
    browse = summary.scenarios["browse"]
    assert (browse.planned, browse.fired, browse.dropped, browse.unknown) == (20, 20, {}, 0)


async def test_a_stream_that_ends_while_its_agent_prepares_is_a_loss_though_it_comes_back(
    site: Site,
) -> None:
    async with ScriptedAgent(site.address, "hasty") as agent:
        run = await site.submit()
        await agent.expect_share()
        await agent.leave()
        assert (await run.ended()).error == "hasty was lost while it prepared"
        await agent.come_back()
        assert (await agent.expect("release")).release.run_id == run.run_id
