from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING

import grpc
import pytest

from groundswell.v1 import agent_pb2
from tests.integration.scripted_agent import ScriptedAgent, attached, start_together

if TYPE_CHECKING:
    from tests.integration.site import Site

# On one machine a round trip takes less than this even when everything else is busy.
NEAR_NS = 100_000_000


async def test_each_agent_is_told_the_start_in_its_own_clock(site: Site) -> None:
    async with attached(site.address, "ahead", "behind", clock_offsets_s=(5.0, -3.0)) as agents:
        ahead, behind = agents
        run = await site.submit(agents=2)
        await start_together(*agents)
        for agent in agents:
            agent.report(0, last=True)
        await run.ended()
    between = ahead.start_at_ns - behind.start_at_ns
    assert between == pytest.approx(8_000_000_000, abs=NEAR_NS)
    clocks = {clock.agent: clock for clock in site.stored_run(run.run_id).clocks}
    assert clocks["ahead"].offset_ns == pytest.approx(5_000_000_000, abs=NEAR_NS)
    assert clocks["behind"].offset_ns == pytest.approx(-3_000_000_000, abs=NEAR_NS)
    # The offsets that are stored are those that the start was told by.
    common = {a.start_at_ns - clocks[a.name].offset_ns for a in agents}
    assert len(common) == 1
    for clock in clocks.values():
        assert 0 < clock.error_ns < NEAR_NS
        wrong_by = abs(clock.offset_ns - (5 if clock.agent == "ahead" else -3) * 10**9)
        assert wrong_by <= clock.error_ns


async def test_the_start_is_a_moment_that_all_can_still_reach(site: Site) -> None:
    async with ScriptedAgent(site.address, clock_offset_s=1000.0) as agent:
        run = await site.submit()
        await agent.prepare()
        start = await agent.expect_start()
        assert 0 < start.start_at_ns - agent.now_ns() < 2_000_000_000
        agent.acknowledge_start(start)
        await run.state("running")


async def test_how_late_each_agent_began_is_in_the_summary_and_in_the_store(site: Site) -> None:
    async with attached(site.address, "a", "b", clock_offsets_s=(0.0, 5.0)) as (a, b):
        run = await site.submit(agents=2)
        await asyncio.gather(a.prepare(), b.prepare())
        await asyncio.gather(a.start(skew_ns=400_000), b.start(skew_ns=2_500_000))
        for agent in (a, b):
            agent.report(0, last=True)
        summary = await run.summary()
    assert {agent.name: agent.skew_ms for agent in summary.agents} == {"a": 0.4, "b": 2.5}
    clocks = site.stored_run(run.run_id).clocks
    assert {clock.agent: clock.skew_ns for clock in clocks} == {"a": 400_000, "b": 2_500_000}


async def test_an_answer_to_no_probe_of_ours_is_not_believed(site: Site) -> None:
    async with ScriptedAgent(site.address) as agent:
        run = await site.submit()
        made_up = agent_pb2.ClockReply(number=0, t0_ns=1, t1_ns=10**15, t2_ns=10**15)
        for _ in range(20):
            agent.send(clock_reply=made_up)
        await agent.prepare()
        for _ in range(20):
            agent.send(clock_reply=made_up)
        await agent.start()
        agent.report(0, last=True)
        await run.summary()
    (clock,) = site.stored_run(run.run_id).clocks
    assert abs(clock.offset_ns) < NEAR_NS


@pytest.mark.parametrize("offset_s", [-1e9, 9e9], ids=["before its boot", "after 200 years"])
async def test_a_clock_that_cannot_be_is_refused(site: Site, offset_s: float) -> None:
    async with ScriptedAgent(site.address, "odd", clock_offset_s=offset_s) as agent:
        run = await site.submit()
        await agent.prepare()
        code, text = await agent.refusal()
        ended = await run.ended()
    assert code is grpc.StatusCode.INVALID_ARGUMENT
    assert text.startswith("a clock from ")
    assert (ended.exit_code, ended.error) == (102, "odd was lost while it prepared")
