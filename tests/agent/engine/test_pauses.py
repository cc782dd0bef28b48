"""Think time, and that nobody who does not wait keeps the others waiting."""

from __future__ import annotations

import asyncio
import socket
from typing import TYPE_CHECKING

import pytest

from tests.agent.engine.played import constant, get, hold_the_loop, per_vu, play

if TYPE_CHECKING:
    from groundswell_agent.engine.engine import Engine
    from tests.agent.engine.target import Target


async def test_a_fixed_pause_is_no_part_of_the_response_time(target: Target) -> None:
    steps = [get("/first"), {"pause": "0.3s"}, get("/second")]
    run = await play(target.url, per_vu(3, 1, steps=steps))
    firsts = {a.connection: a.at for a in target.arrivals if a.path == "/first"}
    seconds = {a.connection: a.at for a in target.arrivals if a.path == "/second"}
    assert all(0.299 <= seconds[number] - firsts[number] < 2 for number in firsts)
    assert run.trend("iteration_duration").min_ms >= 299
    # On the same loop as the target, and yet far from the pause's length.
    assert run.trend("http_req_response_time", name="/second").min_ms < 200


async def test_what_comes_after_a_pause_is_due_at_its_planned_end(target: Target) -> None:
    def during(_: Engine, start: float) -> None:
        hold_the_loop(start, 0.05, 0.45)

    steps = [{"pause": "0.15s"}, get("/ok")]
    run = await play(target.url, per_vu(2, 1, steps=steps), during=during)
    response = run.trend("http_req_response_time")
    # Due at 0.15, sent at 0.5 and not before.
    assert response.min_ms > 300
    assert response.min_ms > run.trend("http_req_duration").max_ms


async def test_a_random_pause_is_uniform_within_its_bounds(target: Target) -> None:
    run = await play(target.url, per_vu(50, 4, steps=[{"pause": "20ms..60ms"}]))
    pauses = run.trend("iteration_duration")
    assert pauses.count == 200
    assert pauses.min_ms >= 19
    # Lateness only adds: the seed decides what is drawn.
    assert pauses.min_ms < 25
    assert pauses.percentile(25) >= 25
    assert pauses.mean_ms >= 37
    assert pauses.max_ms >= 57
    assert not target.arrivals


@pytest.mark.parametrize("busy", ["pausing", "failing"])
async def test_who_never_waits_does_not_keep_others_from_their_turn(
    busy: str, target: Target
) -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        nobody = f"http://127.0.0.1:{taken.getsockname()[1]}/"
    step = {"pause": "0s"} if busy == "pausing" else get(nobody)
    ticks = 0

    async def tick() -> None:
        nonlocal ticks
        while True:
            await asyncio.sleep(0.01)
            ticks += 1

    ticking = asyncio.create_task(tick())
    run = await play(target.url, constant(30, 0.5, steps=[step], graceful_stop="5s"))
    ticking.cancel()
    run.assert_balanced(has_plan=False)
    assert run.account().interrupted == 0
    assert run.account().fired > 30
    assert ticks >= 5
