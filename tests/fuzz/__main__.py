"""`python -m tests.fuzz`: all decoders, one after the other, each in a process of its own.

    python -m tests.fuzz --seconds 600               ten minutes, the same for each
    python -m tests.fuzz --only "run file" --seed 7  one, with other inputs

A decoder fails where it raises what it may not, dies, is held for longer than a moment by one input,
or grows. The input is then in `tests/fuzz/found/`, where a test goes over it from now on.
"""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

import click

from tests.fuzz.decoders import all_decoders
from tests.fuzz.flight import Flight
from tests.fuzz.worker import Account

_FOUND = Path(__file__).parent / "found"
# Of memory, from the first tenth of the time to its end. What the allocator keeps in pieces is less.
_MOST_GROWTH_MIB = 16.0


@dataclass(frozen=True, slots=True)
class Outcome:
    """`fault` is empty where all went well."""

    name: str
    account: Account | None
    fault: str = ""

    @property
    def line(self) -> str:
        account = self.account
        if account is None:
            return f"{self.name:36} FAILED: {self.fault}"
        return (
            f"{self.name:36} {account.inputs:>10,} {account.refused / account.inputs:>8.0%}"
            f" {account.slowest_ms:>9.1f} {account.rss_before_mib:>7.1f} {account.rss_after_mib:>7.1f}"
            + (f"  FAILED: {self.fault}" if self.fault else "")
        )


@click.command()
@click.option("--seconds", default=60, show_default=True, help="For all of them together.")
@click.option("--seed", default=None, type=int, help="Of the inputs; by default today's date.")
@click.option("--only", multiple=True, metavar="NAME", help="These decoders alone.")
def main(seconds: int, seed: int | None, only: tuple[str, ...]) -> None:
    """Give every decoder of foreign bytes inputs that nobody has thought of."""
    names = only or tuple(all_decoders())
    seed = int(datetime.now(UTC).strftime("%Y%m%d")) if seed is None else seed
    click.echo(f"seed {seed}, {seconds} s for {len(names)} decoders")
    click.echo(f"{'decoder':36} {'inputs':>10} {'refused':>8} {'slowest':>9} {'MiB':>7} {'MiB':>7}")
    outcomes = list[Outcome]()
    for name in names:
        outcomes.append(_outcome(name, seconds / len(names), seed))
        click.echo(outcomes[-1].line)
    total = sum(one.account.inputs for one in outcomes if one.account is not None)
    failed = [one for one in outcomes if one.fault]
    click.echo(f"{total:,} inputs, {len(failed)} decoders failed")
    sys.exit(bool(failed))


def _outcome(name: str, seconds: float, seed: int) -> Outcome:
    with Flight() as flight:
        command = [sys.executable, "-m", "tests.fuzz.worker", name, str(seconds), str(seed)]
        done = subprocess.run([*command, str(flight.path)], stdout=subprocess.PIPE, check=False)
        if done.returncode:
            place = _keep(name, flight.last())
            return Outcome(name, None, f"{_ending(done.returncode)}, see {place}")
    account = Account(**json.loads(done.stdout))
    growth = account.rss_after_mib - account.rss_before_mib
    return Outcome(name, account, f"+{growth:.1f} MiB" if growth > _MOST_GROWTH_MIB else "")


def _ending(code: int) -> str:
    if code == -signal.SIGALRM:
        return "held by one input"
    return f"killed by {signal.Signals(-code).name}" if code < 0 else "an exception"


def _keep(name: str, data: bytes) -> str:
    folder = _FOUND / name.replace(" ", "_").replace("'", "")
    folder.mkdir(parents=True, exist_ok=True)
    place = folder / f"{datetime.now(UTC):%Y%m%dT%H%M%S}"
    place.write_bytes(data)
    return os.path.relpath(place)


if __name__ == "__main__":
    main()
