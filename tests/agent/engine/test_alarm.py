"""Both alarms wake whoever waits, once: the timerfd's, and the loop's own, which Linux has no use for."""

from __future__ import annotations

import asyncio
import sys
from time import monotonic
from typing import TYPE_CHECKING

import pytest

from groundswell_agent.engine.alarm import LoopAlarm, TimerfdAlarm

if TYPE_CHECKING:
    from collections.abc import AsyncGenerator

    from groundswell_agent.engine.alarm import Alarm

_FAR_S = 3600.0
# uvloop's timers are whole milliseconds.
_EARLY_S = 0.002
_KINDS = (LoopAlarm, TimerfdAlarm) if sys.platform == "linux" else (LoopAlarm,)


@pytest.fixture(params=_KINDS)
async def alarm(request: pytest.FixtureRequest) -> AsyncGenerator[Alarm]:
    made: Alarm = request.param(asyncio.get_running_loop())
    yield made
    made.close()


async def test_it_wakes_at_its_moment(alarm: Alarm) -> None:
    moment = monotonic() + 0.02
    async with asyncio.timeout(30):
        await alarm.at(moment)
    assert monotonic() >= moment - _EARLY_S


async def test_it_calls_at_its_moment_and_once(alarm: Alarm) -> None:
    called: list[float] = []
    woken = asyncio.Event()

    def call() -> None:
        called.append(monotonic())
        woken.set()

    moment = monotonic() + 0.02
    alarm.call_at(moment, call)
    async with asyncio.timeout(30):
        await woken.wait()
    alarm.ring()
    assert len(called) == 1
    assert called[0] >= moment - _EARLY_S


async def test_it_can_be_rung_before(alarm: Alarm) -> None:
    waiter = alarm.at(monotonic() + _FAR_S)
    alarm.ring()
    alarm.ring()
    assert waiter.done()
    called: list[int] = []
    alarm.call_at(monotonic() + _FAR_S, lambda: called.append(1))
    alarm.ring()
    alarm.ring()
    assert called == [1]


async def test_a_call_may_set_the_next_one(alarm: Alarm) -> None:
    left = [3, 2, 1]
    done = asyncio.Event()

    def call() -> None:
        left.pop()
        if left:
            alarm.call_at(monotonic(), call)
        else:
            done.set()

    alarm.call_at(monotonic(), call)
    async with asyncio.timeout(30):
        await done.wait()
    assert left == []


async def test_what_is_closed_calls_nobody(alarm: Alarm) -> None:
    called: list[int] = []
    alarm.call_at(monotonic() + _FAR_S, lambda: called.append(1))
    alarm.close()
    alarm.ring()
    assert called == []
