"""constant-arrival-rate and ramping-arrival-rate: what is planned is started, or counted as not."""

from __future__ import annotations

import asyncio
from fractions import Fraction
from time import monotonic_ns
from typing import TYPE_CHECKING

import numpy as np
import pytest

from groundswell.schedule.rate import RateCurve
from groundswell_agent.engine.executors.arrivals import ArrivalRate
from groundswell_agent.events import HaltMode
from tests.agent.engine.played import (
    Measured,
    Scenario,
    build,
    get,
    hold_the_loop,
    open_at,
    play,
    played,
    preparation,
)

if TYPE_CHECKING:
    from groundswell_agent.engine.engine import Engine
    from tests.agent.engine.target import Target

# A busy machine may be this late with anything.
SLACK_S = 0.5
CONSTANT = RateCurve.constant(Fraction(150), Fraction(1))
HALF = Fraction(1, 2)
RAMP = RateCurve.ramping(Fraction(0), [(HALF, Fraction(200)), (HALF, Fraction(0))])
RAMPING: Scenario = {
    "executor": "ramping-arrival-rate",
    "stages": [{"duration": "0.5s", "target": "200/s"}, {"duration": "0.5s", "target": "0/s"}],
    "max_vus": 300,
    "steps": [get("/ok")],
}


def assert_follows(curve: RateCurve, target: Target, start: float) -> None:
    """The n-th request comes when the n-th arrival is planned, never before."""
    came = np.array(target.since(start))
    planned = curve.moments(np.arange(curve.planned))
    # An arrival that came too late to be started is not there: each is compared with its like.
    late = came - planned[: len(came)]
    assert late.min() > -0.001
    assert late.max() < SLACK_S


@pytest.mark.parametrize(
    ("scenario", "curve"), [(open_at(150, 1), CONSTANT), (RAMPING, RAMP)], ids=["constant", "ramp"]
)
async def test_requests_come_as_planned(
    scenario: Scenario, curve: RateCurve, target: Target
) -> None:
    run = await play(target.url, scenario)
    run.assert_balanced()
    account = run.account()
    assert account.planned == curve.planned
    assert set(account.dropped) <= {"late"}
    assert len(target.arrivals) == account.fired == run.count("http_reqs")
    assert account.next_index == account.planned
    assert run.trend("send_lag").count == account.fired
    assert_follows(curve, target, run.start)


async def test_the_agents_together_do_what_one_would(target: Target) -> None:
    shares = {"a": 1, "b": 2, "c": 3}
    prepares = [
        preparation({"s": open_at(150, 1, max_vus=200)}, target.url, agent=agent, shares=shares)
        for agent in shares
    ]
    runs = await played(*prepares)
    planned = [run.account().planned for run in runs]
    for run in runs:
        run.assert_balanced()
        assert run.start == runs[0].start
    assert sum(planned) == CONSTANT.planned
    assert planned == pytest.approx([25, 50, 75], abs=1)
    assert len(target.arrivals) == sum(run.account().fired for run in runs)
    assert_follows(CONSTANT, target, runs[0].start)


async def test_an_agent_without_a_vu_has_no_arrivals_and_ends(target: Target) -> None:
    scenario = open_at(20, 0.2, max_vus=1)
    shares = {"a": 1, "b": 1}
    runs = await played(
        *(preparation({"s": scenario}, target.url, agent=a, shares=shares) for a in shares)
    )
    assert sorted(run.account().planned for run in runs) == [0, 4]
    for run in runs:
        run.assert_balanced()
        assert run.reports[-1].last


async def test_without_a_free_vu_an_arrival_is_dropped_in_the_interval_of_its_moment(
    target: Target,
) -> None:
    run = await play(target.url, open_at(20, 0.5, "/slow/1.2", max_vus=2))
    run.assert_balanced()
    assert run.account().fired == 2
    assert run.dropped() == {"no_vu": 8}
    assert target.connections == 2
    # The slow requests end in a later interval.
    assert len(run.reports) > 1
    numbers = [n for n, ((metric, _), _) in run.series.items() if metric == "dropped_iterations"]
    first = {counter.series: counter.delta for counter in run.reports[0].counters}
    assert [first[number] for number in numbers] == [8]


