"""Requests per CPU-second of an agent against wrk's, on the same target in the same run.

The target has core 0; wrk and the agent, one after the other, have core 1; the client with its
coordinator has core 0 as well, since it is not what is measured. Each round is a pair, so that a
machine whose speed drifts does so for both.
"""

from __future__ import annotations

import json
import os
import re
import statistics
import subprocess
import sys
import time
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import TYPE_CHECKING, Any

from tests.nginx_server import running_nginx

if TYPE_CHECKING:
    from collections.abc import Generator

    from tests.nginx_server import NginxServer

from benchmarks.cpu import children, cpu_seconds, run_pinned

TARGET_CORE, LOAD_CORE = 0, 1
_WARM_UP_S = 2
_BODY = "x" * 1024
_LOCATION = f'location = /page {{ return 200 "{_BODY}"; }}'


@dataclass(frozen=True, slots=True)
class Case:
    """One row of the table: `vus` closed-loop VUs of one agent, or wrk's connections."""

    name: str
    vus: int
    step: str


CASES = (
    Case("GET 1 KiB, 64 VUs", 64, "{get: /page}"),
    Case("GET 1 KiB, 64 VUs, status check", 64, "{get: /page, check: {status: 200}}"),
    Case("GET 1 KiB, 1 VU", 1, "{get: /page}"),
    Case("GET 1 KiB, 1,000 VUs", 1000, "{get: /page}"),
)


@dataclass(frozen=True, slots=True)
class Pair:
    """Requests per CPU-second of both, in one round."""

    wrk: float
    agent: float

    @property
    def ratio(self) -> float:
        return self.agent / self.wrk


@contextmanager
def pinned_target() -> Generator[tuple[NginxServer, Path]]:
    """Debian's nginx with 1 KiB at /page, on its own core, and a folder."""
    with TemporaryDirectory() as name, running_nginx(Path(name), locations=_LOCATION) as nginx:
        os.sched_setaffinity(nginx.pid, {TARGET_CORE})
        yield nginx, Path(name)


def measure(case: Case, *, seconds: int, rounds: int) -> list[Pair]:
    """`rounds` pairs of `seconds` each."""
    with pinned_target() as (nginx, folder):
        return [
            Pair(_wrk(case, nginx.url, seconds), _agent(case, nginx.url, seconds, folder))
            for _ in range(rounds)
        ]


def _wrk(case: Case, url: str, seconds: int) -> float:
    command = ("wrk", "-t1", f"-c{case.vus}", f"-d{seconds}s", f"{url}/page")
    finished = run_pinned(LOAD_CORE, *command)
    requests = re.search(r"(\d+) requests in", finished.output)
    assert requests is not None
    return int(requests[1]) / finished.cpu_s


def _agent(case: Case, url: str, seconds: int, folder: Path) -> float:
    """From one stretch without load to the end: starting up is not what is measured."""
    load = f"executor: constant-vus\n    vus: {case.vus}\n    duration: {seconds + 2 * _WARM_UP_S}s"
    summary, spent = run_agent(url, load, case.step, folder)
    return float(summary["metrics"]["http_reqs"]["values"]["count"]) / spent


def run_agent(url: str, load: str, step: str, folder: Path) -> tuple[dict[str, Any], float]:
    """One pinned agent under a scenario's `load`: the summary, and the CPU seconds it took."""
    test = folder / "speed.yaml"
    test.write_text(
        f"test: speed\ntarget: {url}\nwarmup: {_WARM_UP_S}s\nscenarios:\n  load:\n    {load}\n"
        f"    steps: [{step}]\n"
    )
    summary = folder / "summary.json"
    command = [sys.executable, "-m", "groundswell", "run", str(test), "--agents", "1", "-q"]
    client = subprocess.Popen(
        ["taskset", "-c", str(TARGET_CORE), *command, "--summary-json", str(summary)]
    )
    agent = _only_child(client)
    os.sched_setaffinity(agent, {LOAD_CORE})
    spent = _cpu_while_loading(agent, client)
    if client.wait() != 0:
        raise RuntimeError(f"groundswell ended with {client.returncode}")
    return json.loads(summary.read_text()), spent


def _only_child(client: subprocess.Popen[bytes]) -> int:
    while not (found := children(client.pid)):
        time.sleep(0.01)
    return found[0]


def _cpu_while_loading(agent: int, client: subprocess.Popen[bytes]) -> float:
    """CPU seconds of the agent between its starting up, during which it is idle at least once, and its end."""
    samples: list[tuple[float, float]] = []
    while client.poll() is None:
        try:
            samples.append((time.monotonic(), cpu_seconds(agent)))
        except (FileNotFoundError, ProcessLookupError):
            break
        time.sleep(0.05)
    idle = _idle_before_load([cpu for _, cpu in samples])
    return samples[-1][1] - idle


def _idle_before_load(cpu: list[float]) -> float:
    """What starting up had cost: the CPU at the last stretch of 0.2 s without any, in the first half."""
    stretch = 4
    first_half = range(len(cpu) // 2 - stretch, 0, -1)
    for at in first_half:
        if cpu[at + stretch] - cpu[at] < 0.015:
            return cpu[at]
    return cpu[0]


def median_ratio(pairs: list[Pair]) -> float:
    return statistics.median(pair.ratio for pair in pairs)
