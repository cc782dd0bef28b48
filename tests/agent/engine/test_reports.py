"""The stream of reports: complete, in order, and adding up to the whole."""

from __future__ import annotations

from typing import TYPE_CHECKING

from groundswell.v1.metrics_pb2 import MetricKind
from tests.agent.engine.played import (
    INCARNATION,
    RUN_ID,
    constant,
    hold_the_loop,
    open_at,
    play,
    played,
    preparation,
    shared,
)

if TYPE_CHECKING:
    from groundswell_agent.engine.engine import Engine
    from tests.agent.engine.played import Measured
    from tests.agent.engine.target import Target


def assert_in_order(run: Measured) -> None:
    assert [report.interval for report in run.reports] == list(range(len(run.reports)))
    assert [report.last for report in run.reports] == [False] * (len(run.reports) - 1) + [True]
    for report in run.reports:
        assert (report.run_id, report.incarnation) == (RUN_ID, INCARNATION)
        for values in (report.counters, report.gauges, report.rates, report.trends):
            numbers = [value.series for value in values]
            assert len(set(numbers)) == len(numbers), "a series twice in one report"


def assert_accounts_only_grow(run: Measured) -> None:
    for before, after in zip(run.reports, run.reports[1:], strict=False):
        for one, other in zip(before.accounts, after.accounts, strict=True):
            assert one.scenario == other.scenario
            assert one.planned <= other.planned
            assert one.fired <= other.fired
            assert one.interrupted <= other.interrupted
            assert one.next_index <= other.next_index
            assert all(count <= other.dropped[reason] for reason, count in one.dropped.items())
            assert one.planned in (0, one.fired + sum(one.dropped.values()))


async def test_intervals_add_up_to_the_whole(target: Target) -> None:
    scenarios = {
        "open": open_at(50, 2.2),
        "narrow": open_at(50, 1.5, "/slow/0.2", max_vus=5),
        "closed": constant(3, 1.2, "/slow/0.02", start_time="0.5s"),
        "counted": shared(2, 30, "/slow/0.1"),
    }
    (run,) = await played(preparation(scenarios, target.url))
    assert_in_order(run)
    assert_accounts_only_grow(run)
    assert len(run.reports) == 3
    for name in scenarios:
        run.assert_balanced(name, has_plan=name != "closed")
    assert run.count("http_reqs") == run.rate("http_req_failed")[1] == len(target.arrivals)
    for trend in ("http_req_duration", "http_req_response_time", "http_req_blocked"):
        assert run.trend(trend).count == len(target.arrivals)
    assert run.account("open").planned == 110
    assert run.account("counted").planned == 30


async def test_a_sample_is_of_the_interval_in_which_it_was_taken(target: Target) -> None:
    run = await play(target.url, open_at(50, 2))
    at = {n for n, ((metric, _), _) in run.series.items() if metric == "http_reqs"}
    per_interval = [
        sum(counter.delta for counter in report.counters if counter.series in at)
        for report in run.reports
    ]
    came = target.since(run.start)
    first = sum(moment < 1 for moment in came)
    # Those that came just before the edge may have been answered just after it.
    assert abs(per_interval[0] - first) <= 10
    assert sum(per_interval) == len(came)


async def test_every_interval_has_its_gauges(target: Target) -> None:
    run = await play(target.url, constant(5, 2.1, "/slow/0.05"))
    assert_in_order(run)
    assert run.gauge("vus") == run.gauge("vus_max") == [5, 5, 5]
    assert len(run.gauge("agent_cpu")) >= 2
    assert run.trend("agent_loop_lag").count > 0
    kinds = {metric: kind for (metric, _), kind in run.series.values()}
    assert kinds["vus"] == MetricKind.METRIC_KIND_GAUGE
    assert kinds["agent_loop_lag"] == MetricKind.METRIC_KIND_TREND
    # A closed scenario plans no starts to lag behind.
    assert "send_lag" not in kinds


async def test_a_loop_that_was_held_over_several_intervals_reports_each_of_them(
    target: Target,
) -> None:
    def during(_: Engine, start: float) -> None:
        hold_the_loop(start, 0.5, 1.8)

    run = await play(target.url, open_at(20, 2.5), during=during)
    assert_in_order(run)
    assert_accounts_only_grow(run)
    run.assert_balanced()
    assert run.account().planned == 50
    assert run.count("http_reqs") == len(target.arrivals)


async def test_a_start_that_has_passed_is_made_up_for(target: Target) -> None:
    run = await play(target.url, open_at(20, 2.5), in_s=-2.2)
    assert_in_order(run)
    run.assert_balanced()
    assert run.account().planned == 50
    assert len(run.started_ns) == 1


async def test_the_start_is_told_once_and_not_before_it(target: Target) -> None:
    # Long enough for a first request even where the machine holds the loop for a while.
    run = await play(target.url, constant(1, 1.0), in_s=0.2)
    assert run.started_ns == [run.start_ns]
    assert target.since(run.start)[0] >= 0
