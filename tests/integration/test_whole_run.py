from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING

import pytest

from groundswell.metrics.series import Series
from groundswell.v1.metrics_pb2 import Report
from groundswell_coordinator.run.sums import trend_values
from groundswell_coordinator.timeline.interval import Interval
from tests.coordinator.reporting import account, histogram_of
from tests.integration.scripted_agent import ScriptedAgent, attached, start_together
from tests.integration.site import TEST

if TYPE_CHECKING:
    from groundswell_coordinator.store.records import StoredInterval
    from tests.coordinator.reporting import Values
    from tests.integration.site import Site

    Seconds = tuple[Values, Values]

REQUESTS = "http_reqs{scenario:browse,name:/}"
DURATION = "http_req_duration{scenario:browse,name:/,expected_response:true}"
FAILED = "http_req_failed{scenario:browse,name:/}"

A: Seconds = (
    {REQUESTS: 5, DURATION: [1.0, 2.5, 700.0], FAILED: (0, 5)},
    {REQUESTS: 4, DURATION: [0.2]},
)
B: Seconds = (
    {REQUESTS: 6, DURATION: [3.0, 2.5], FAILED: (1, 6)},
    {REQUESTS: 7, DURATION: [9.0, 9.5]},
)


def measured(stored: StoredInterval) -> Interval:
    return Interval.from_report(Report.FromString(stored.merged))


async def report_all(agent: ScriptedAgent, seconds: Seconds) -> None:
    agent.report(0, seconds[0], [account("browse", 5, 5)])
    agent.report(1, seconds[1], last=True)


async def run_of_two(site: Site) -> tuple[str, list[ScriptedAgent]]:
    async with attached(site.address, "a", "b") as (a, b):
        run = await site.submit(agents=2, run_id="of-two")
        await start_together(a, b)
        await report_all(a, A)
        await report_all(b, B)
        await run.ended()
        for agent in (a, b):
            await agent.expect("release")
        return run.run_id, [a, b]


async def test_a_watcher_sees_the_states_in_order_then_each_interval_then_the_end(
    site: Site,
) -> None:
    run = await site.submit(agents=2)
    async with attached(site.address, "a", "b") as (a, b):
        await start_together(a, b)
        await run.state("running")
        await report_all(a, A)
        await report_all(b, B)
        await run.ended()
    assert run.states == ["waiting", "preparing", "starting", "running", "closed"]
    assert [progress.interval for progress in run.progress] == [0, 1]
    assert [progress.interval_requests for progress in run.progress] == [11, 11]
    assert [progress.requests for progress in run.progress] == [11, 22]
    assert [progress.failed for progress in run.progress] == [1, 1]
    assert [agent.name for agent in run.progress[-1].agents] == ["a", "b"]
    assert run.notices == []


async def test_the_summary_says_exactly_what_the_agents_sent(site: Site) -> None:
    async with attached(site.address, "a", "b") as (a, b):
        run = await site.submit(agents=2)
        await start_together(a, b)
        await report_all(a, A)
        await report_all(b, B)
        summary = await run.summary()
    assert (summary.verdict, summary.exit_code, summary.reasons) == ("PASS", 0, ())
    assert (summary.run, summary.test, summary.labels) == (run.run_id, "wave", {"branch": "main"})
    assert summary.duration_s == 2.0
    assert summary.metrics["http_reqs"].values == {"count": 22, "rate": 11.0}
    assert summary.metrics["http_req_failed"].values == {"rate": 1 / 11, "passes": 1, "fails": 10}
    everything = histogram_of([1.0, 2.5, 700.0, 0.2, 3.0, 2.5, 9.0, 9.5])
    assert summary.metrics["http_req_duration"].values == trend_values(everything)
    browse = summary.scenarios["browse"]
    assert (browse.planned, browse.fired, browse.dropped, browse.unknown) == (20, 20, {}, 0)
    assert [agent.name for agent in summary.agents] == ["a", "b"]


async def test_the_store_has_the_run_its_shares_its_start_and_its_end(site: Site) -> None:
    run_id, agents = await run_of_two(site)
    stored = site.stored_run(run_id)
    assert (stored.line.test, stored.source, stored.seed) == ("wave", TEST.encode(), 1)
    assert stored.coordinator_id == site.coordinator.owner.coordinator_id
    incarnations = [agent.hello.incarnation for agent in agents]
    assert [(share.agent, share.weight) for share in stored.shares] == [("a", 1), ("b", 1)]
    assert [share.incarnation for share in stored.shares] == incarnations
    assert [clock.incarnation for clock in stored.clocks] == incarnations
    assert stored.line.start_at is not None
    assert stored.line.ended_at is not None
    assert stored.line.created_at < stored.line.start_at < stored.line.ended_at
    assert (stored.line.verdict, stored.line.exit_code) == ("PASS", 0)
    assert (stored.line.duration_s, stored.line.intervals) == (2.0, 2)
    assert stored.events == ()


