"""`python -m benchmarks.wolf_runs`: the same as `benchmarks.wolf` asks, of real runs against a real target.

`--runs` of one build and as many of a build that takes 5 % longer, each a `groundswell run`, one of each at the same
time; then pairs of them are compared, alone, with all other runs of the first build as the history of their test, and
in groups. It takes its time: 12 runs of 32 s take 7 minutes. What stands in `--folder` already is not run again.
"""

from __future__ import annotations

import os
import subprocess
import sys
import tempfile
import time
from contextlib import contextmanager
from pathlib import Path
from random import Random
from typing import TYPE_CHECKING

import click

from groundswell_coordinator.compare.comparison import compare
from groundswell_coordinator.compare.difference import Word
from groundswell_coordinator.compare.party import Party, SummaryAlone
from groundswell_coordinator.compare.read_run import read_run
from groundswell_coordinator.store.run_store import RunStore

if TYPE_CHECKING:
    from collections.abc import Generator, Iterable, Sequence

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
@click.option("--runs", default=12, show_default=True, help="Of each build.")
@click.option("--seconds", default=32, show_default=True, help="Of each run, 2 s of warm-up.")
@click.option("--rate", default=1000, show_default=True)
@click.option("--folder", type=click.Path(path_type=Path), help="Keep the runs there.")
@click.option("--pairs", default=200, show_default=True)
def main(runs: int, seconds: int, rate: int, folder: Path | None, pairs: int) -> None:
    """Print a few lines."""
    with tempfile.TemporaryDirectory() as temporary:
        place = folder or Path(temporary)
        place.mkdir(exist_ok=True)
        with _target(place) as url:
            for name, path in _BUILDS.items():
                text = _TEST.format(url=url, rate=rate, seconds=seconds, path=path)
                (place / f"{name}.yaml").write_text(text)
            for number in range(len(_lines(place, "same")), runs):
                _run(place, list(_BUILDS))
                click.echo(f"{number + 1} of {runs}", err=True)
        same, slower = (_read(place, name) for name in _BUILDS)
    random = Random(7)  # nothing is hidden by it
    _report("alone", [_drawn(random, same, slower, 1) for _ in range(pairs)])
    _report(
        "with the others as a history",
        [_drawn(random, same, slower, 1, True) for _ in range(pairs)],
    )
    _report("groups of 5", [_drawn(random, same, slower, 5) for _ in range(pairs)])
    at_once = zip(same, slower, strict=True)
    found = [_is_worse(compare(Party("A", (one,)), Party("B", (other,)))) for one, other in at_once]
    click.echo(f"run at the same time: 5 % found in {_share(found)} of {len(found)}")


def _report(how: str, drawn: Sequence[tuple[Comparison, Comparison]]) -> None:
    click.echo(
        f"{how}: same build, any worse {_share(_cries(one) for one, _ in drawn)},"
        f" p(95) worse {_share(_is_worse(one) for one, _ in drawn)};"
        f" 5 % slower, p(95) found {_share(_is_worse(other) for _, other in drawn)}"
    )


def _drawn(
    random: Random,
    same: Sequence[MeasuredRun],
    slower: Sequence[MeasuredRun],
    size: int,
    has_history: bool = False,
) -> tuple[Comparison, Comparison]:
    """Of the same build, and of both."""
    one, other = _split(random.sample(range(len(same)), 2 * size))
    earlier = tuple(
        SummaryAlone(run.summary)
        for at, run in enumerate(same)
        if has_history and at not in (*one, *other)
    )
    base = Party("A", tuple(same[at] for at in one), earlier)
    return (
        compare(base, Party("B", tuple(same[at] for at in other))),
        compare(base, Party("C", tuple(random.sample(slower, size)))),
    )


def _split(places: list[int]) -> tuple[list[int], list[int]]:
    half = len(places) // 2
    return places[:half], places[half:]


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
def _target(folder: Path) -> Generator[str]:
    port_file = folder / "port"
    port_file.unlink(missing_ok=True)
    command = [sys.executable, "-m", "benchmarks.wolf_target", str(port_file)]
    process = subprocess.Popen(command, stdout=subprocess.DEVNULL)
    try:
        while not port_file.exists() or not port_file.read_text():
            time.sleep(0.05)
        yield f"http://127.0.0.1:{port_file.read_text().strip()}"
    finally:
        process.terminate()
        process.wait()


if __name__ == "__main__":
    main()
