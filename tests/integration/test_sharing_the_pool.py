from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING

from tests.integration.scripted_agent import (
    ScriptedAgent,
    attached,
    eventually,
    start_together,
)

if TYPE_CHECKING:
    from tests.integration.site import Site


async def test_the_same_agents_serve_one_run_after_the_other(site: Site) -> None:
    async with attached(site.address, "a", "b") as agents:
        for requests in (3, 4):
            run = await site.submit(agents=2)
            await start_together(*agents)
            for agent in agents:
                agent.report(0, {"http_reqs": requests}, last=True)
            summary = await run.summary()
            assert summary.metrics["http_reqs"].values["count"] == 2 * requests
            for agent in agents:
                assert (await agent.expect("release")).release.run_id == run.run_id


async def test_two_runs_at_once_have_their_own_agents_and_numbers(site: Site) -> None:
    async with attached(site.address, "a", "b", "c") as (a, b, c):
        first = await site.submit(agents=2)
        await asyncio.gather(a.prepare(), b.prepare())
        second = await site.submit(agents=1)
        await c.prepare()
        lines = {line.name: line.run_id for line in await site.agents(3)}
        assert lines == {"a": first.run_id, "b": first.run_id, "c": second.run_id}
        await asyncio.gather(a.start(), b.start(), c.start())
        for requests, agent in ((1, a), (2, b), (30, c)):
            agent.report(0, {"http_reqs": requests}, last=True)
        summaries = await asyncio.gather(first.summary(), second.summary())
    assert [one.metrics["http_reqs"].values["count"] for one in summaries] == [3, 30]
    assert [[agent.name for agent in one.agents] for one in summaries] == [["a", "b"], ["c"]]


async def test_a_run_waits_until_another_gives_its_agents_back(site: Site) -> None:
    async with ScriptedAgent(site.address) as agent:
        first = await site.submit()
        await start_together(agent)
        second = await site.submit()
        await second.state("waiting")
        agent.report(0, {"http_reqs": 1}, last=True)
        await first.summary()
        await start_together(agent)
        assert agent.run_id == second.run_id
        agent.report(0, {"http_reqs": 2}, last=True)
        assert (await second.summary()).metrics["http_reqs"].values["count"] == 2


async def test_a_run_that_gives_up_waiting_takes_no_agent_afterwards(site: Site) -> None:
    gone = await site.submit(agents=1, wait_s=0.1)
    assert (await gone.ended()).exit_code == 102
    async with ScriptedAgent(site.address) as agent:
        run = await site.submit()
        await start_together(agent)
        assert agent.run_id == run.run_id
        agent.report(0, last=True)
        await run.summary()


async def test_who_waits_has_the_first_claim_on_every_agent_that_fits(site: Site) -> None:
    big = await site.submit(agents=2)
    await big.state("waiting")
    small = await site.submit(agents=1)
    await small.until(lambda: bool(small.said))
    async with ScriptedAgent(site.address, "a") as a:
        await big.until(lambda: big.said[-1] == "waiting for 2 agents: 1 free, 0 busy")
        # The smaller one came later: it may not take what the bigger one waits for.
        assert small.said[-1] == "waiting for 1 agent: 0 free, 0 busy, 1 run ahead"
        assert a.kinds() == ["welcome"]
        async with ScriptedAgent(site.address, "b") as b:
            await start_together(a, b)
            assert {a.run_id, b.run_id} == {big.run_id}
            await small.until(lambda: small.said[-1] == "waiting for 1 agent: 0 free, 2 busy")
            for agent in (a, b):
                agent.report(0, last=True)
            assert [one.name for one in (await big.summary()).agents] == ["a", "b"]
            await start_together(a)
            assert a.run_id == small.run_id
            a.report(0, last=True)
            assert [one.name for one in (await small.summary()).agents] == ["a"]


async def test_runs_that_want_other_agents_do_not_wait_for_each_other(site: Site) -> None:
    eastern = await site.submit(agents=2, selector={"zone": "east"})
    await eastern.until(lambda: bool(eastern.said))
    assert eastern.said == ["waiting for 2 agents with zone=east: 0 free, 0 busy"]
    western = await site.submit(selector={"zone": "west"})
    async with (
        ScriptedAgent(site.address, "e", labels={"zone": "east", "disk": "fast"}) as e,
        ScriptedAgent(site.address, "w", labels={"zone": "west"}) as w,
        ScriptedAgent(site.address, "nowhere") as nowhere,
    ):
        await start_together(w)
        assert w.run_id == western.run_id
        w.report(0, last=True)
        assert [agent.name for agent in (await western.summary()).agents] == ["w"]
        assert eastern.said[-1] == "waiting for 2 agents with zone=east: 1 free, 0 busy"
        assert (e.kinds(), nowhere.kinds()) == (["welcome"], ["welcome"])
        await site.client.stop(eastern.run_id, abort=False, cause="operator")
        assert (await eastern.ended()).exit_code == 103


async def test_two_runs_load_at_once_while_a_third_waits_for_either(site: Site) -> None:
    async with attached(site.address, "a", "b", "c") as (a, b, c):
        first = await site.submit(agents=2)
        await start_together(a, b)
        second = await site.submit(agents=1)
        await start_together(c)
        third = await site.submit(agents=2)
        await third.until(lambda: bool(third.said))
        assert third.said == ["waiting for 2 agents: 0 free, 3 busy"]
        c.report(0, {"http_reqs": 30}, last=True)
        await second.summary()
        await third.until(lambda: third.said[-1] == "waiting for 2 agents: 1 free, 2 busy")
        for requests, agent in ((1, a), (2, b)):
            agent.report(0, {"http_reqs": requests}, last=True)
        assert (await first.summary()).metrics["http_reqs"].values["count"] == 3
        await start_together(a, b)
        assert {a.run_id, b.run_id} == {third.run_id}
        for agent in (a, b):
            agent.report(0, {"http_reqs": 5}, last=True)
        assert (await third.summary()).metrics["http_reqs"].values["count"] == 10
        await eventually(lambda: all(agent.kinds()[-1] == "release" for agent in (a, b, c)))


async def test_shares_follow_the_weights_in_the_order_of_the_names(site: Site) -> None:
    async with (
        ScriptedAgent(site.address, "heavy", weight=3) as heavy,
        ScriptedAgent(site.address, "a-light") as light,
    ):
        run = await site.submit(agents=2)
        prepare, same = await asyncio.gather(heavy.prepare(), light.prepare())
        entries = [(entry.agent, entry.weight) for entry in prepare.shares.entries]
        assert entries == [("a-light", 1), ("heavy", 3)]
        assert same.shares == prepare.shares
        assert (prepare.agent, same.agent) == ("heavy", "a-light")
        assert (prepare.seed, prepare.run_id) == (1, run.run_id)


async def test_a_run_that_is_over_keeps_nothing_but_its_last_events(site: Site) -> None:
    async with ScriptedAgent(site.address) as agent:
        run = await site.submit()
        await start_together(agent)
        agent.report(0, {"http_reqs": 1}, last=True)
        await run.ended()
        await agent.expect("release")
        conductor = site.coordinator.runs.get(run.run_id)
        assert conductor._steward is None  # pyright: ignore[reportPrivateUsage]
        assert conductor._crew is None  # pyright: ignore[reportPrivateUsage]
