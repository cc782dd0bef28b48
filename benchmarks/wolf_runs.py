"""`python -m benchmarks.wolf_runs`: the same as `benchmarks.wolf` asks, of real runs against a real target.

`--runs` of one build and as many of a build that takes 5 % longer, each a `groundswell run`, `--at-once` of each at the
same time; then pairs of them are compared. It takes its time: 70 runs of 62 s, two of each build at once, take 40
minutes. With `--target-of demo` the target is the demo's `/fast`, which takes as long as the machine pleases.
What stands in `--folder` already is not run again.
"""

from __future__ import annotations

import os
import random
import subprocess
import sys
import tempfile
import time
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

import click

from groundswell_coordinator.compare.comparison import compare
from groundswell_coordinator.compare.difference import Word
from groundswell_coordinator.compare.party import Party
from groundswell_coordinator.compare.read_run import read_run
from groundswell_coordinator.store.run_store import RunStore

if TYPE_CHECKING:
    from collections.abc import Generator, Iterable

    from groundswell_coordinator.compare.comparison import Comparison
    from groundswell_coordinator.compare.measured_run import MeasuredRun
    from groundswell_coordinator.store.records import RunLine

_TEST = """\
test: wolf
target: {url}
warmup: 2s
generator_limits: {{send_lag: 10s, loop_lag: 10s}}
scenarios:
  load:
    executor: constant-arrival-rate
    rate: {rate}/s
    duration: {seconds}s
    max_vus: 400
    steps: [{{get: "{path}", name: page}}]
"""
_BUILDS = {"same": "/", "slower": "/x1.05"}
_P95 = ("http_req_duration", "p(95)")


@click.command()
@click.option("--runs", default=60, show_default=True, help="Of each build.")
@click.option("--seconds", default=62, show_default=True, help="Of each run, 2 s of warm-up.")
@click.option("--rate", default=300, show_default=True)
@click.option("--at-once", default=2, show_default=True)
@click.option("--folder", type=click.Path(path_type=Path), help="Keep the runs there.")
@click.option("--pairs", default=200, show_default=True)
@click.option("--target-of", type=click.Choice(["wolf", "demo"]), default="wolf")
def main(
    runs: int,
    seconds: int,
    rate: int,
    at_once: int,
    folder: Path | None,
    pairs: int,
    target_of: str,
) -> None:
    """Print a few lines."""
    with tempfile.TemporaryDirectory() as temporary:
        place = folder or Path(temporary)
        place.mkdir(exist_ok=True)
        builds = _BUILDS if target_of == "wolf" else {"same": "/fast"}
        with _target(place, target_of) as url:
            for name, path in builds.items():
                text = _TEST.format(url=url, rate=rate, seconds=seconds, path=path)
                (place / f"{name}.yaml").write_text(text)
            for number in range(len(_lines(place, "same")), runs, at_once):
                _run(place, [name for name in builds for _ in range(at_once)])
                click.echo(f"{number + at_once} of {runs}", err=True)
        _report({name: _read(place, name) for name in builds}, pairs)


def _report(found: dict[str, list[MeasuredRun]], pairs: int) -> None:
    draw = random.Random(7)  # nothing is hidden by it
    same = [_pair(*draw.sample(found["same"], 2)) for _ in range(pairs)]
    click.echo(
        f"same build: {_share(map(_cries, same))} any worse, {_share(map(_is_worse, same))} p(95)"
    )
    if "slower" in found:
        slower = [
            _pair(draw.choice(found["same"]), draw.choice(found["slower"])) for _ in range(pairs)
        ]
        click.echo(f"5 % slower: {_share(map(_is_worse, slower))} p(95) found")
    _side_by_side(found)
    for size in (5,):
        groups = [_groups(found, draw, size) for _ in range(pairs)]
        click.echo(
            f"groups of {size}, same build: {_share(_cries(one) for one, _ in groups)} any worse"
        )
        if "slower" in found:
            share = _share(_is_worse(other) for _, other in groups if other is not None)
            click.echo(f"groups of {size}, 5 % slower: {share} p(95) found")


