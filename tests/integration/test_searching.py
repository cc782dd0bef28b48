"""A search over a real stream: levels are told ahead, all of them each time, also by the next coordinator."""

from __future__ import annotations

from fractions import Fraction
from typing import TYPE_CHECKING

from groundswell.capacity.settings import SearchSettings
from groundswell.schedule.levels import Level
from groundswell_coordinator.capacity.log import stored_judged, stored_levels, stored_search
from tests.coordinator.reporting import account
from tests.integration.scripted_agent import ScriptedAgent, start_together
from tests.integration.site import TEST, lasting_site

if TYPE_CHECKING:
    from pathlib import Path

    from tests.coordinator.reporting import Values
    from tests.integration.site import Site

SEARCHED = TEST + "thresholds: {http_req_failed: [rate < 1%]}"
SEARCH = SearchSettings(Fraction(10), Fraction(40), hold=1, settle=1)
# Of each level: a second to settle, one that is judged, and two to spare.
LENGTH = 4


def second(agent: ScriptedAgent, interval: int, failed: int = 0) -> None:
    """Ten a second, of which so many fail."""
    values: Values = {
        "http_reqs{scenario:browse}": 10,
        "http_req_failed{scenario:browse}": (failed, 10),
    }
    planned = 10 * (interval + 1)
    agent.report(interval, values, [account("browse", planned, planned)])


async def levels(agent: ScriptedAgent) -> list[Level]:
    """What it is told next."""
    message = (await agent.expect("levels")).levels
    assert message.run_id == agent.run_id
    return [Level.of(one) for one in message.levels]


async def begin(site: Site, *agents: ScriptedAgent) -> None:
    for agent in agents:
        await agent.attach()
    await site.submit(SEARCHED, run_id="search", search=SEARCH, agents=len(agents))
    await start_together(*agents)
    for agent in agents:
        prepare = next(one.prepare for one in agent.received if one.HasField("prepare"))
        assert SearchSettings.of(prepare.search) == SEARCH


def ahead_s(agent: ScriptedAgent, level: Level) -> float:
    """How long before its begin it is told."""
    return level.begin - (agent.now_ns() - agent.start_at_ns) / 1e9


async def end(site: Site, agent: ScriptedAgent, interval: int) -> None:
    await site.client.stop("search", abort=True, cause="interrupted")
    await agent.expect("stop")
    done = 10 * (interval + 1)
    agent.report(interval, {}, [account("browse", done, done)], last=True)


async def test_levels_are_told_ahead_and_what_came_of_them_is_stored_first(
    tmp_path: Path,
) -> None:
    async with lasting_site(tmp_path) as site:
        agent = ScriptedAgent(site.address, "a")
        await begin(site, agent)
        run = site.watch("search")
        (first,) = await levels(agent)
        assert (first.factor, first.end - first.begin) == (Fraction(1), LENGTH)
        assert ahead_s(agent, first) > 0
        for interval in range(first.begin + 2):
            second(agent, interval)
        told = await levels(agent)
        assert told[0] == first
        assert (told[1].factor, told[1].begin) == (Fraction(2), first.end)
        assert ahead_s(agent, told[1]) > 0.5
        events = site.stored_run("search").events
        assert stored_search(events) == SEARCH
        assert list(stored_levels(events)) == told
        (judged,) = stored_judged(events)
        assert (judged.outcome, judged.rate, judged.requests) == ("passed", 10, 10)
        await end(site, agent, first.begin + 2)
        summary = await run.summary()
        await agent.leave()
    capacity = summary.capacity
    assert capacity is not None
    assert (summary.verdict, summary.exit_code) == ("INCONCLUSIVE", 105)
    assert [reason.code for reason in summary.reasons] == ["search_unsettled", "interrupted"]
    assert (capacity.end, capacity.highest, capacity.levels) == ("unfinished", 10, (judged,))
    assert [notice.message for notice in run.notices if notice.code == "level"] == [
        "10/s passes: p95 -, failed 0.00%"
    ]


async def test_the_next_coordinator_goes_on_from_what_was_judged_and_repeats_the_rest(
    tmp_path: Path,
) -> None:
    async with lasting_site(tmp_path) as site:
        agent = ScriptedAgent(site.address, "a")
        await begin(site, agent)
        (first,) = await levels(agent)
        for interval in range(first.begin + 2):
            second(agent, interval)
        before = await levels(agent)
        await agent.acknowledgement(first.begin + 1)
    async with lasting_site(tmp_path) as site:
        run = site.watch("search")
        await agent.come_back(site.address)
        # First what it may have missed, then the level that nobody saw the end of, once more.
        assert await levels(agent) == before
        after = await levels(agent)
        assert after[:2] == before
        assert after[2].factor == before[1].factor == 2
        assert after[2].begin >= before[1].end
        await end(site, agent, first.begin + 2)
        summary = await run.summary()
        await agent.leave()
    assert summary.capacity is not None
    assert [(one.rate, one.outcome) for one in summary.capacity.levels] == [(10, "passed")]


async def test_a_level_that_fails_is_followed_by_a_lower_rate(tmp_path: Path) -> None:
    async with lasting_site(tmp_path) as site:
        agent = ScriptedAgent(site.address, "a")
        await begin(site, agent)
        run = site.watch("search")
        (first,) = await levels(agent)
        for interval in range(first.begin + 2):
            second(agent, interval, failed=5)
        lower = (await levels(agent))[-1]
        assert lower.factor == Fraction(1, 2)
        await end(site, agent, first.begin + 2)
        summary = await run.summary()
        await agent.leave()
    assert summary.capacity is not None
    (failed,) = summary.capacity.levels
    assert (failed.outcome, failed.failed) == ("failed", 0.5)
    assert failed.reasons[0].message == "http_req_failed: rate < 1%: 50%"


async def test_a_lost_share_that_nobody_carries_ends_the_search(tmp_path: Path) -> None:
    async with lasting_site(tmp_path) as site:
        here, gone = ScriptedAgent(site.address, "a"), ScriptedAgent(site.address, "b")
        # Half of the highest rate, and no more.
        here.hello.guard.max_rate = "20"
        await begin(site, here, gone)
        run = site.watch("search")
        (first,) = await levels(here)
        await gone.leave()
        await run.until(lambda: [one.code for one in run.notices][-1:] == ["unclaimed"])
        for interval in range(first.begin + 2):
            second(here, interval)
        await here.expect("stop")
        done = 10 * (first.begin + 2)
        here.report(first.begin + 2, {}, [account("browse", done, done)], last=True)
        summary = await run.summary()
        await here.expect("release")
        # The conductor stays for a while, and with it what it holds.
        conductor = site.coordinator.runs.get("search")
        assert conductor._pilot is None  # pyright: ignore[reportPrivateUsage]  # shown nowhere else
        await here.leave()
    capacity = summary.capacity
    assert capacity is not None
    assert (capacity.end, len(capacity.levels)) == ("agent_lost", 1)
    assert summary.verdict == "INCONCLUSIVE"
    assert summary.reasons[0].message == "the search ended at 10/s: b was lost in it"
