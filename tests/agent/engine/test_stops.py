"""Ends before and after the planned one: graceful stop, halt, abort, and a defect of our own."""

from __future__ import annotations

import asyncio
import gc
import os
import weakref
from collections import Counter
from time import monotonic, monotonic_ns
from typing import TYPE_CHECKING

import pytest

from groundswell_agent.engine.executors.base import CANCELLED_AT_ONCE
from groundswell_agent.engine.scenario_load import ScenarioLoad
from groundswell_agent.engine.steps.pause import Pause
from groundswell_agent.events import HaltMode
from groundswell_agent.http.client import Client
from tests.agent.engine.played import (
    Measured,
    at,
    build,
    constant,
    get,
    open_at,
    per_vu,
    play,
    played,
    preparation,
    ramping,
    shared,
)
from tests.agent.engine.target import eventually

if TYPE_CHECKING:
    from groundswell_agent.engine.engine import Engine
    from groundswell_agent.engine.virtual_user import VirtualUser
    from groundswell_agent.http.request import PreparedRequest
    from tests.agent.engine.played import Scenario
    from tests.agent.engine.target import Target

ALL_KINDS = {
    "constant": constant(2, 5, "/hang"),
    "ramping": ramping((0.0, 2), (5, 2), path="/hang"),
    "open": open_at(20, 5, "/hang"),
    "shared": shared(2, 10, "/hang"),
    "each": per_vu(2, 10, "/hang"),
}


async def test_a_running_iteration_may_end_within_the_graceful_stop(target: Target) -> None:
    run = await play(target.url, constant(2, 0.2, "/slow/0.5", graceful_stop="10s"))
    run.assert_balanced(has_plan=False)
    assert run.count("iterations") == run.account().fired == 2
    assert run.rate("http_req_failed") == (0, 2)


async def test_one_that_does_not_end_is_interrupted_and_its_request_failed(
    target: Target,
) -> None:
    run = await play(target.url, open_at(10, 0.2, "/hang", graceful_stop="0.2s"))
    run.assert_balanced()
    account = run.account()
    assert account.interrupted == account.fired == len(target.arrivals)
    assert run.count("iterations") == 0
    tags = {"error": "interrupted", "expected_response": "false"}
    assert run.rate("http_req_failed", **tags) == (account.fired, account.fired)
    assert run.count("http_reqs") == run.count("http_reqs", **tags) == account.fired
    response = run.trend("http_req_response_time", **tags)
    assert response.count == account.fired
    assert response.min_ms > 100
    assert run.trend("http_req_duration").count == 0
    assert run.count("data_sent") == sum(arrival.size for arrival in target.arrivals)


async def test_an_iteration_is_interrupted_in_a_pause_without_any_request(
    target: Target,
) -> None:
    steps = [get("/ok"), {"pause": "1h"}, get("/never")]
    run = await play(target.url, constant(3, 0.2, steps=steps, graceful_stop="0s"))
    run.assert_balanced(has_plan=False)
    assert run.account().interrupted == 3
    assert run.rate("http_req_failed") == (0, 3)
    assert target.count("/never") == 0


async def test_a_graceful_halt_starts_nothing_new_and_lets_running_iterations_end(
    target: Target,
) -> None:
    def during(engine: Engine, start: float) -> None:
        at(start, 0.2, engine.halt, HaltMode.GRACEFUL)

    scenarios = {name: {**kind, "steps": [get("/slow/0.4")]} for name, kind in ALL_KINDS.items()}
    (run,) = await played(preparation(scenarios, target.url), during=during)
    for name in scenarios:
        run.assert_balanced(name, has_plan=name not in ("constant", "ramping"))
        assert run.account(name).interrupted == 0
        assert run.dropped(name) == {}
    for closed in ("constant", "ramping", "shared", "each"):
        assert run.account(closed).fired == 2
    assert 1 <= run.account("open").fired < 50
    assert max(target.since(run.start)) < 1.5


