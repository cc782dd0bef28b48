"""Runs of one agent against an nginx with a log, each figure beside the log's truth; see `truth`.

Open: the truth of a response time is the moment at which nginx was done ($msec, by the millisecond) minus the
planned moment, T + n / rate. Arrivals reach nginx in the order of their plan, so the n-th line is the n-th
arrival that was not dropped. Which ones were dropped the log does not tell: where some were, the truth is known
to lie between what it would be if the first or the last were missing.

Closed: the truth of a service time is nginx's $request_time, which leaves out the way over loopback.
"""

from __future__ import annotations

import time
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import TYPE_CHECKING

import numpy as np
from tests.e2e.commands import Groundswell
from tests.e2e.truth.cores import Times, machine_s, own_cpu_s, pin, pin_run, target_core
from tests.e2e.truth.reckoning import DURATION, RESPONSE, beyond, nearest_rank
from tests.e2e.writing import STRICT, arrivals, users, write_test
from tests.nginx_server import running_nginx

from benchmarks.cpu import cpu_seconds

if TYPE_CHECKING:
    from collections.abc import Generator

    from numpy.typing import NDArray
    from tests.e2e.writing import Fields
    from tests.nginx_server import NginxServer

    from groundswell_coordinator.report.summary import Summary

_VUS = 64
# Ten at most in each millisecond of an agent that is on time, and enough for one that is not.
_MAX_VUS = 2000
# They hold in any case; what a run says after its warm-up is the value that they were judged by.
_THRESHOLDS = {RESPONSE: ["p(99) < 1h"], DURATION: ["p(99) < 1h"]}
_BODY = "x" * 1024
_LOCATION = """\
location = /page {{
    access_log {log} arrivals buffer=1m flush=200ms;
    return 200 "{body}";
}}"""
_FLUSHED_AFTER_S = 0.5
# In it all connections are opened, and requests that wait for theirs are overtaken. It is not judged.
_WARM_UP_S = 1


@dataclass(frozen=True, slots=True)
class Point:
    """One run. `said` is the p99 of its response time (open) or service time (closed), the truth of it lies from
    `least` to `most`; `lag` is its send lag or loop lag, the p99
    after the warm-up. All are in ms, `others` is a share of the machine.
    """

    load: int
    requests: int
    verdict: str
    codes: tuple[str, ...]
    dropped: int
    lag_p50: float
    lag_p99: float
    cpu: float
    said: float
    least: float
    most: float
    others: float

    @property
    def off(self) -> float:
        """What it said minus the truth, at least: 0 where the truth may be just that."""
        return beyond(self.said, self.least, self.most)

    @property
    def off_at_most(self) -> float:
        return max(abs(self.said - self.least), abs(self.said - self.most))

    @property
    def true(self) -> str:
        if self.most - self.least < 0.1:
            return f"{self.most:.1f}"
        return f"{self.least:.1f}–{self.most:.1f}"


class Bench:
    """An nginx with a log, and one agent after the other on the other core."""

    def __init__(self, folder: Path, nginx: NginxServer, log: Path) -> None:
        self._folder = folder
        self._nginx = nginx
        self._log = log
        self._read_to = 0
        self._groundswell = Groundswell(folder)

    def maximum(self, seconds: int) -> float:
        """Requests a second of one agent whose VUs do not wait."""
        summary, _ = self._run(users(_VUS, f"{seconds}s", "/page"))
        self._new_lines()
        return summary.metrics["http_reqs"].values["count"] / seconds

    def open(self, rate: int, seconds: int) -> Point:
        """At so many arrivals a second."""
        scenario = arrivals(f"{rate}/s", f"{seconds}s", "/page", max_vus=_MAX_VUS)
        summary, others = self._run(scenario)
        dropped = sum(summary.scenarios["load"].dropped.values())
        done, _ = self._since_start(summary)
        # $msec is cut off: on average half a millisecond is missing.
        since_plan = (done - np.arange(len(done)) / rate)[done >= _WARM_UP_S] * 1000 + 0.5
        most = nearest_rank(since_plan, 99)
        truth = (most - dropped * 1000 / rate, most)
        return _point(rate, summary, others, truth, RESPONSE, "send_lag")

    def closed(self, vus: int, seconds: int) -> Point:
        """By so many VUs that do not pause."""
        summary, others = self._run(users(vus, f"{seconds}s", "/page"))
        done, took = self._since_start(summary)
        true = nearest_rank(took[done >= _WARM_UP_S] * 1000, 99)
        return _point(vus, summary, others, (true, true), DURATION, "agent_loop_lag")

    def _run(self, scenario: Fields) -> tuple[Summary, float]:
        """Its summary, and the share of the machine that was taken by others than it and nginx."""
        test = write_test(
            self._folder,
            self._nginx.url,
            {"load": scenario},
            thresholds=_THRESHOLDS,
            generator_limits=STRICT,
            warmup=f"{_WARM_UP_S}s",
        )
        before, own, begin = Times.now(), own_cpu_s(), time.monotonic()
        served = cpu_seconds(self._nginx.pid)
        with self._groundswell.starting_run(test) as running:
            pin_run(self._groundswell, running)
            ran = running.end_of_run()
        ours = own_cpu_s() - own + cpu_seconds(self._nginx.pid) - served
        others = (Times.now().busy - before.busy - ours) / machine_s(time.monotonic() - begin)
        return ran.summary, max(others, 0.0)

    def _since_start(self, summary: Summary) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
        """When nginx was done with each request of a run, from its T on, and how long it took; in seconds."""
        assert summary.started_at is not None
        lines = self._new_lines()
        requests = round(summary.metrics["http_reqs"].values["count"])
        assert len(lines) == requests, (len(lines), requests)
        done, took = np.array([line.split(b" ", 2)[:2] for line in lines], np.float64).T
        return done - summary.started_at.timestamp(), took

    def _new_lines(self) -> list[bytes]:
        """What has been logged since the last call."""
        time.sleep(_FLUSHED_AFTER_S)
        with self._log.open("rb") as log:
            log.seek(self._read_to)
            lines = log.read().splitlines()
            self._read_to = log.tell()
        return lines


def _point(
    load: int,
    summary: Summary,
    others: float,
    truth: tuple[float, float],
    metric: str,
    lag: str,
) -> Point:
    (agent,) = summary.agents
    (said,) = (one for one in summary.thresholds if one.metric == metric)
    lags = summary.metrics[lag].values
    return Point(
        load=load,
        requests=round(summary.metrics["http_reqs"].values["count"]),
        verdict=str(summary.verdict),
        codes=tuple(dict.fromkeys(reason.code for reason in summary.reasons)),
        dropped=sum(summary.scenarios["load"].dropped.values()),
        lag_p50=lags["med"],
        lag_p99=(agent.send_lag_p99_ms or 0.0) if lag == "send_lag" else lags["p(99)"],
        cpu=agent.cpu_max or 0.0,
        said=said.value or 0.0,
        least=truth[0],
        most=truth[1],
        others=others,
    )


@contextmanager
def bench() -> Generator[Bench]:
    with TemporaryDirectory() as name:
        folder = Path(name)
        log = folder / "truth.log"
        (folder / "nginx").mkdir()
        location = _LOCATION.format(log=log, body=_BODY)
        with running_nginx(folder / "nginx", locations=location) as nginx:
            pin(nginx.pid, target_core())
            yield Bench(folder, nginx, log)
