"""The real agent, in the same loop as its coordinator and a tiny target."""

from __future__ import annotations

import asyncio
import socket
from typing import TYPE_CHECKING

import pytest

from groundswell.errors import CoordinatorUnreachable
from groundswell.v1 import agent_pb2
from groundswell_coordinator.coordinator import Coordinator
from groundswell_coordinator.run.owner import RunOwner
from tests.integration.by_hand import attach_by_hand
from tests.integration.real_agents import changes, fired, load_on, new_agent, serving
from tests.integration.scripted_agent import eventually
from tests.integration.site import lease_end_of

if TYPE_CHECKING:
    from tests.integration.site import Site
    from tests.integration.target import Target


async def test_two_real_agents_do_what_was_planned_and_leave_when_told(
    site: Site, target: Target
) -> None:
    first, second = new_agent(site.address, "a"), new_agent(site.address, "b")
    async with serving(first) as one, serving(second) as other:
        run = await site.submit(load_on(target), agents=2)
        summary = await run.summary()
        first.drain()
        second.drain()
        await asyncio.wait_for(asyncio.gather(one, other), 5)
    assert summary.verdict == "PASS"
    assert summary.metrics["http_reqs"].values["count"] == target.requests
    assert fired(summary, planned=50) == target.requests
    assert [agent.skew_ms is not None for agent in summary.agents] == [True, True]
    await site.agents(0)


async def test_a_real_agent_serves_one_run_after_the_other(site: Site, target: Target) -> None:
    async with serving(new_agent(site.address)):
        for _ in range(2):
            run = await site.submit(load_on(target, duration="0.5s"))
            assert fired(await run.summary(), planned=25) == target.requests
            target.requests = 0


async def test_a_real_agent_is_free_again_after_a_run_that_was_stopped_while_it_loaded(
    site: Site, target: Target
) -> None:
    async with serving(new_agent(site.address)):
        run = await site.submit(load_on(target, duration="30s"))
        await run.until(lambda: bool(run.progress))
        await site.client.stop(run.run_id, abort=True, cause="operator")
        assert (await run.summary()).exit_code == 103
        run = await site.submit(load_on(target, duration="0.2s"))
        assert fired(await run.summary(), planned=10) > 0


async def test_a_real_agent_refuses_a_test_that_it_cannot_read() -> None:
    test = "test: t\ntarget: '{{ env.NOWHERE }}'\nscenarios: {}"
    agent = await attach_by_hand()
    prepare = agent_pb2.Prepare(run_id="r", source=agent_pb2.TestSource(text=test.encode()))
    agent.send(prepare=prepare)
    refused = await agent.replied("refused")
    assert refused.refused.code == "invalid"
    assert "NOWHERE" in refused.refused.message
    await agent.end()


async def test_an_agent_that_was_there_before_its_coordinator_attaches_once_it_is_up() -> None:
    with socket.socket() as reserved:
        reserved.bind(("127.0.0.1", 0))
        address = f"127.0.0.1:{reserved.getsockname()[1]}"
    async with serving(new_agent(address)) as task:
        await asyncio.sleep(0.3)
        assert not task.done()
        coordinator = Coordinator(RunOwner("c"))
        await coordinator.start(address)
        try:
            await eventually(lambda: bool(coordinator.pool.agents()))
        finally:
            await coordinator.stop()
        # An end in order is no reason to leave either: a coordinator is restarted now and then.
        again = Coordinator(RunOwner("c", generation=2))
        await again.start(address)
        try:
            await eventually(lambda: bool(again.pool.agents()))
            assert not task.done()
        finally:
            await again.stop()


async def test_an_agent_that_is_refused_does_not_try_again(site: Site) -> None:
    agent = new_agent(site.address, "n" * 201)
    with pytest.raises(CoordinatorUnreachable, match="letters of an agent's name: at most 200"):
        await asyncio.wait_for(agent.run(), 5)
    assert await site.agents(0) == []


