"""`python -m benchmarks.wolf`: does `compare` cry wolf, and does it come when there is one? docs/comparing.md.

Pairs of runs are drawn from worlds that are known, and compared by the code that `groundswell compare` runs. Of pairs
of the same build, how many get any `worse`? Of pairs in which all of the candidate's times are 5 % longer, how many
get `worse` for p(95)? `--measured FILE` adds the seconds of a run that was exported, drawn again in blocks.
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Protocol

import click
import numpy as np
from tests.coordinator.compare.simulated import METRIC, SimulatedRun

from groundswell.metrics.buckets import highest_equivalent
from groundswell.metrics.histogram import Histogram
from groundswell.v1.metrics_pb2 import Report
from groundswell_coordinator.compare.comparison import compare
from groundswell_coordinator.compare.difference import Word
from groundswell_coordinator.compare.party import Party
from groundswell_coordinator.store.run_file import reading
from groundswell_coordinator.timeline.interval import Interval
from groundswell_coordinator.timeline.slice import trend_of

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import NDArray

    from groundswell_coordinator.compare.comparison import Comparison

    Random = np.random.Generator
    Floats = NDArray[np.float64]

_SEED = 7
_SLOWER = 1.05


class World(Protocol):
    """Where runs come from. `build` times longer are all of its times."""

    @property
    def name(self) -> str: ...

    def run(self, random: Random, seconds: int, rate: int, build: float) -> list[Histogram]:
        """A histogram a second."""
        ...


@dataclass(frozen=True, slots=True)
class Drifting:
    """Lognormal times around 20 ms. Each second has a level, which wanders as the one before it did.

    `likeness` is the correlation of a second's level with the next, `spread` the standard deviation of its logarithm,
    `between` that of a whole run's; `slow` of the requests take eight times as long.
    """

    name: str
    likeness: float = 0.0
    spread: float = 0.0
    slow: float = 0.0
    between: float = 0.0

    def run(self, random: Random, seconds: int, rate: int, build: float) -> list[Histogram]:
        levels = self._levels(random, seconds) + self.between * random.standard_normal()
        return [
            _histogram(self._times(random, random.poisson(rate)) * np.exp(level) * build)
            for level in levels.tolist()
        ]

    def _levels(self, random: Random, seconds: int) -> Floats:
        levels = np.empty(seconds)
        level = random.standard_normal()
        for second in range(seconds):
            levels[second] = level
            news = np.sqrt(1 - self.likeness**2) * random.standard_normal()
            level = self.likeness * level + news
        return self.spread * levels

    def _times(self, random: Random, count: int) -> Floats:
        times = random.lognormal(np.log(20.0), 0.5, count)
        return np.where(random.random(count) < self.slow, 8 * times, times)


@dataclass(frozen=True, slots=True)
class Measured:
    """The seconds of a real run, drawn again in stretches of half a minute on average.

    The rate is the run's own.
    """

    name: str
    seconds: Sequence[Histogram]

    @classmethod
    def of(cls, file: Path) -> Measured:
        with reading(file) as foreign:
            found = [_of_interval(one.merged) for one in foreign.intervals()]
        # The first seconds open the connections, the last ones are not whole.
        return cls(f"measured: {file.name}", [one for one in found if one.count][3:-2])

    def run(self, random: Random, seconds: int, rate: int, build: float) -> list[Histogram]:
        place, drawn = int(random.integers(len(self.seconds))), list[Histogram]()
        while len(drawn) < seconds:
            drawn.append(_slower(self.seconds[place], build))
            is_new = random.random() < 1 / 30
            place = int(random.integers(len(self.seconds))) if is_new else place + 1
            place %= len(self.seconds)
        return drawn


WORLDS = (
    Drifting("independent seconds"),
    Drifting("levels of ±10 %, likeness 0.7", likeness=0.7, spread=0.1),
    Drifting("levels of ±20 %, likeness 0.9", likeness=0.9, spread=0.2),
    Drifting("one in twenty 8 × as slow, likeness 0.7", likeness=0.7, spread=0.1, slow=0.05),
)
RESTLESS = Drifting("runs differ by ±3 %", likeness=0.7, spread=0.1, between=0.03)


@click.command()
@click.option("--pairs", default=200, show_default=True)
@click.option("--seconds", default=300, show_default=True)
@click.option("--rate", default=200, show_default=True, help="Requests a second.")
@click.option("--measured", type=click.Path(exists=True, path_type=Path), multiple=True)
def main(pairs: int, seconds: int, rate: int, measured: tuple[Path, ...]) -> None:
    """Print a table."""
    worlds: list[World] = [*WORLDS, *map(Measured.of, measured)]
    click.echo(
        "| runs | any `worse`, same build | p(95) `worse`, same build | p(95) found at +5 % |"
    )
    click.echo("|---|--:|--:|--:|")
    for world in worlds:
        click.echo(_line(world, 1, pairs, seconds, rate))
    # A group's runs are shorter: five of them take as long as one.
    for runs in (1, 5):
        click.echo(_line(RESTLESS, runs, pairs, seconds // runs, rate))


def _line(world: World, runs: int, pairs: int, seconds: int, rate: int) -> str:
    random = np.random.default_rng(_SEED)
    cries = wrongly = found = 0
    for _ in range(pairs):
        same = _pair(world, random, runs, seconds, rate, 1.0)
        cries += _cries(same)
        wrongly += _word(same) is Word.WORSE
    for _ in range(pairs):
        found += _word(_pair(world, random, runs, seconds, rate, _SLOWER)) is Word.WORSE
    shares = (count / pairs for count in (cries, wrongly, found))
    size = f"{runs} × {seconds} s a side" if runs > 1 else f"{seconds} s a side"
    return f"| {world.name}, {size} | {' | '.join(f'{100 * share:.1f} %' for share in shares)} |"


def _pair(
    world: World, random: Random, runs: int, seconds: int, rate: int, build: float
) -> Comparison:
    sides = (
        tuple(SimulatedRun.of(world.run(random, seconds, rate, times)) for _ in range(runs))
        for times in (1.0, build)
    )
    base, candidate = (Party(name, side) for name, side in zip("AB", sides, strict=True))
    return compare(base, candidate)


def _cries(comparison: Comparison) -> bool:
    return any(row.word is Word.WORSE for row in comparison.rows)


def _word(comparison: Comparison) -> Word:
    return next(row.word for row in comparison.rows if row.figure.name == "p(95)")


def _histogram(milliseconds: Floats) -> Histogram:
    histogram = Histogram()
    histogram.add_ns((milliseconds * 1e6).astype(np.int64))
    return histogram


def _slower(histogram: Histogram, times: float) -> Histogram:
    if times == 1.0:
        return histogram
    buckets, counts = histogram.buckets()
    values = np.repeat([highest_equivalent(bucket) for bucket in buckets.tolist()], counts)
    return _histogram(values / 1000 * times)


def _of_interval(merged: bytes) -> Histogram:
    interval = Interval.from_report(Report.FromString(merged))
    return trend_of(interval, [one for one in interval.trends if METRIC.matches(one)])


if __name__ == "__main__":
    main()
