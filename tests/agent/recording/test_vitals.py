"""Vitals with a clock and a loop of the tests' own; one test with the real ones."""

from __future__ import annotations

import asyncio
import time
from typing import TYPE_CHECKING, cast

from groundswell.metrics.histogram import Histogram
from groundswell_agent.recording.recorder import Recorder, unhurried
from groundswell_agent.recording.vitals import PERIOD_S, Vitals

if TYPE_CHECKING:
    from collections.abc import Callable

    from groundswell.v1.metrics_pb2 import Report

T0 = 700.0


class Loop:
    """Keeps the one timer that was asked for last."""

    def __init__(self) -> None:
        self.delay = 0.0
        self.cancelled = False

    def call_later(self, delay: float, callback: Callable[[], None]) -> Loop:
        self.delay, self.callback = delay, callback
        return self

    def cancel(self) -> None:
        self.cancelled = True


class Bench:
    def __init__(self) -> None:
        self.now, self.cpu = T0, 10.0
        self.loop, self.recorder = Loop(), Recorder(T0)
        self.vitals = Vitals(self.recorder, clock=lambda: self.now, cpu_clock=lambda: self.cpu)
        self.vitals.start(cast("asyncio.AbstractEventLoop", self.loop))

    def fire(self, late: float) -> None:
        self.now += self.loop.delay + late
        self.loop.callback()

    def report(self) -> Report:
        closing = self.recorder.close_interval()
        while True:
            try:
                next(closing)
            except StopIteration as end:
                return cast("Report", end.value)


def lag(report: Report) -> Histogram:
    histogram = Histogram()
    for t in report.trends:
        histogram.merge_payload(t.payload, t.count, t.sum_ns, t.min_ns, t.max_ns, t.clamped)
    return histogram


def test_the_lag_of_every_tick_is_recorded() -> None:
    bench = Bench()
    for late in (0.001, 0.003, 0.0):
        bench.fire(late)
    seen = lag(bench.report())
    assert seen.count == 3
    assert round(seen.max_ms, 6) == 3
    assert round(seen.mean_ms, 6) == round(4 / 3, 6)


def test_ticks_keep_to_their_plan() -> None:
    bench = Bench()
    bench.fire(0.007)
    assert round(bench.loop.delay, 6) == round(PERIOD_S - 0.007, 6)


def test_a_timer_that_fires_early_is_on_time() -> None:
    bench = Bench()
    bench.fire(-0.0004)
    assert lag(bench.report()).max_ns == 0
    assert bench.loop.delay > PERIOD_S


def test_a_held_loop_is_late_for_every_tick_that_it_missed() -> None:
    bench = Bench()
    bench.fire(0.41)
    seen = lag(bench.report())
    assert seen.count == 21
    assert round(seen.max_ms) == 410
    assert round(seen.min_ms) == 10


def test_cpu_is_the_share_of_the_time_since_the_last_sample() -> None:
    bench = Bench()
    bench.now, bench.cpu = T0 + 1.004, 10.251
    bench.vitals.sample(bench.now)
    first = bench.report()
    bench.now, bench.cpu = T0 + 2.004, 11.0
    bench.vitals.sample(bench.now)
    second = bench.report()
    assert [round(g.value, 3) for g in (*first.gauges, *second.gauges)] == [0.25, 0.749]


def test_two_samples_at_one_moment_are_one() -> None:
    bench = Bench()
    bench.vitals.sample(T0)
    assert not bench.report().gauges


def test_stopping_cancels_the_timer() -> None:
    bench = Bench()
    bench.vitals.stop()
    bench.vitals.stop()
    assert bench.loop.cancelled


async def test_a_real_loop_that_is_held_shows_it() -> None:
    recorder = Recorder(time.monotonic())
    vitals = Vitals(recorder)
    vitals.start(asyncio.get_running_loop())
    await asyncio.sleep(0.05)
    time.sleep(0.2)  # noqa: ASYNC251
    await asyncio.sleep(0.05)
    vitals.sample(time.monotonic())
    vitals.stop()
    seen = lag(await unhurried(recorder.close_interval()))
    assert seen.max_ms > 150
    assert seen.count >= 8
