"""Agents that go away, one for each state of a run; what becomes of their shares is in test_reshare.py."""

from __future__ import annotations

from typing import TYPE_CHECKING

import grpc
import pytest

from tests.coordinator.reporting import account
from tests.integration.scripted_agent import ScriptedAgent, attached, start_together
from tests.integration.site import lease_end_of

if TYPE_CHECKING:
    from tests.integration.site import Site


async def test_one_that_goes_before_it_is_chosen_is_not_waited_for(site: Site) -> None:
    async with ScriptedAgent(site.address, "gone"):
        await site.agents(1)
    await site.agents(0)
    run = await site.submit()
    async with ScriptedAgent(site.address, "here") as here:
        await start_together(here)
        here.report(0, last=True)
        summary = await run.summary()
    assert [agent.name for agent in summary.agents] == ["here"]
    assert summary.reasons == ()


async def test_one_lost_while_it_prepares_ends_the_run_before_any_load(site: Site) -> None:
    async with ScriptedAgent(site.address, "here") as here:
        async with ScriptedAgent(site.address, "gone") as gone:
            run = await site.submit(agents=2)
            await here.prepare()
            await gone.expect_share()
        ended = await run.ended()
        await here.expect("release")
        assert "start" not in here.kinds()
    assert (ended.exit_code, ended.error) == (102, "gone was lost while it prepared")
    assert ended.summary_json == ""
    assert run.states[-2:] == ["preparing", "closed"]
    stored = site.stored_run(run.run_id)
    assert (stored.line.verdict, stored.line.exit_code) == (None, 102)
    assert [event.code for event in stored.events] == ["no_agents"]


async def test_one_lost_before_it_acknowledges_the_start_cancels_it_for_all(site: Site) -> None:
    async with ScriptedAgent(site.address, "here") as here:
        async with ScriptedAgent(site.address, "gone") as gone:
            run = await site.submit(agents=2)
            await here.prepare()
            await gone.prepare()
            here.acknowledge_start(await here.expect_start())
        ended = await run.ended()
        await here.expect("release")
    assert (ended.exit_code, ended.error) == (102, "gone was lost before the start")
    assert run.notices == []
    assert run.states[-2:] == ["starting", "closed"]


async def test_one_that_never_acknowledges_the_start_cancels_it_for_all(site: Site) -> None:
    async with attached(site.address, "here", "mute") as (here, mute):
        run = await site.submit(agents=2)
        await here.prepare()
        await mute.prepare()
        here.acknowledge_start(await here.expect_start())
        await mute.expect_start()
        ended = await run.ended()
        await here.expect("release")
        await mute.expect("release")
    assert ended.exit_code == 102
    assert ended.error == "no common start: unacknowledged 200 ms before it by mute"


async def test_one_lost_under_load_leaves_what_it_sent_and_the_others_go_on(site: Site) -> None:
    async with ScriptedAgent(site.address, "here") as here:
        async with ScriptedAgent(site.address, "gone") as gone:
            run = await site.submit(agents=2)
            await start_together(here, gone)
            gone.report(0, {"http_reqs": 5}, [account("browse", 5, 5)])
            here.report(0, {"http_reqs": 5}, [account("browse", 5, 5)])
            await gone.acknowledgement(0)
        here.report(1, {"http_reqs": 5}, last=True)
        summary = await run.summary()
        await here.acknowledgement(1)
    assert summary.metrics["http_reqs"].values["count"] == 15
    (reason,) = summary.reasons
    assert (reason.code, reason.agent) == ("agent_lost", "gone")
    assert [notice.code for notice in run.notices] == ["agent_lost"]
    (event,) = site.stored_run(run.run_id).events
    assert (event.code, event.agent) == ("agent_lost", "gone")
    # It may have fired what was due before its lease ended; nobody was left for the rest.
    due = sum(n / 10 < lease_end_of(event) for n in range(0, 20, 2))
    browse = summary.scenarios["browse"]
    assert (browse.planned, browse.fired) == (20, 15)
    assert (browse.unknown, browse.dropped) == (due - 5, {"agent_lost": 10 - due})


async def test_the_last_ones_loss_ends_the_run(site: Site) -> None:
    async with ScriptedAgent(site.address, "gone") as gone:
        run = await site.submit()
        await start_together(gone)
        gone.report(0, {"http_reqs": 5})
        await gone.acknowledgement(0)
    summary = await run.summary()
    assert summary.metrics["http_reqs"].values["count"] == 5
    assert [reason.code for reason in summary.reasons] == ["agent_lost"]
    assert site.stored_run(run.run_id).line.ended_at is not None


