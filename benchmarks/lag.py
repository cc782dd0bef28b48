"""How late the iterations of a constant arrival rate start, one GET of 1 KiB each, after two seconds of warm-up."""

from __future__ import annotations

from dataclasses import dataclass

from benchmarks.speed import run_agent
from benchmarks.target import pinned_target

RATES = (1_000, 5_000, 10_000, 20_000, 30_000)
_SECONDS = 10


@dataclass(frozen=True, slots=True)
class Lag:
    """`p50` in ms over the whole run; `p99` after warm-up, in which the connections are opened.

    `dropped` of `planned` arrivals, those of the warm-up too; `cpu` of one core.
    """

    rate: int
    p50: float
    p99: float
    planned: int
    dropped: int
    cpu: float


def measure_lag(rate: int) -> Lag:
    load = (
        f"executor: constant-arrival-rate\n    rate: {rate}/s\n    duration: {_SECONDS}s\n"
        "    max_vus: 500"
    )
    with pinned_target() as target:
        summary, spent = run_agent(target.url(), load, "{get: /page}", target.folder)
    account = summary["scenarios"]["load"]
    lag = summary["metrics"]["send_lag"]["values"]
    return Lag(
        rate,
        lag["med"],
        summary["agents"][0]["send_lag_p99_ms"],
        account["planned"],
        sum(account["dropped"].values()),
        spent / _SECONDS,
    )


def table() -> str:
    """As Markdown."""
    lines = [
        "| arrivals | send lag p50 ms | p99 ms | dropped | CPU of the agent |",
        "|---|---|---|---|---|",
    ]
    lines += [
        f"| {lag.rate:,}/s | {lag.p50:.2f} | {lag.p99:.2f} | {lag.dropped} of {lag.planned:,} "
        f"| {lag.cpu:.0%} |"
        for lag in map(measure_lag, RATES)
    ]
    return "\n".join(lines)
