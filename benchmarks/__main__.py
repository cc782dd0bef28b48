"""`python -m benchmarks`: measures everything and writes it into benchmarks/README.md.

`python -m benchmarks speed` and its like measure one part and print it; `--quick` is for a change's direction.
"""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING

import click

from benchmarks import connections, data, lag, memory, page, script, speed
from benchmarks.case import CASES, MAIN, TEMPLATES
from benchmarks.merge import measure_merge
from benchmarks.merge import table as merge_table
from benchmarks.pool import measure_pool
from benchmarks.pool import table as pool_table
from benchmarks.pool_tls import measure_tls, tls_table
from benchmarks.target import most_connections, pinned_target
from benchmarks.truth import truth_command

if TYPE_CHECKING:
    from collections.abc import Callable


@click.group(invoke_without_command=True)
@click.option("--quick", is_flag=True, help="The main ratios and a small pool, in a minute.")
@click.pass_context
def main(context: click.Context, quick: bool) -> None:
    """Measure an agent against wrk, and a coordinator by its agents."""
    if context.invoked_subcommand is not None:
        return
    if quick:
        _quick()
        return
    for section, measured in SECTIONS.items():
        table = measured()
        click.echo(f"{table}\n")
        page.put(section, table)


def _quick() -> None:
    with pinned_target() as target:
        for case, rounds in ((MAIN, 2), (TEMPLATES, 1)):
            found = speed.measure(case, target, seconds=2, rounds=rounds)
            click.echo(
                f"{case.name}: {speed.median_ratio(found):.2f} × wrk's requests per CPU-second"
            )
    click.echo(f"\n{pool_table(measure_pool(agents=100, seconds=15))}")


@main.command("speed")
@click.option("--case", "chosen", default="", help="Only cases with these words in their name.")
@click.option("--seconds", default=6, show_default=True)
@click.option("--rounds", default=3, show_default=True)
@click.option("--write", is_flag=True, help="Write it into the README.")
def speed_command(chosen: str, seconds: int, rounds: int, write: bool) -> None:
    """Requests per CPU-second against wrk's."""
    cases = [case for case in CASES if chosen in case.name]
    _say("speed", speed.table(cases, seconds=seconds, rounds=rounds), write=write)


@main.command("pool")
@click.option("--agents", default=1000, show_default=True)
@click.option("--seconds", default=600, show_default=True)
@click.option("--tls", is_flag=True, help="What TLS adds: pairs of runs without it and with it.")
@click.option("--pairs", default=3, show_default=True, help="Of runs, with --tls.")
@click.option("--write", is_flag=True, help="Write it into the README.")
def pool_command(agents: int, seconds: int, tls: bool, pairs: int, write: bool) -> None:
    """A coordinator under a pool of simulated agents, over gRPC."""
    if tls:
        table = tls_table(measure_tls(agents, seconds, pairs))
        click.echo(table)
        if write:
            words = f"--agents {agents} --seconds {seconds} --pairs {pairs}"
            page.put("pool-tls", table, command=f"pool --tls {words}")
        return
    _say("pool", pool_table(measure_pool(agents, seconds)), write=write)


@main.command("merge")
@click.option("--agents", default=1000, show_default=True)
@click.option("--seconds", default=10, show_default=True)
@click.option("--write", is_flag=True, help="Write it into the README.")
def merge_command(agents: int, seconds: int, write: bool) -> None:
    """Where a second of a run goes in its coordinator, without gRPC and store."""
    _say("merge", merge_table(measure_merge(agents, seconds)), write=write)


def _connections() -> str:
    with pinned_target() as target:
        most = most_connections()
        rows = [
            (f"closed loop, {vus:,} VUs", connections.measure_full_load(target, vus))
            for vus in (64, 1_000)
        ]
        opened = connections.measure_connections(target, most)
        rows.append((f"{most:,} VUs open a connection at T, and pause", opened))
        idle = connections.measure_idle(target, 100_000)
        rows.append(("100,000 VUs come at T, pause, and are cancelled", idle))
    return connections.table(rows)


def _say(section: str, table: str, *, write: bool) -> None:
    click.echo(table)
    if write:
        page.put(section, table)


def _alone(section: str, measured: Callable[[], str]) -> click.Command:
    @click.command(section, help=measured.__doc__)
    @click.option("--write", is_flag=True, help="Write it into the README.")
    def command(write: bool) -> None:
        _say(section, measured(), write=write)

    return command


# In the order of the page.
SECTIONS: dict[str, Callable[[], str]] = {
    "speed": lambda: speed.table(CASES, seconds=6, rounds=3),
    "script": lambda: script.table(seconds=2, rounds=9),
    "lag": lag.table,
    "memory": memory.table,
    "connections": _connections,
    "data": data.table,
    "merge": lambda: merge_table(measure_merge(agents=1000, seconds=10)),
    "pool": lambda: pool_table(measure_pool(agents=1000, seconds=60)),
}
for _name in ("script", "lag", "memory", "connections", "data"):
    main.add_command(_alone(_name, SECTIONS[_name]))
# Not of `make bench`: it does not measure how fast an agent is, but whether it says so when it is too slow.
main.add_command(truth_command)


if __name__ == "__main__":
    sys.exit(main())
