"""Vitals with a clock and a loop of the tests' own; one test with the real ones."""

from __future__ import annotations

import asyncio
import gc
import resource
import socket
import time
from pathlib import Path
from typing import TYPE_CHECKING, cast

import pytest

from groundswell.metrics.histogram import Histogram
from groundswell_agent.recording.cpu_use import CpuUse
from groundswell_agent.recording.open_files import OpenFiles
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
    """Without a `root`, on a machine that tells nothing: no cgroups, no list of open files."""

    def __init__(self, root: Path = Path("/nowhere")) -> None:
        self.now, self.cpu, self.connections = T0, 10.0, 0
        self.loop, self.recorder = Loop(), Recorder(T0)
        self.declared: dict[int, str] = {}
        self.vitals = Vitals(
            self.recorder,
            lambda: self.connections,
            clock=lambda: self.now,
            cpu=lambda: CpuUse(cpu_clock=lambda: self.cpu, root=root),
            files=lambda connections: OpenFiles(connections, root / "proc/self/fd"),
        )
        self.vitals.start(cast("asyncio.AbstractEventLoop", self.loop))

    def second(self, cpu: float) -> dict[str, float]:
        """The gauges of a second in which so much CPU was used."""
        self.now, self.cpu = self.now + 1, self.cpu + cpu
        self.vitals.sample(self.now)
        report = self.report()
        self.declared |= {one.number: one.metric for one in report.declarations}
        return {self.declared[one.series]: round(one.value, 6) for one in report.gauges}

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


class Machine:
    """A made-up `proc` and `sys` of a process in the cgroup /pod."""

    def __init__(self, root: Path, version: int = 2) -> None:
        self.root, self.version = root, version
        groups, kind = ("0::/pod", "cgroup2 cgroup2 rw") if version == 2 else _V1
        self.write("proc/self/cgroup", groups)
        self.write("proc/self/mountinfo", f"31 23 0:28 / /sys/fs/cgroup rw - {kind}")

    def throttle(self, group: str, seconds: float) -> None:
        name, unit = ("throttled_usec", 1e6) if self.version == 2 else ("throttled_time", 1e9)
        text = f"nr_periods 9\nnr_throttled 3\n{name} {seconds * unit:.0f}\n"
        self.write(f"sys/fs/cgroup/{group}/cpu.stat", text)

    def write(self, path: str, text: str) -> None:
        file = self.root / path
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text(text)


_V1 = ("4:cpu,cpuacct:/pod", "cgroup cgroup rw,cpu,cpuacct")


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
    bench.now = T0 + 0.004
    first, second = bench.second(0.251), bench.second(0.749)
    assert (first["agent_cpu"], second["agent_cpu"]) == (0.25, 0.749)
    # Nothing else is known of this machine.
    assert set(second) == {"agent_cpu", "agent_connections"}


def test_cpu_is_a_share_of_what_the_cgroup_pays_for(tmp_path: Path) -> None:
    machine = Machine(tmp_path)
    for quota, share in (("max 100000", 0.18), ("20000 100000", 0.9), ("300000 100000", 0.18)):
        machine.write("sys/fs/cgroup/pod/cpu.max", quota)
        assert Bench(tmp_path).second(0.18)["agent_cpu"] == share


@pytest.mark.parametrize("version", [1, 2])
def test_what_a_cgroup_stopped_is_a_share_of_the_time(tmp_path: Path, version: int) -> None:
    machine = Machine(tmp_path, version)
    machine.throttle("pod", 5.0)
    bench = Bench(tmp_path)
    assert bench.second(0.1)["agent_cpu_throttled"] == 0
    machine.throttle("pod", 5.25)
    assert bench.second(0.1)["agent_cpu_throttled"] == 0.25
    assert bench.second(0.1)["agent_cpu_throttled"] == 0
    # The kernel adds up over the cores that wanted to run something of the group.
    machine.throttle("pod", 8.25)
    assert bench.second(0.1)["agent_cpu_throttled"] == 1


def test_of_several_groups_the_one_that_stops_longest_counts(tmp_path: Path) -> None:
    machine = Machine(tmp_path)
    machine.throttle("pod", 0)
    machine.throttle("", 0)
    bench = Bench(tmp_path)
    machine.throttle("pod", 0.1)
    machine.throttle("", 0.4)
    assert bench.second(0.1)["agent_cpu_throttled"] == 0.4
    # Whoever removes a group does not stop anybody by that.
    (tmp_path / "sys/fs/cgroup/cpu.stat").unlink()
    assert bench.second(0.1)["agent_cpu_throttled"] == 0


def test_connections_and_the_files_that_are_left(tmp_path: Path) -> None:
    folder = tmp_path / "proc/self/fd"
    folder.mkdir(parents=True)
    for number in range(6):
        (folder / str(number)).touch()
    bench = Bench(tmp_path)
    soft, _ = resource.getrlimit(resource.RLIMIT_NOFILE)
    bench.connections = 30
    seen = bench.second(0)
    assert seen["agent_connections"] == 30
    # A folder's size is that of a file system here, and of the list of open files in a real /proc.
    assert seen["agent_fds_left"] == max(0, soft - folder.stat().st_size)


def test_the_files_that_are_left_are_those_that_can_be_opened() -> None:
    files = OpenFiles()
    before = files.left(0)
    with socket.socket(), socket.socket():
        assert before is not None
        assert files.left(2) == before - 2
    assert files.left(0) == before


def test_every_collection_is_a_pause() -> None:
    bench = Bench()
    # What all tests before have left would take more than the second that is looked at.
    gc.freeze()
    begin = time.monotonic()
    bench.recorder.start_at(begin)
    gc.collect()
    gc.collect(0)
    took = time.monotonic() - begin
    bench.vitals.sample(T0)
    bench.vitals.stop()
    gc.unfreeze()
    gc.collect()
    pauses = lag(bench.report())
    assert pauses.count >= 2
    assert 0 < pauses.max_ms <= took * 1000


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
    vitals = Vitals(recorder, lambda: 0)
    vitals.start(asyncio.get_running_loop())
    await asyncio.sleep(0.05)
    time.sleep(0.2)  # noqa: ASYNC251  # the loop is to be held
    await asyncio.sleep(0.05)
    vitals.sample(time.monotonic())
    vitals.stop()
    report = await unhurried(recorder.close_interval())
    del report.trends[1:]
    seen = lag(report)
    assert seen.max_ms > 150
    assert seen.count >= 8
