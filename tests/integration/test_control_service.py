"""Runs that go on, as a client asks for them, and how a refusal reaches it."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from groundswell.errors import (
    GroundswellError,
    InvalidTest,
    ProtocolViolation,
    UnknownRun,
)
from groundswell.exit_codes import ExitCode
from groundswell.scenario.source import TestSource
from groundswell_coordinator.client import ControlClient
from tests.integration.scripted_agent import ScriptedAgent, attached, eventually, start_together
from tests.integration.site import TEST

if TYPE_CHECKING:
    from tests.integration.site import Site, Watched


async def carried_out(site: Site, run_id: str | None = None) -> Watched:
    """A run of one agent and two requests, to its end."""
    async with ScriptedAgent(site.address) as agent:
        run = await site.submit(run_id=run_id)
        await start_together(agent)
        agent.report(0, {"http_reqs": 2}, last=True)
        await run.ended()
    return run


async def submit_again(site: Site, run_id: str, test: str = TEST) -> None:
    async with ControlClient(site.address) as client:
        await client.submit(
            run_id,
            TestSource("again.yaml", test.encode()),
            agents=1,
            labels={},
            seed=2,
            wait_s=1,
        )


async def test_a_run_that_is_submitted_twice_is_one_run(site: Site) -> None:
    run = await site.submit(run_id="once")
    await run.state("waiting")
    await submit_again(site, "once", TEST.replace("wave", "other"))
    async with ScriptedAgent(site.address) as agent:
        await start_together(agent)
        agent.report(0, {"http_reqs": 2}, last=True)
        summary = await run.summary()
    assert summary.test == "wave"
    assert [line.run_id for line in await site.client.lines()] == ["once"]


async def test_a_run_that_is_submitted_again_after_its_end_is_not_run_again(site: Site) -> None:
    run = await carried_out(site, "once")
    await submit_again(site, "once")
    again = site.watch("once")
    assert await again.ended() == await run.ended()
    assert [line.run_id for line in await site.client.lines()] == ["once"]


async def test_a_watch_says_first_which_run_it_is(site: Site) -> None:
    run = await site.submit(run_id="20260304-050607-1f3a9c")
    await run.state("waiting")
    for name in ("20260304-050607-1f3a9c", "2026", "last"):
        watch = site.client.watch(name)
        opened = (await anext(watch)).opened
        await watch.aclose()
        assert (opened.run_id, opened.test) == ("20260304-050607-1f3a9c", "wave")


async def test_a_run_that_has_ended_cannot_be_stopped(site: Site) -> None:
    run = await carried_out(site)
    with pytest.raises(GroundswellError, match="has ended already"):
        await site.client.stop(run.run_id, abort=False, cause="operator")


async def test_a_run_is_stopped_by_its_whole_id_only(site: Site) -> None:
    run = await site.submit(run_id="20260304-050607-1f3a9c")
    await run.state("waiting")
    for name in ("20260304", "last"):
        with pytest.raises(UnknownRun) as caught:
            await site.client.stop(name, abort=False, cause="operator")
        assert caught.value.hint == "say 20260304-050607-1f3a9c"
    await site.client.stop(run.run_id, abort=False, cause="operator")
    assert (await run.ended()).exit_code == ExitCode.STOPPED_BY_OPERATOR


async def test_agents_are_free_busy_or_away(site: Site) -> None:
    async def states() -> dict[str, tuple[str, str]]:
        return {one.name: (one.state, one.run_id) for one in await site.client.agents()}

    async with attached(site.address, "a", "b") as (a, b):
        assert await states() == {"a": ("free", ""), "b": ("free", "")}
        run = await site.submit()
        await start_together(a)
        assert await states() == {"a": ("busy", run.run_id), "b": ("free", "")}
        a.report(0, {"http_reqs": 2})
        await a.acknowledgement(0)
        await a.leave()
        pool = site.coordinator.pool
        await eventually(lambda: any(agent.stream is None for agent in pool.agents()))
        assert await states() == {"a": ("away", run.run_id), "b": ("free", "")}
        await b.leave()


async def test_the_list_says_what_a_run_does_now(site: Site) -> None:
    async with ScriptedAgent(site.address) as agent:
        running = await site.submit()
        await start_together(agent)
        waiting = await site.submit()
        await waiting.until(lambda: bool(waiting.states))
        lines = {line.run_id: line for line in await site.client.lines()}
        assert lines[running.run_id].state == "running"
        assert lines[waiting.run_id].state == "waiting"
        agent.report(0, {"http_reqs": 2}, last=True)
        await running.summary()
    (line,) = [one for one in await site.client.lines() if one.run_id == running.run_id]
    assert (line.standing, line.state, line.agents) == ("closed", "", 1)


async def test_the_problems_of_a_test_arrive_each_with_its_place(site: Site) -> None:
    bad = TEST.replace("rate: 10/s", "rate: 10").replace("max_vus", "maxVUs")
    with pytest.raises(InvalidTest) as caught:
        await site.submit(bad)
    assert [(one.file, one.line) for one in caught.value.problems] == [
        ("wave.yaml", 7),
        ("wave.yaml", 9),
    ]
    assert caught.value.problems[1].hint is not None
    assert caught.value.exit_code == ExitCode.INVALID_TEST


async def test_what_is_beyond_the_limits_is_refused_and_not_kept(site: Site) -> None:
    with pytest.raises(ProtocolViolation, match="no run's id") as caught:
        await site.submit(run_id="../etc/passwd")
    assert caught.value.hint == "1 to 128 of A-Z a-z 0-9 . _ -"
    with pytest.raises(ProtocolViolation, match="at most 10000"):
        await site.submit(agents=20_000)
    assert await site.client.lines() == []


async def test_an_error_of_the_coordinators_own_is_told_from_all_others(
    site: Site, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def lines(limit: int) -> None:
        raise ZeroDivisionError(f"of {limit}")

    monkeypatch.setattr(site.coordinator.past, "lines", lines)
    with pytest.raises(GroundswellError, match="the coordinator failed") as caught:
        await site.client.lines()
    assert caught.value.exit_code == ExitCode.INTERNAL
    assert caught.value.hint == "see its log"