def _side_by_side(found: dict[str, list[MeasuredRun]]) -> None:
    """Of runs that were made at the same time; the same builds in both directions."""
    same, slower = found["same"], found.get("slower", [])
    at_once = [(same[at], same[at + 1]) for at in range(0, len(same) - 1, 2)]
    pairs = [_pair(one, other) for pair in at_once for one, other in (pair, pair[::-1])]
    click.echo(f"at the same time, same build: {_share(map(_cries, pairs))} of {len(pairs)}")
    if slower:
        twos = (
            (one, other)
            for at, pair in enumerate(at_once)
            for one in pair
            for other in slower[2 * at : 2 * at + 2]
        )
        found_ = [_is_worse(_pair(one, other)) for one, other in twos]
        click.echo(f"at the same time, 5 % slower: {_share(found_)} of {len(found_)} found")


def _groups(
    found: dict[str, list[MeasuredRun]], draw: random.Random, size: int
) -> tuple[Comparison, Comparison | None]:
    drawn = draw.sample(found["same"], 2 * size)
    one, other = Party("A", tuple(drawn[:size])), Party("B", tuple(drawn[size:]))
    slower = None
    if "slower" in found:
        slower = compare(one, Party("C", tuple(draw.sample(found["slower"], size))))
    return compare(one, other), slower


def _pair(one: MeasuredRun, other: MeasuredRun) -> Comparison:
    return compare(Party("A", (one,)), Party("B", (other,)))


def _cries(comparison: Comparison) -> bool:
    return any(row.word is Word.WORSE for row in comparison.rows)


def _is_worse(comparison: Comparison) -> bool:
    return any(
        row.word is Word.WORSE
        for row in comparison.rows
        if (str(row.figure.selection), row.figure.name) == _P95
    )


def _share(hits: Iterable[bool]) -> str:
    found = list(hits)
    return f"{100 * sum(found) / len(found):.1f} %"


def _run(folder: Path, names: list[str]) -> None:
    """All at the same time."""
    running = [
        subprocess.Popen(
            [
                sys.executable,
                "-m",
                "groundswell",
                "run",
                f"{folder}/{name}.yaml",
                "-q",
                "--agents",
                "1",
            ],
            env={**os.environ, "GROUNDSWELL_HOME": str(folder / name)},
        )
        for name in names
    ]
    codes = [process.wait() for process in running]
    if any(codes):
        raise RuntimeError(f"runs ended with {codes}")


def _lines(folder: Path, name: str) -> tuple[RunLine, ...]:
    with RunStore.open(_url(folder, name)) as store:
        return tuple(one for one in store.list_runs(10_000) if one.verdict)


def _read(folder: Path, name: str) -> list[MeasuredRun]:
    lines = _lines(folder, name)
    with RunStore.open(_url(folder, name)) as store:
        return [
            read_run(store.get_run(one.run_id), store.intervals(one.run_id), {}) for one in lines
        ]


def _url(folder: Path, name: str) -> str:
    (folder / name).mkdir(exist_ok=True)
    return f"sqlite:///{folder / name / 'groundswell.db'}"


@contextmanager
def _target(folder: Path, which: str) -> Generator[str]:
    port_file = folder / "port"
    module = {
        "wolf": ["benchmarks.wolf_target", str(port_file)],
        "demo": [
            "groundswell",
            "demo-target",
            "--listen",
            "127.0.0.1:0",
            "--port-file",
            str(port_file),
        ],
    }[which]
    process = subprocess.Popen([sys.executable, "-m", *module], stdout=subprocess.DEVNULL)
    try:
        while not port_file.exists() or not port_file.read_text():
            time.sleep(0.05)
        yield f"http://127.0.0.1:{port_file.read_text().strip()}"
    finally:
        process.terminate()
        process.wait()


if __name__ == "__main__":
    main()
