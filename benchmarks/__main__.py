"""`python -m benchmarks [--quick]`: the tables of benchmarks/README.md; `pool` and `merge` for one alone."""

from __future__ import annotations

import platform
import sys
from datetime import UTC, datetime

import click

from benchmarks.lag import RATES, measure_lag
from benchmarks.memory import bytes_per_idle_vu
from benchmarks.merge import measure_merge
from benchmarks.merge import table as merge_table
from benchmarks.pool import measure_pool
from benchmarks.pool import table as pool_table
from benchmarks.speed import CASES, measure, median_ratio


@click.group(invoke_without_command=True)
@click.option("--quick", is_flag=True, help="The main ratio and a small pool, in about a minute.")
@click.pass_context
def main(context: click.Context, quick: bool) -> None:
    """Measure an agent against wrk, and a coordinator by its agents; print Markdown tables."""
    if context.invoked_subcommand is not None:
        return
    if quick:
        pairs = measure(CASES[0], seconds=5, rounds=3)
        click.echo(f"{CASES[0].name}: {median_ratio(pairs):.2f} × wrk's requests per CPU-second\n")
        click.echo(pool_table(measure_pool(agents=100, seconds=15)))
        return
    click.echo(
        f"{datetime.now(UTC):%Y-%m-%d}, Python {platform.python_version()}, {platform.machine()}"
    )
    _agent()
    click.echo(f"\n{merge_table(measure_merge(agents=1000, seconds=10))}")
    click.echo(f"\n{pool_table(measure_pool(agents=1000, seconds=60))}")


@main.command("pool")
@click.option("--agents", default=1000, show_default=True)
@click.option("--seconds", default=600, show_default=True)
def pool_command(agents: int, seconds: int) -> None:
    """A coordinator under a pool of simulated agents, over gRPC."""
    click.echo(pool_table(measure_pool(agents, seconds)))


@main.command("merge")
@click.option("--agents", default=1000, show_default=True)
@click.option("--seconds", default=10, show_default=True)
def merge_command(agents: int, seconds: int) -> None:
    """Where a second of a run goes in its coordinator, without gRPC and store."""
    click.echo(merge_table(measure_merge(agents, seconds)))


def _agent() -> None:
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
