"""`python -m benchmarks [--quick]`: the table of benchmarks/README.md."""

from __future__ import annotations

import platform
import sys
from datetime import UTC, datetime

import click

from benchmarks.lag import RATES, measure_lag
from benchmarks.memory import bytes_per_idle_vu
from benchmarks.speed import CASES, measure, median_ratio


@click.command()
@click.option("--quick", is_flag=True, help="The main ratio only, in under a minute.")
def main(quick: bool) -> None:
    """Measure an agent against wrk and print a Markdown table."""
    if quick:
        pairs = measure(CASES[0], seconds=5, rounds=3)
        click.echo(f"{CASES[0].name}: {median_ratio(pairs):.2f} × wrk's requests per CPU-second")
        return
    click.echo(
        f"{datetime.now(UTC):%Y-%m-%d}, Python {platform.python_version()}, {platform.machine()}"
    )
    click.echo("\n| case | wrk, requests/CPU-s | agent, requests/CPU-s | ratio [min–max] |")
    click.echo("|---|---|---|---|")
    for case in CASES:
        pairs = sorted(measure(case, seconds=8, rounds=3), key=lambda pair: pair.ratio)
        middle = pairs[len(pairs) // 2]
        click.echo(
            f"| {case.name} | {middle.wrk:,.0f} | {middle.agent:,.0f} "
            f"| {middle.ratio:.2f} [{pairs[0].ratio:.2f}–{pairs[-1].ratio:.2f}] |"
        )
    click.echo("\n| arrivals | send lag p50 ms | p99 ms | dropped | CPU of the agent |")
    click.echo("|---|---|---|---|---|")
    for lag in map(measure_lag, RATES):
        click.echo(
            f"| {lag.rate:,}/s | {lag.p50:.2f} | {lag.p99:.2f} | {lag.dropped} of {lag.planned:,} "
            f"| {lag.cpu:.0%} |"
        )
    for vus in (1_000, 10_000):
        click.echo(f"\nAn idle VU, {vus:,} of them: {bytes_per_idle_vu(vus) / 1024:.1f} KiB")


if __name__ == "__main__":
    sys.exit(main())