async def test_one_lost_between_its_acknowledgement_and_the_start_is_lost_under_load(
    site: Site,
) -> None:
    async with ScriptedAgent(site.address, "gone") as gone:
        run = await site.submit()
        await gone.prepare()
        gone.acknowledge_start(await gone.expect_start())
        await run.state("running")
    summary = await run.summary()
    assert summary.duration_s == 0
    assert [reason.code for reason in summary.reasons] == ["agent_lost"]
    assert summary.scenarios["browse"].planned == 20


async def test_one_that_goes_after_its_last_report_is_no_loss(site: Site) -> None:
    async with ScriptedAgent(site.address, "here") as here:
        async with ScriptedAgent(site.address, "early") as early:
            run = await site.submit(agents=2)
            await start_together(here, early)
            early.report(0, {"http_reqs": 5}, last=True)
            here.report(0, {"http_reqs": 5})
            await early.acknowledgement(0)
        # It has nothing to do any more, so that the end of its lease is nobody's loss.
        away = await site.agent("early", lambda line: line.silent_ms > 1300)
        assert (away.state, away.run_id) == ("away", run.run_id)
        here.report(1, {"http_reqs": 5}, last=True)
        summary = await run.summary()
        assert [line.name for line in await site.agents(1)] == ["here"]
    assert summary.metrics["http_reqs"].values["count"] == 15
    assert (summary.reasons, run.notices) == ((), [])


async def test_one_that_ends_its_side_in_order_is_lost_like_any_other(site: Site) -> None:
    async with ScriptedAgent(site.address, "gone") as gone:
        run = await site.submit()
        await start_together(gone)
        gone.report(0, {"http_reqs": 5})
        gone.hang_up()
        summary = await run.summary()
        assert await gone.refusal() == (grpc.StatusCode.OK, "")
    assert summary.metrics["http_reqs"].values["count"] == 5
    assert [reason.code for reason in summary.reasons] == ["agent_lost"]


async def test_one_that_is_silent_for_its_lease_is_lost_though_its_connection_stands(
    site: Site,
) -> None:
    async with attached(site.address, "here", "silent") as (here, silent):
        run = await site.submit(agents=2)
        await start_together(here, silent)
        for agent in (here, silent):
            agent.report(0, {"http_reqs": 5})
        silent.renews = False
        await here.expect_reshare()
        # Nothing is said of a breach: it may still come back with what it measured.
        assert await silent.refusal() == (grpc.StatusCode.OK, "")
        await site.agent("silent", lambda line: line.state == "away")
        here.report(1, {"http_reqs": 5}, last=True)
        summary = await run.summary()
        assert [line.name for line in await site.agents(1)] == ["here"]
    assert [notice.code for notice in run.notices] == ["agent_lost", "reshared"]
    assert summary.metrics["http_reqs"].values["count"] == 15


async def test_one_whose_stream_ended_just_before_the_load_may_load_until_its_lease_ends(
    site: Site,
) -> None:
    async with attached(site.address, "here", "gone") as (here, gone):
        run = await site.submit(agents=2)
        await start_together(here, gone)
        gone.hang_up()
        await site.agent("gone", lambda line: line.state == "away")
        # As if its end had been seen before T, and heard of after it.
        conductor = site.coordinator.runs.get(run.run_id)
        (lost,) = [one for one in site.coordinator.pool.agents() if one.name == "gone"]
        conductor.lost(lost)
        handover = await here.expect_reshare()
        here.report(0, last=True)
        await run.summary()
    (event,) = [one for one in site.stored_run(run.run_id).events if one.code == "agent_lost"]
    assert lease_end_of(event) + 0.6 <= handover.boundary_ns / 1e9


@pytest.mark.parametrize("name", ["agent", ""])
async def test_agents_of_the_same_name_are_told_apart(site: Site, name: str) -> None:
    async with attached(site.address, name, name, name) as agents:
        run = await site.submit(agents=3)
        await start_together(*agents)
        names = [agent.name for agent in agents]
        for requests, agent in enumerate(agents, start=1):
            agent.report(0, {"http_reqs": requests}, last=True)
        summary = await run.summary()
    assert names == ["agent", "agent-2", "agent-3"]
    assert sorted(agent.name for agent in summary.agents) == names
    assert summary.metrics["http_reqs"].values["count"] == 6


async def test_a_name_is_free_again_once_its_agent_is_gone(site: Site) -> None:
    for _ in range(2):
        async with ScriptedAgent(site.address, "agent"):
            assert [line.name for line in await site.agents(1)] == ["agent"]
        await site.agents(0)
