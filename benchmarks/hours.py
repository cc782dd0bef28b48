"""`python -m benchmarks.hours`: two runs of an hour, 20 series of distributions each, compared from a store.

The aim is 5 s. Printed is CPU time, of the whole command with its start, by the kernel's account.
"""

from __future__ import annotations

import os
import resource
import subprocess
import sys
import tempfile
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path

import click
import numpy as np
from tests.coordinator.report.samples import PASSED

from groundswell.metrics.histogram import Histogram
from groundswell.metrics.series import Series
from groundswell_coordinator.store.records import NewRun
from groundswell_coordinator.store.run_store import RunStore
from groundswell_coordinator.timeline.interval import Interval, Rate, Trend

_SECONDS, _SERIES, _EACH = 3600, 20, 250
_TEST = b"""\
test: hours
target: http://127.0.0.1
warmup: 10s
scenarios:
  load: {executor: constant-arrival-rate, rate: 5000/s, duration: 1h, max_vus: 100, steps: [{get: /}]}
"""


@click.command()
def main() -> None:
    """Print one line."""
    with tempfile.TemporaryDirectory() as home:
        with RunStore.open(f"sqlite:///{Path(home) / 'groundswell.db'}") as store:
            for number in range(2):
                _store(store, f"hour-{number}", seed=number)
        before = resource.getrusage(resource.RUSAGE_CHILDREN)
        subprocess.run(
            [sys.executable, "-m", "groundswell", "compare", "hour-0", "hour-1"],
            env={**os.environ, "GROUNDSWELL_HOME": home},
            stdout=subprocess.DEVNULL,
            check=True,
        )
        after = resource.getrusage(resource.RUSAGE_CHILDREN)
    spent = after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime
    click.echo(f"{spent:.1f} s of CPU, {after.ru_maxrss / 1024:.0f} MB at most")


def _store(store: RunStore, run_id: str, seed: int) -> None:
    random = np.random.default_rng(seed)
    now = datetime.now(UTC)
    run = NewRun(run_id, "hours", "hash", _TEST, 1, now, "0.1.0", "benchmark")
    store.create_run(run)
    for second in range(_SECONDS):
        report = _second(second, random).to_report(run_id)
        store.save_interval(run_id, second, report.SerializeToString(), [])
    store.close_run(
        run_id,
        verdict="PASS",
        exit_code=0,
        summary_json=replace(PASSED, run=run_id, test="hours").to_json(),
        ended_at=now,
        duration_s=float(_SECONDS),
    )


def _second(number: int, random: np.random.Generator) -> Interval:
    names = [f"name-{at}" for at in range(_SERIES)]
    return Interval(
        number,
        counters={
            Series.of("http_reqs", {"name": name, "scenario": "load"}): _EACH for name in names
        },
        rates={Series.of("http_req_failed", {"name": name}): Rate(0, _EACH) for name in names},
        trends={Series.of("http_req_duration", {"name": name}): _trend(random) for name in names},
    )


def _trend(random: np.random.Generator) -> Trend:
    histogram = Histogram()
    histogram.add_ns((random.lognormal(np.log(5e6), 0.5, _EACH)).astype(np.int64))
    return Trend.of(histogram)


if __name__ == "__main__":
    main()
