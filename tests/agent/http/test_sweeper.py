from __future__ import annotations

import asyncio
import time
from time import monotonic

from groundswell_agent.http.exchange import Exchange
from groundswell_agent.http.sweeper import LONGEST_PERIOD, SHORTEST_PERIOD, Sweeper


class _Busy:
    def __init__(self, seconds: float) -> None:
        self.in_flight: Exchange | None = Exchange()
        self.in_flight.deadline = monotonic() + seconds
        self.expired_at = 0.0

    def expire(self, now: float) -> None:
        self.in_flight = None
        self.expired_at = now


async def test_it_expires_what_is_due_and_nothing_else() -> None:
    sweeper = Sweeper(asyncio.get_running_loop())
    soon, late = _Busy(0.05), _Busy(10)
    idle = _Busy(0)
    idle.in_flight = None
    sweeper.tighten(0.05)
    due = soon.in_flight.deadline if soon.in_flight else 0
    for one in (soon, late, idle):
        sweeper.add(one)
    await asyncio.sleep(0.1)

    assert 0 <= soon.expired_at - due <= SHORTEST_PERIOD * 3
    assert late.expired_at == idle.expired_at == 0
    for one in (soon, late, idle):
        sweeper.discard(one)
    assert len(sweeper) == 0


async def test_a_smaller_timeout_shortens_the_sweep_that_is_under_way() -> None:
    sweeper = Sweeper(asyncio.get_running_loop())
    busy = _Busy(0.02)
    sweeper.add(busy)
    sweeper.tighten(0.02)
    await asyncio.sleep(LONGEST_PERIOD / 2)

    assert busy.expired_at > 0
    sweeper.discard(busy)


async def test_after_a_hold_the_loop_reads_before_it_is_judged() -> None:
    sweeper = Sweeper(asyncio.get_running_loop())
    sweeper.tighten(0.05)
    busy = _Busy(0.05)
    sweeper.add(busy)
    loop = asyncio.get_running_loop()
    reading, writing = await _pipe(loop, busy)
    writing.write(b"the answer")
    time.sleep(0.3)  # noqa: ASYNC251  # the loop is to be held
    await asyncio.sleep(0.05)

    assert busy.in_flight is None
    assert busy.expired_at == 0
    sweeper.discard(busy)
    writing.close()
    reading.close()


async def test_a_loop_that_is_always_late_still_expires() -> None:
    sweeper = Sweeper(asyncio.get_running_loop())
    sweeper.tighten(0.05)
    busy = _Busy(0.05)
    sweeper.add(busy)
    for _ in range(10):
        time.sleep(0.03)  # noqa: ASYNC251  # likewise
        await asyncio.sleep(0)

    assert busy.expired_at > 0
    sweeper.discard(busy)


async def test_a_frozen_target_does_not_freeze_the_loop() -> None:
    sweeper = Sweeper(asyncio.get_running_loop())
    sweeper.tighten(0.05)
    many = [_Busy(0.0) for _ in range(1000)]
    for one in many:
        sweeper.add(one)
    await asyncio.sleep(0.1)

    assert len({one.expired_at for one in many}) >= 5
    assert all(one.expired_at for one in many)
    for one in many:
        sweeper.discard(one)


async def _pipe(
    loop: asyncio.AbstractEventLoop, busy: _Busy
) -> tuple[asyncio.BaseTransport, asyncio.WriteTransport]:
    """A connection whose bytes, once read, end what is in flight."""
    import socket

    class Reads(asyncio.Protocol):
        def data_received(self, data: bytes) -> None:
            busy.in_flight = None

    ours, theirs = socket.socketpair()
    reading, _ = await loop.create_connection(Reads, sock=ours)
    writing, _ = await loop.create_connection(asyncio.Protocol, sock=theirs)
    return reading, writing
