"""So many a turn, in the order of their coming."""

from __future__ import annotations

import asyncio
from collections import Counter

from groundswell_agent.http.gate import Gate


async def test_no_turn_lets_more_pass_and_none_is_left_out() -> None:
    loop = asyncio.get_running_loop()
    gate = Gate(loop, 3)
    turn = 0
    passed: list[tuple[int, int]] = []

    async def pass_through(number: int) -> None:
        await gate.turn()
        passed.append((turn, number))

    async with asyncio.TaskGroup() as group:
        for number in range(20):
            group.create_task(pass_through(number))
        while len(passed) < 20:
            await asyncio.sleep(0)
            turn += 1

    assert [number for _, number in passed] == list(range(20))
    assert max(Counter(turn for turn, _ in passed).values()) <= 3


async def test_who_gives_up_takes_no_place() -> None:
    gate = Gate(asyncio.get_running_loop(), 1)
    tasks = [asyncio.create_task(gate.turn()) for _ in range(4)]
    await asyncio.sleep(0)
    tasks[1].cancel()
    tasks[2].cancel()
    async with asyncio.timeout(5):
        await tasks[3]
    assert tasks[1].cancelled()
    assert tasks[2].cancelled()
    await gate.turn()
