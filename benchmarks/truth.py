"""`python -m benchmarks truth`: is an overloaded agent always called so? Its figures against its target's log.

The agent's maximum is its closed-loop rate with 64 VUs. Then come runs at constant arrival rates from half of it
to twice it, and closed ones with more and more VUs. An agent that is late, or comes late to the answers it gets,
says something else than the target's log, or that it was late; a PASS must not be off.
"""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING

import click
import numpy as np

from benchmarks import page
from benchmarks.overload import bench

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from benchmarks.overload import Point

MAY_BE_OFF_MS = 5.0
_VUS = (16, 64, 128, 256, 512, 1024)


def open_table(maximum: float, seconds: int, points: Sequence[Point]) -> str:
    """As Markdown."""
    head = (
        "| of the maximum | arrivals/s | verdict | dropped | send lag p50 ms | p99 ms | CPU "
        "| response time p99 ms | truth ms | off by ms |"
    )
    rows = [
        f"| {point.load / maximum:.0%} | {point.load:,} | {point.verdict} "
        f"| {point.dropped / (point.load * seconds):.1%} "
        f"| {point.lag_p50:.2f} | {point.lag_p99:.2f} | {point.cpu:.0%} "
        f"| {point.said:.1f} | {point.true} | {point.off:+.1f} |"
        for point in points
    ]
    return "\n".join((head, "|---" * 10 + "|", *rows))


def closed_table(seconds: int, points: Sequence[Point]) -> str:
    head = (
        "| VUs | requests/s | verdict | loop lag p99 ms | CPU "
        "| service time p99 ms | truth ms | off by ms |"
    )
    rows = [
        f"| {point.load:,} | {point.requests / seconds:,.0f} | {point.verdict} "
        f"| {point.lag_p99:.2f} | {point.cpu:.0%} "
        f"| {point.said:.1f} | {point.true} | {point.off:+.1f} |"
        for point in points
    ]
    return "\n".join((head, "|---" * 8 + "|", *rows))


def false_passes(points: Sequence[Point]) -> list[Point]:
    """Where drops leave room for the truth, it is taken to be as far away as it can be."""
    return [one for one in points if one.verdict == "PASS" and one.off_at_most > MAY_BE_OFF_MS]


@click.command("truth")
@click.option("--runs", default=20, show_default=True)
@click.option("--seconds", default=6, show_default=True)
@click.option("--lowest", default=0.5, show_default=True, help="Share of the maximum.")
@click.option("--highest", default=2.0, show_default=True, help="Share of the maximum.")
@click.option("--write", is_flag=True, help="Write it into the README.")
def truth_command(runs: int, seconds: int, lowest: float, highest: float, write: bool) -> None:
    """Whether a PASS can be wrong: from half an agent's maximum to twice it, and with many VUs."""
    with bench() as target:
        maximum = target.maximum(seconds)
        rates = [round(maximum * share) for share in np.linspace(lowest, highest, runs).tolist()]
        arriving = list(_told(target.open(rate, seconds) for rate in rates))
        closed = list(_told(target.closed(vus, seconds) for vus in _VUS))
    false = len(false_passes([*arriving, *closed]))
    told = (
        f"The agent's maximum: {maximum:,.0f} requests/s",
        open_table(maximum, seconds, arriving),
        closed_table(seconds, closed),
        f"PASS although off by more than {MAY_BE_OFF_MS:g} ms: {false}",
    )
    text = "\n\n".join(told)
    click.echo(text)
    if write:
        page.put("truth", text)
    sys.exit(bool(false))


def _told(points: Iterator[Point]) -> Iterator[Point]:
    """Each as soon as it is there: all of them take minutes."""
    for point in points:
        click.echo(f"{point}", err=True)
        yield point
