"""Real agents whose line to the coordinator breaks, or whose coordinator does."""

from __future__ import annotations

import asyncio
import contextlib
from functools import partial
from typing import TYPE_CHECKING

from groundswell_coordinator.coordinator import Coordinator
from groundswell_coordinator.run.owner import RunOwner
from tests.integration.line import line_to
from tests.integration.real_agents import changes, fired, load_on, new_agent, serving
from tests.integration.scripted_agent import eventually
from tests.integration.site import lasting_site, lease_end_of, running_site, senders

if TYPE_CHECKING:
    from collections.abc import AsyncGenerator
    from pathlib import Path

    import pytest

    from tests.integration.line import Line
    from tests.integration.site import Site, Watched
    from tests.integration.target import Target

# Long enough for a busy machine to be back within it.
LEASE_S = 3.0


def has_come_to(run: Watched, seconds: int) -> bool:
    return len(run.progress) >= seconds


def assert_no_interval_twice(site: Site, run_id: str) -> None:
    stored = site.stored_intervals(run_id)
    assert [one.interval for one in stored] == list(range(len(stored)))
    for one in stored:
        assert max(senders(one).values()) == 1


@contextlib.asynccontextmanager
async def near_and_far(folder: Path, lease_s: float) -> AsyncGenerator[tuple[Site, Line]]:
    """A coordinator with two real agents, and the line over which one of them comes."""
    async with (
        running_site(folder, lease_s) as site,
        line_to(site.address) as line,
        serving(new_agent(line.address, "far")),
        serving(new_agent(site.address, "near")),
    ):
        yield site, line


async def test_a_line_that_is_mended_within_the_lease_costs_nothing(
    tmp_path: Path, target: Target
) -> None:
    async with near_and_far(tmp_path, LEASE_S) as (site, line):
        run = await site.submit(load_on(target, duration="3s"), agents=2)
        for seconds in (1, 2):
            await run.until(partial(has_come_to, run, seconds))
            await line.cut()
            await site.agent("far", lambda one: one.state == "away")
            await line.mend()
        summary = await run.summary()
        assert_no_interval_twice(site, run.run_id)
    assert fired(summary, planned=150) == target.requests
    assert summary.metrics["http_reqs"].values["count"] == target.requests
    assert changes(run) == []
    assert "agent_lost" not in [reason.code for reason in summary.reasons]


async def test_an_agent_that_is_cut_off_for_longer_stops_and_what_it_had_done_is_known_later(
    tmp_path: Path, target: Target
) -> None:
    lease_s = 2.0
    async with near_and_far(tmp_path, lease_s) as (site, line):
        run = await site.submit(load_on(target, duration="8s"), agents=2)
        await run.until(lambda: bool(run.progress))
        await line.cut()
        await run.until(lambda: "agent_lost" in changes(run))
        await line.mend()
        summary = await run.summary()
        assert_no_interval_twice(site, run.run_id)
    assert changes(run) == ["agent_lost", "reshared"]
    (handover,) = site.stored_run(run.run_id).handovers
    (lost,) = [one for one in site.stored_run(run.run_id).events if one.code == "agent_lost"]
    browse = summary.scenarios["browse"]
    # All is known by the end: between its own lease's end and the boundary nobody started anything.
    assert (browse.planned, browse.unknown) == (400, 0)
    assert browse.planned == browse.fired + sum(browse.dropped.values())
    end, boundary = lease_end_of(lost), handover.boundary_ns / 1e9
    gap = sum(end <= n / 50 < boundary for n in range(0, 400, 2))
    whole = sum(end - lease_s - 0.25 <= n / 50 < boundary for n in range(0, 400, 2))
    assert gap < browse.dropped["agent_lost"] <= whole
    # Requests that the lease's end cut off may never have been answered, but all were counted.
    count = summary.metrics["http_reqs"].values["count"]
    assert target.requests <= count <= target.requests + 4


async def test_a_restarted_coordinator_finds_its_real_agents_again_and_nothing_is_missing(
    tmp_path: Path, target: Target
) -> None:
    async with contextlib.AsyncExitStack() as agents:
        async with lasting_site(tmp_path, LEASE_S) as first:
            address = first.address
            for name in ("a", "b"):
                await agents.enter_async_context(serving(new_agent(address, name)))
            test = load_on(target, duration="4s") + "thresholds: {http_req_failed: [rate < 1%]}"
            run = await first.submit(test, agents=2, run_id="long")
            await run.until(lambda: bool(run.progress))
        async with lasting_site(tmp_path, LEASE_S, address) as second:
            run = second.watch("long")
            summary = await run.summary()
            assert_no_interval_twice(second, "long")
            for name in ("a", "b"):
                await second.agent(name, lambda one: one.state == "free")
    assert fired(summary, planned=200) == target.requests
    assert summary.metrics["http_reqs"].values["count"] == target.requests
    assert changes(run) == ["coordinator_away"]
    assert "agent_lost" not in [reason.code for reason in summary.reasons]


async def test_a_coordinator_that_comes_back_too_late_hears_how_far_its_agents_came(
    tmp_path: Path, target: Target
) -> None:
    async with contextlib.AsyncExitStack() as agents:
        async with lasting_site(tmp_path, 0.5) as first:
            address = first.address
            await agents.enter_async_context(serving(new_agent(address)))
            run = await first.submit(load_on(target, duration="30s"), run_id="long")
            await run.until(lambda: bool(run.progress))
        # Its dead-man switch needs no coordinator.
        await asyncio.sleep(0.5 + 1.0)
        requests = target.requests
        await asyncio.sleep(0.2)
        assert target.requests == requests
        async with lasting_site(tmp_path, 0.5, address) as second:
            summary = await second.watch("long").summary()
            assert_no_interval_twice(second, "long")
    browse = summary.scenarios["browse"]
    assert browse.planned == 1500 == browse.fired + sum(browse.dropped.values())
    assert (browse.unknown, browse.fired) == (0, requests)
    assert target.requests == requests
    assert "agent_lost" in [reason.code for reason in summary.reasons]


async def test_a_coordinator_that_was_replaced_is_not_obeyed_any_more(
    caplog: pytest.LogCaptureFixture,
) -> None:
    """Both have the same store's name; agents know the newer one."""
    newer = Coordinator(RunOwner("store", generation=2), lease_s=0.5)
    address = f"127.0.0.1:{await newer.start('127.0.0.1:0')}"
    async with serving(new_agent(address)) as task:
        await eventually(lambda: bool(newer.pool.agents()))
        await newer.stop()
        stale = Coordinator(RunOwner("store", generation=1), lease_s=0.5)
        await stale.start(address)
        # It looks again and again, and stays with nobody of an older generation.
        await eventually(lambda: caplog.text.count("has been replaced: generation 1") >= 2)
        await eventually(lambda: not stale.pool.agents())
        await stale.stop()
        assert not task.done()
        newest = Coordinator(RunOwner("store", generation=3), lease_s=0.5)
        await newest.start(address)
        await eventually(lambda: bool(newest.pool.agents()))
        await asyncio.sleep(0.3)
        assert newest.pool.agents()
        await newest.stop()
