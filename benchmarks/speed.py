"""Requests per CPU-second of an agent against wrk's, on the same target in the same run.

The target has one core, the generator the other. The target counts, the kernel measures, both twice
while the load is on: neither a generator's start nor its own opinion is in its figure. Each round
measures all of them one after the other, so that a machine whose speed drifts does so for all.
"""

from __future__ import annotations

import json
import statistics
import time
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from benchmarks.case import LOCUST_TOO, Case
from benchmarks.cpu import cpu_seconds
from benchmarks.generators import (
    LoadGenerator,
    agent,
    agent_of,
    locust,
    locust_program,
    running_agent,
    wrk,
)
from benchmarks.target import pinned_target

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

    from benchmarks.target import Target

WARM_UP_S = 2
_BEGINS_WITHIN_S = 30
# A busy machine takes its time to tell that the load is on.
_SLACK_S = 4


@dataclass(frozen=True, slots=True)
class Speed:
    """Requests, as the target counted them, in a CPU-second of the generator and in a second."""

    per_cpu_s: float
    per_s: float


@dataclass(frozen=True, slots=True)
class Round:
    """One case, all generators once."""

    wrk: Speed
    agent: Speed
    locust: Speed | None = None

    @property
    def ratio(self) -> float:
        return self.agent.per_cpu_s / self.wrk.per_cpu_s


def measure(
    case: Case, target: Target, *, seconds: int, rounds: int, with_locust: bool = False
) -> list[Round]:
    """`rounds` rounds of `seconds` for each generator; Locust where it is installed."""
    asked = with_locust and case in LOCUST_TOO and locust_program() is not None
    return [
        Round(
            _speed(wrk, case, target, seconds),
            _speed(agent, case, target, seconds),
            _speed(locust, case, target, seconds) if asked else None,
        )
        for _ in range(rounds)
    ]


def _speed(generator: LoadGenerator, case: Case, target: Target, seconds: int) -> Speed:
    before = target.nginx.requests()
    with generator(case, target, seconds + WARM_UP_S + _SLACK_S) as process:
        _await_load(target, before)
        time.sleep(WARM_UP_S)
        at, cpu, count = time.monotonic(), cpu_seconds(process), target.nginx.requests()
        time.sleep(seconds)
        done = target.nginx.requests() - count
        return Speed(done / (cpu_seconds(process) - cpu), done / (time.monotonic() - at))


def _await_load(target: Target, before: int) -> None:
    begun = time.monotonic()
    while target.nginx.requests() - before < 10:
        if time.monotonic() - begun > _BEGINS_WITHIN_S:
            raise RuntimeError("the load does not begin")
        time.sleep(0.05)


def run_agent(url: str, load: str, step: str, folder: Path) -> tuple[dict[str, Any], float]:
    """One pinned agent under a scenario's `load`: the summary, and its CPU seconds from T on."""
    test = folder / "speed.yaml"
    test.write_text(
        f"test: speed\ntarget: {url}\nwarmup: {WARM_UP_S}s\nscenarios:\n  load:\n    {load}\n"
        f"    steps: [{step}]\n"
    )
    summary = folder / "summary.json"
    with running_agent(test, folder, "--summary-json", str(summary)) as client:
        spent = _cpu_while_loading(agent_of(client), client)
    return json.loads(summary.read_text()), spent


def _cpu_while_loading(agent: int, client: Any) -> float:  # noqa: ANN401
    """CPU seconds of the agent between its starting up, during which it is idle, and its end."""
    samples: list[float] = []
    while client.poll() is None:
        try:
            samples.append(cpu_seconds(agent))
        except (FileNotFoundError, ProcessLookupError):
            break
        time.sleep(0.05)
    return samples[-1] - _idle_before_load(samples)


def _idle_before_load(cpu: list[float]) -> float:
    """What starting up had cost: the CPU at the last stretch of 0.2 s without any, in the first half."""
    stretch = 4
    first_half = range(len(cpu) // 2 - stretch, 0, -1)
    for at in first_half:
        if cpu[at + stretch] - cpu[at] < 0.015:
            return cpu[at]
    return cpu[0]


def median_ratio(rounds: Sequence[Round]) -> float:
    return statistics.median(one.ratio for one in rounds)


def table(cases: Sequence[Case], *, seconds: int, rounds: int) -> str:
    """As Markdown; the figures of the middle round, by its ratio."""
    lines = [
        "| case | wrk, requests/CPU-s | agent, requests/CPU-s | × wrk [min–max] | requests/s, × wrk | Locust, × wrk |",
        "|---|---|---|---|---|---|",
    ]
    with pinned_target() as target:
        for case in cases:
            found = measure(case, target, seconds=seconds, rounds=rounds, with_locust=True)
            lines.append(_row(case, sorted(found, key=lambda one: one.ratio)))
    return "\n".join(lines)


def _row(case: Case, ordered: list[Round]) -> str:
    middle = ordered[len(ordered) // 2]
    wall = "" if case.rate else f"{middle.agent.per_s / middle.wrk.per_s:.2f}"
    others = [one.locust.per_cpu_s / one.wrk.per_cpu_s for one in ordered if one.locust]
    return (
        f"| {case.name} | {middle.wrk.per_cpu_s:,.0f} | {middle.agent.per_cpu_s:,.0f} "
        f"| **{middle.ratio:.2f}** [{ordered[0].ratio:.2f}–{ordered[-1].ratio:.2f}] | {wall} "
        f"| {f'{statistics.median(others):.3f}' if others else ''} |"
    )