async def test_what_the_loop_comes_to_after_the_end_is_late(target: Target) -> None:
    def during(_: Engine, start: float) -> None:
        hold_the_loop(start, 0.1, 0.6)

    run = await play(target.url, open_at(20, 0.3), during=during)
    run.assert_balanced()
    assert run.account().planned == 6
    assert set(run.dropped()) == {"late"}
    assert run.dropped()["late"] + len(target.arrivals) == 6


async def test_a_late_wake_starts_all_that_was_due_and_counts_from_the_plan(
    target: Target,
) -> None:
    def during(_: Engine, start: float) -> None:
        hold_the_loop(start, 0.2, 0.35)

    run = await play(target.url, open_at(100, 1), during=during)
    run.assert_balanced()
    assert run.account().fired + run.dropped().get("late", 0) == 100
    assert not run.dropped().get("no_vu")
    lag, response = run.trend("send_lag"), run.trend("http_req_response_time")
    assert lag.max_ms > 250
    assert response.max_ms > 250
    # Half of the plan was not touched by it; what was due in the middle waited long.
    assert response.percentile(95) > 150
    # The time that the target took is another matter: only its end lay behind the hold.
    assert run.trend("http_req_duration").sum_ns < response.sum_ns


async def test_a_vu_is_used_again_once_it_is_free(target: Target) -> None:
    run = await play(target.url, open_at(20, 0.5, max_vus=10))
    run.assert_balanced()
    # The last one back goes out first.
    assert target.connections < len(target.arrivals)
    assert target.overlaps == 0


async def test_poisson_draws_the_same_arrivals_from_the_same_seed(target: Target) -> None:
    scenario = open_at(200, 0.5, arrivals="poisson")
    same, again, other = await played(
        preparation({"s": scenario}, target.url, seed=7),
        preparation({"s": scenario}, target.url, seed=7),
        preparation({"s": {**scenario, "duration": "0.4s"}}, target.url, seed=8),
    )
    for run in (same, again, other):
        run.assert_balanced()
        assert set(run.dropped()) <= {"late"}
    assert same.account().planned == again.account().planned
    assert 40 < same.account().planned < 180


async def test_a_scenario_starts_at_its_start_time(target: Target) -> None:
    run = await play(target.url, open_at(20, 0.2, start_time="0.3s"))
    run.assert_balanced()
    assert target.since(run.start)[0] >= 0.299
    assert run.account().planned == 4


async def test_an_abort_between_the_plan_and_the_start_of_an_iteration_leaves_nothing_open(
    target: Target, monkeypatch: pytest.MonkeyPatch
) -> None:
    # All that is due by then is started in one go, before any of it has its turn.
    engine = build(preparation({"s": open_at(200, 1)}, target.url))
    begun: list[float] = []
    begin = ArrivalRate.arrive

    def arrive_and_abort(executor: ArrivalRate, planned: float, *, late: bool) -> None:
        begin(executor, planned, late=late)
        begun.append(planned)
        if len(begun) == 30:
            # In line behind the first turn of these, before that of the others.
            asyncio.get_running_loop().call_soon(engine.halt, HaltMode.ABORT)

    monkeypatch.setattr(ArrivalRate, "arrive", arrive_and_abort)
    run = Measured(monotonic_ns() + 50_000_000)
    hold_the_loop(run.start, 0.02, 0.3)
    await engine.run(run.start_ns, report=run.take, started=run.started_ns.append)
    run.assert_balanced()
    assert len(begun) > 30
    assert run.account().fired == 30
    assert run.reports[-1].last
