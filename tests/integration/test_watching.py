from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING

import pytest

from groundswell.errors import CoordinatorUnreachable, UnknownRun
from groundswell_coordinator.client import ControlClient
from tests.integration.scripted_agent import ScriptedAgent, eventually, start_together
from tests.integration.site import running_site

if TYPE_CHECKING:
    from pathlib import Path

    from tests.integration.site import Site


async def test_a_run_that_nobody_knows_cannot_be_watched_or_stopped(site: Site) -> None:
    with pytest.raises(UnknownRun, match="no run 'nobody'"):
        async for _ in site.client.watch("nobody"):
            pass
    with pytest.raises(UnknownRun, match="no run 'nobody'"):
        await site.client.stop("nobody", abort=False, cause="operator")


async def test_who_comes_after_the_end_is_given_where_it_stands_and_the_end(site: Site) -> None:
    async with ScriptedAgent(site.address) as agent:
        run = await site.submit()
        await start_together(agent)
        agent.report(0, {"http_reqs": 5}, last=True)
        ended = await run.ended()
    late = site.watch(run.run_id)
    assert await late.ended() == ended
    assert late.states == ["closed"]
    assert [progress.requests for progress in late.progress] == [5]


async def test_who_comes_in_the_middle_is_given_the_latest_and_then_the_rest(site: Site) -> None:
    async with ScriptedAgent(site.address) as agent:
        run = await site.submit()
        await start_together(agent)
        for interval in range(3):
            agent.report(interval, {"http_reqs": 5})
        await run.until(lambda: len(run.progress) == 3)
        late = site.watch(run.run_id)
        await late.until(lambda: len(late.progress) == 1)
        agent.report(3, {"http_reqs": 5}, last=True)
        assert await late.ended() == await run.ended()
    assert [progress.interval for progress in late.progress] == [2, 3]
    assert late.states == ["running", "closed"]


async def test_two_watchers_see_the_same(site: Site) -> None:
    run = await site.submit()
    other = site.watch(run.run_id)
    await asyncio.gather(run.state("waiting"), other.state("waiting"))
    async with ScriptedAgent(site.address) as agent:
        await start_together(agent)
        agent.report(0, {"http_reqs": 5})
        agent.report(1, {"http_reqs": 5}, last=True)
        assert await run.ended() == await other.ended()
    assert run.events == other.events


async def test_a_watcher_that_goes_away_changes_nothing(site: Site) -> None:
    async with ScriptedAgent(site.address) as agent:
        run = await site.submit()
        broadcast = site.coordinator.runs.get(run.run_id).broadcast
        async with ControlClient(site.address) as client:
            async for event in client.watch(run.run_id):
                assert event.HasField("opened")
                break
        await start_together(agent)
        await run.state("running")
        assert len(broadcast._watchers) == 1  # pyright: ignore[reportPrivateUsage]
        agent.report(0, {"http_reqs": 5}, last=True)
        assert (await run.summary()).verdict == "PASS"
    await eventually(lambda: not broadcast._watchers)  # pyright: ignore[reportPrivateUsage]


async def test_a_watcher_that_reads_nothing_holds_nobody_up(site: Site) -> None:
    async with ScriptedAgent(site.address) as agent:
        run = await site.submit()
        async with ControlClient(site.address) as client:
            watch = client.watch(run.run_id)
            await anext(watch)
            await start_together(agent)
            agent.report(0, {"http_reqs": 5}, last=True)
            await run.summary()
            await watch.aclose()


async def test_a_coordinator_that_is_not_there_is_said_to_be_unreachable() -> None:
    async with ControlClient("127.0.0.1:9") as client:
        with pytest.raises(CoordinatorUnreachable, match=r"127\.0\.0\.1:9"):
            await client.stop("run", abort=False, cause="operator")


async def test_a_coordinator_that_stops_ends_its_runs_first(tmp_path: Path) -> None:
    async with running_site(tmp_path) as site, ScriptedAgent(site.address) as agent:
        loading = await site.submit(agents=1)
        waiting = await site.submit(agents=2)
        await start_together(agent)
        agent.report(0, {"http_reqs": 5})
        await agent.acknowledgement(0)
        stopping = asyncio.create_task(site.coordinator.stop())
        stop = (await agent.expect("stop")).stop
        agent.report(1, {"http_reqs": 1}, last=True)
        summary = await loading.summary()
        assert (await waiting.ended()).exit_code == 105
        await stopping
    assert stop.run_id == loading.run_id
    assert summary.exit_code == 105
    assert summary.metrics["http_reqs"].values["count"] == 6
