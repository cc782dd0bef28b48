"""Agents that go away, one for each state of a run."""

from __future__ import annotations

from typing import TYPE_CHECKING

import grpc
import pytest

from tests.coordinator.reporting import account
from tests.integration.scripted_agent import ScriptedAgent, attached, start_together
from tests.integration.site import running_site

if TYPE_CHECKING:
    from pathlib import Path

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
        here.report(1, {"http_reqs": 5}, [account("browse", 10, 10)], last=True)
        summary = await run.summary()
        await here.acknowledgement(1)
    assert summary.metrics["http_reqs"].values["count"] == 15
    (reason,) = summary.reasons
    assert (reason.code, reason.agent) == ("agent_lost", "gone")
    # Two seconds are over long before its lease: nobody can know whether it fired the other five.
    browse = summary.scenarios["browse"]
    assert (browse.planned, browse.fired, browse.unknown, browse.dropped) == (20, 15, 5, {})
    assert [notice.code for notice in run.notices] == ["agent_lost"]
    events = site.stored_run(run.run_id).events
    assert [(event.code, event.agent) for event in events] == [("agent_lost", "gone")]


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
        await site.agents(1)
        here.report(1, {"http_reqs": 5}, last=True)
        summary = await run.summary()
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
    tmp_path: Path,
) -> None:
    async with (
        running_site(tmp_path, lease_s=0.5) as site,
        attached(site.address, "here", "silent") as (here, silent),
    ):
        run = await site.submit(agents=2)
        await start_together(here, silent)
        for agent in (here, silent):
            agent.report(0, {"http_reqs": 5})
        silent.renews = False
        code, text = await silent.refusal()
        here.report(1, {"http_reqs": 5}, last=True)
        summary = await run.summary()
        assert [line.name for line in await site.agents(1)] == ["here"]
    assert (code, text) == (
        grpc.StatusCode.INVALID_ARGUMENT,
        "silent for 0.75 s: its lease is over",
    )
    assert [(reason.code, reason.agent) for reason in summary.reasons] == [("agent_lost", "silent")]
    assert summary.metrics["http_reqs"].values["count"] == 15


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