async def test_an_agent_that_waits_for_its_coordinator_can_still_be_told_to_leave() -> None:
    agent = new_agent("127.0.0.1:9")
    async with serving(agent) as task:
        await asyncio.sleep(0.1)
        agent.drain()
        await asyncio.wait_for(task, 2)


async def test_an_agent_that_is_told_to_leave_before_it_runs_does_not_attach(site: Site) -> None:
    agent = new_agent(site.address)
    agent.drain()
    await asyncio.wait_for(agent.run(), 2)
    assert await site.agents(0) == []


async def test_an_idle_agent_leaves_at_once(site: Site) -> None:
    agent = new_agent(site.address)
    async with serving(agent) as task:
        await site.agents(1)
        agent.drain()
        agent.drain()
        await asyncio.wait_for(task, 2)
    await site.agents(0)


async def test_an_agent_that_leaves_under_load_hands_its_share_over_and_nothing_is_missing(
    site: Site, target: Target
) -> None:
    stays, leaves = new_agent(site.address, "stays"), new_agent(site.address, "leaves")
    async with serving(stays), serving(leaves) as left:
        run = await site.submit(load_on(target, duration="6s"), agents=2)
        await run.until(lambda: bool(run.progress))
        leaves.drain("the test says so")
        await asyncio.wait_for(left, 5)
        # It does not wait for the end of the run, only for its own last acknowledgement.
        assert "closed" not in run.states
        summary = await run.summary()
    assert summary.metrics["http_reqs"].values["count"] == target.requests
    assert fired(summary, planned=300) == target.requests
    assert "agent_lost" not in [reason.code for reason in summary.reasons]
    assert changes(run) == ["agent_leaving", "reshared"]
    assert run.notices[0].message == "leaves leaves in order: the test says so"
    (handover,) = site.stored_run(run.run_id).handovers
    assert (handover.from_agent, handover.heirs) == ("leaves", (("stays", 1),))
    assert 1.0 < handover.boundary_ns / 1e9 < 6.0


async def test_the_last_agent_of_a_run_that_leaves_leaves_a_share_that_nobody_carries_out(
    site: Site, target: Target
) -> None:
    agent = new_agent(site.address)
    async with serving(agent) as left:
        run = await site.submit(load_on(target, duration="30s"))
        await run.until(lambda: bool(run.progress))
        agent.drain()
        await asyncio.wait_for(left, 5)
        summary = await run.summary()
    browse = summary.scenarios["browse"]
    assert browse.planned == 1500 == browse.fired + sum(browse.dropped.values())
    assert browse.fired == target.requests
    assert browse.dropped["agent_lost"] > 1300
    assert "agent_lost" in [reason.code for reason in summary.reasons]


async def test_a_real_agent_that_dies_is_a_loss_and_the_other_carries_its_share_on(
    site: Site, target: Target
) -> None:
    async with serving(new_agent(site.address, "stays")):
        async with serving(new_agent(site.address, "dies")):
            run = await site.submit(load_on(target, duration="4s"), agents=2)
            await run.until(lambda: bool(run.progress))
        summary = await run.summary()
    assert changes(run) == ["agent_lost", "reshared"]
    browse = summary.scenarios["browse"]
    assert browse.planned == 200 == browse.fired + browse.unknown + sum(browse.dropped.values())
    # Whatever the target saw beyond what was reported is among what nobody can know.
    assert 0 <= target.requests - summary.metrics["http_reqs"].values["count"] <= browse.unknown
    # It ended after the first of four seconds; its lease did half a second before the boundary.
    (handover,) = site.stored_run(run.run_id).handovers
    (lost,) = site.stored_run(run.run_id).events
    end, boundary = lease_end_of(lost), handover.boundary_ns / 1e9
    owned = range(0, 200, 2)
    gap = sum(end <= n / 50 < boundary for n in owned)
    assert browse.dropped.get("agent_lost", 0) == gap
    assert browse.unknown < sum(n / 50 < end for n in owned) - 20