async def test_a_graceful_halt_cancels_after_its_grace(
    target: Target, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("groundswell_agent.engine.engine._HALT_GRACE_S", 0.2)

    def during(engine: Engine, start: float) -> None:
        at(start, 0.2, engine.halt, HaltMode.GRACEFUL)
        at(start, 0.3, engine.halt, HaltMode.GRACEFUL)

    run = await play(target.url, constant(2, 5, "/hang"), during=during)
    run.assert_balanced(has_plan=False)
    assert run.account().interrupted == 2
    assert min(target.lost.values()) - run.start > 0.38
    # The operator's stop is no failure of the target.
    assert run.count("http_reqs") == 2
    assert run.rate("http_req_failed") == (0, 0)


async def test_an_abort_counts_requests_and_bytes_and_nothing_else(target: Target) -> None:
    def during(engine: Engine, start: float) -> None:
        at(start, 0.3, engine.halt, HaltMode.ABORT)

    (run,) = await played(preparation(ALL_KINDS, target.url), during=during)
    for name in ALL_KINDS:
        run.assert_balanced(name, has_plan=name not in ("constant", "ramping"))
        assert run.account(name).interrupted == run.account(name).fired > 0
        assert run.dropped(name) == {}
    assert run.count("http_reqs") == len(target.arrivals)
    assert run.count("data_sent") == sum(arrival.size for arrival in target.arrivals)
    assert run.rate("http_req_failed") == run.rate("checks") == (0, 0)
    for trend in ("http_req_duration", "http_req_response_time", "iteration_duration"):
        assert run.trend(trend).count == 0
    assert run.reports[-1].last


@pytest.mark.parametrize("mode", HaltMode)
async def test_a_halt_before_the_start_ends_the_run_at_once(mode: HaltMode, target: Target) -> None:
    def during(engine: Engine, start: float) -> None:
        at(start, -29.9, engine.halt, mode)

    before = monotonic()
    (run,) = await played(preparation(ALL_KINDS, target.url), in_s=30, during=during)
    assert monotonic() - before < 10
    assert run.started_ns == []
    assert len(run.reports) == 1
    assert run.reports[0].last
    assert target.connections == 0
    for name in ALL_KINDS:
        assert run.account(name).planned == run.account(name).fired == 0


async def test_a_halt_before_a_scenario_starts_keeps_it_from_starting(target: Target) -> None:
    def during(engine: Engine, start: float) -> None:
        at(start, 0.1, engine.halt, HaltMode.GRACEFUL)

    later: dict[str, Scenario] = {
        name: {**kind, "start_time": "20s"} for name, kind in ALL_KINDS.items()
    }
    (run,) = await played(preparation(later, target.url), during=during)
    assert len(target.arrivals) == 0
    assert len(run.started_ns) == 1
    for name in later:
        assert run.account(name).planned == 0


async def test_a_cancelled_run_leaves_nothing_behind(target: Target) -> None:
    engine = build(preparation(ALL_KINDS, target.url))
    run = Measured(monotonic_ns())
    task = asyncio.create_task(
        engine.run(run.start_ns, report=run.take, started=run.started_ns.append)
    )
    await eventually(lambda: len(target.arrivals) >= 9)
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task
    assert not any(report.last for report in run.reports)
    await target.nobody_left()


async def test_a_report_that_cannot_be_given_ends_the_load(target: Target) -> None:
    engine = build(preparation({"s": constant(2, 10, "/hang")}, target.url))

    def refuse(_: object) -> None:
        raise ConnectionError("the stream is gone")

    with pytest.raises(ConnectionError):
        await engine.run(monotonic_ns(), report=refuse, started=lambda _: None)
    await target.nobody_left()


async def test_a_defect_in_a_step_ends_the_run_without_a_last_report(
    target: Target, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def broken(_pause: Pause, _vu: VirtualUser) -> None:
        raise ZeroDivisionError("a defect")

    monkeypatch.setattr(Pause, "__call__", broken)
    scenarios = {
        "well": constant(2, 10, "/slow/0.05"),
        "broken": open_at(10, 10, steps=[get("/ok"), {"pause": "1ms"}]),
    }
    engine = build(preparation(scenarios, target.url))
    run = Measured(monotonic_ns() + 50_000_000)
    with pytest.raises(ZeroDivisionError):
        await engine.run(run.start_ns, report=run.take, started=run.started_ns.append)
    assert monotonic() - run.start < 5
    # A share that broke must not look like one that ended.
    assert not any(report.last for report in run.reports)


async def test_an_answer_that_came_before_the_cancellation_is_an_answer(
    target: Target, monkeypatch: pytest.MonkeyPatch
) -> None:
    # Between the end of an exchange and the VU's next turn there is a moment to be cancelled in.
    begin = Client.begin

    async def cancelled_at_its_end(client: Client, request: PreparedRequest) -> None:
        await begin(client, request)
        raise asyncio.CancelledError

    monkeypatch.setattr(Client, "begin", cancelled_at_its_end)
    run = await play(target.url, per_vu(2, 1, steps=[get("/ok", check={"status": 200})]))
    assert run.rate("http_req_failed", status="200") == (0, 2)
    assert run.rate("checks") == (2, 2)
    assert run.count("http_reqs") == run.count("http_reqs", status="200") == 2
    assert run.account().interrupted == 2


@pytest.mark.parametrize("mode", [None, *HaltMode])
async def test_nothing_holds_the_engine_once_its_run_is_over(
    mode: HaltMode | None, target: Target
) -> None:
    descriptors = len(os.listdir("/proc/self/fd"))
    scenarios = {
        "open": open_at(20, 0.4),
        # Ramp-downs of an hour, halts of five seconds: no timer may outlive the run.
        "ramping": ramping((0.0, 2), (0.1, 2), (0.0, 0), (0.3, 0), graceful_ramp_down="1h"),
    }
    engine = build(preparation(scenarios, target.url))
    run = Measured(monotonic_ns())
    if mode is not None:
        at(run.start, 0.2, engine.halt, mode)
    await engine.run(run.start_ns, report=run.take, started=run.started_ns.append)
    await target.nobody_left()
    await asyncio.sleep(0.25)
    reference = weakref.ref(engine)
    del engine
    gc.collect()
    assert reference() is None
    assert len(os.listdir("/proc/self/fd")) <= descriptors


async def test_an_engine_that_is_never_run_holds_nothing(target: Target) -> None:
    descriptors = len(os.listdir("/proc/self/fd"))
    for _ in range(10):
        build(preparation(ALL_KINDS, target.url))
    gc.collect()
    assert len(os.listdir("/proc/self/fd")) <= descriptors


async def test_a_turn_of_the_loop_cancels_only_so_many(
    target: Target, monkeypatch: pytest.MonkeyPatch
) -> None:
    turn = 0
    interrupted: Counter[int] = Counter()
    note = ScenarioLoad.interrupted

    def noting(load: ScenarioLoad, moment: float) -> None:
        interrupted[turn] += 1
        note(load, moment)

    async def count_turns() -> None:
        nonlocal turn
        while True:
            await asyncio.sleep(0)
            turn += 1

    monkeypatch.setattr(ScenarioLoad, "interrupted", noting)
    counting = asyncio.create_task(count_turns())
    run = await play(target.url, constant(500, 0.3, steps=[{"pause": "1h"}], graceful_stop="0s"))
    counting.cancel()
    run.assert_balanced(has_plan=False)
    assert run.account().interrupted == 500
    assert max(interrupted.values()) <= CANCELLED_AT_ONCE