async def test_every_stored_interval_is_the_union_of_what_its_agents_sent(site: Site) -> None:
    run_id, agents = await run_of_two(site)
    first, second = site.stored_intervals(run_id)
    incarnations = {agent.hello.incarnation for agent in agents}
    for stored in (first, second):
        assert {part.incarnation for part in stored.contained} == incarnations
        assert stored.amendments == ()
    tags = {"scenario": "browse", "name": "/", "expected_response": "true"}
    series = Series.of("http_req_duration", tags)
    trend, union = measured(first).trends[series], histogram_of([1.0, 2.5, 700.0, 3.0, 2.5])
    assert (trend.payload, trend.count, trend.sum_ns) == (union.encode(), 5, union.sum_ns)
    assert (trend.min_ns, trend.max_ns) == (1_000_000, 700_000_000)
    accounts = [Report.FromString(part.accounts).accounts[0] for part in second.contained]
    assert sorted(one.fired for one in accounts) == [10, 10]


async def test_the_summary_that_is_told_is_the_one_that_is_stored(site: Site) -> None:
    async with ScriptedAgent(site.address) as agent:
        run = await site.submit()
        await start_together(agent)
        await report_all(agent, A)
        ended = await run.ended()
    assert site.stored_run(run.run_id).summary_json == ended.summary_json


async def test_a_report_is_acknowledged_once_its_interval_is_stored(site: Site) -> None:
    async with attached(site.address, "a", "b") as (a, b):
        run = await site.submit(agents=2)
        await start_together(a, b)
        a.report(0, A[0])
        a.report(0, A[0])
        await asyncio.sleep(0.2)
        # b still owes interval 0, so that it is stored nowhere: not even the duplicate may be acknowledged.
        assert a.acknowledged == []
        assert site.stored_intervals(run.run_id) == []
        b.report(0, B[0])
        await a.acknowledgement(0)
        assert [stored.interval for stored in site.stored_intervals(run.run_id)] == [0]
        for agent in (a, b):
            agent.report(1, last=True)
        await run.ended()
        for agent in (a, b):
            await agent.acknowledgement(1)
            assert agent.acknowledged == [0, 1]


async def test_acknowledgements_are_cumulative_and_never_reach_over_a_gap(site: Site) -> None:
    async with ScriptedAgent(site.address) as agent:
        run = await site.submit()
        await start_together(agent)
        agent.report(0, A[0])
        await agent.acknowledgement(0)
        agent.report(2, {REQUESTS: 1})
        agent.report(1, A[1])
        await agent.acknowledgement(2)
        assert agent.acknowledged == [0, 1, 2]
        agent.report(3, last=True)
        await run.ended()


async def test_a_report_that_comes_again_is_acknowledged_and_counts_once(site: Site) -> None:
    async with ScriptedAgent(site.address) as agent:
        run = await site.submit()
        await start_together(agent)
        agent.report(0, A[0])
        await agent.acknowledgement(0)
        agent.report(0, A[0])
        agent.report(0, {REQUESTS: 1000})
        await agent.expect("report_acknowledged")
        agent.report(1, A[1], last=True)
        summary = await run.summary()
        await agent.acknowledgement(1)
    # One answer may stand for several reports that come at once.
    assert len(agent.acknowledged) >= 3
    assert agent.acknowledged == sorted(agent.acknowledged)
    assert summary.metrics["http_reqs"].values["count"] == 9


async def test_a_late_report_amends_its_interval_and_changes_the_final_numbers(site: Site) -> None:
    thresholds = "thresholds: {http_reqs: [count > 15]}"
    async with attached(site.address, "a", "late") as (a, late):
        run = await site.submit(TEST + thresholds, agents=2)
        await start_together(a, late)
        await report_all(a, A)
        # The grace after an interval's end is 800 ms; then it is sealed without the one that is missing.
        await run.until(lambda: [one.interval for one in run.progress] == [0, 1])
        assert run.progress[-1].requests == 9
        late.report(0, B[0], [account("browse", 5, 5)])
        await late.acknowledgement(0)
        (stored, _) = site.stored_intervals(run.run_id)
        assert [one.incarnation for one in stored.amendments] == [late.hello.incarnation]
        late.report(1, B[1], last=True)
        summary = await run.summary()
    assert summary.metrics["http_reqs"].values["count"] == 22
    assert summary.metrics["http_req_duration"].values["count"] == 8
    assert summary.scenarios["browse"].fired == 20
    (threshold,) = summary.thresholds
    assert (threshold.value, threshold.ok, summary.verdict) == (22, True, "PASS")
    (stored, _) = site.stored_intervals(run.run_id)
    amendment = Interval.from_report(Report.FromString(stored.amendments[0].report))
    assert sum(amendment.counters.values()) == 6


@pytest.mark.parametrize("seed", [0, 2**64 - 1])
async def test_any_seed_reaches_the_agents_and_the_store(site: Site, seed: int) -> None:
    async with ScriptedAgent(site.address) as agent:
        run = await site.submit(seed=seed)
        prepare = await agent.prepare()
        await agent.start()
        agent.report(0, last=True)
        await run.ended()
    assert prepare.seed == seed
    assert site.stored_run(run.run_id).seed == seed
