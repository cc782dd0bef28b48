"""`python -m benchmarks.omission FOLDER`: one stall, looked at in four ways; docs/coordinated-omission.md.

A target answers in 5 ms and is asked 200 times a second, for ten seconds; for two of them it is stopped. First by
VUs that wait for it, then by arrivals that do not, then by arrivals with too few VUs; in the fourth run it is the
generator that is stopped. Writes the plots into FOLDER and prints the table.
"""

from __future__ import annotations

import time
from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import TYPE_CHECKING, Any, Protocol, cast
from urllib.parse import unquote

import click
from hdrh.histogram import HdrHistogram  # pyright: ignore[reportMissingTypeStubs]
from hdrh.log import HistogramLogReader  # pyright: ignore[reportMissingTypeStubs]
from tests.e2e.commands import Groundswell
from tests.e2e.truth.cores import pin_run
from tests.e2e.truth.reckoning import DURATION, RESPONSE, planned_moments, start_of
from tests.e2e.truth.server import Behaviour
from tests.e2e.truth.target import stall, truthful_target
from tests.e2e.writing import STRICT, arrivals, users, write_test

from benchmarks.svg import Axis, Plot

if TYPE_CHECKING:
    from collections.abc import Sequence

    import numpy as np
    from numpy.typing import NDArray
    from tests.e2e.commands import Ran
    from tests.e2e.truth.target import Log
    from tests.e2e.writing import Fields


_RATE, _SECONDS, _STALL_AT_S, _STALL_S = 200, 10, 3.0, 2.0
_PATH = "/delay/5"
_STATISTICS = ("med", "p(90)", "p(95)", "p(99)", "p(99.9)", "max")
_RED, _BLUE = "#c8432b", "#2b6cb0"


@dataclass(frozen=True, slots=True)
class View:
    """One way to ask. `stops_agent`: the stall is not the target's."""

    name: str
    scenario: Fields
    stops_agent: bool = False


# Ten VUs that pause 45 ms after 5 ms ask 200 times a second, as the arrivals do.
VIEWS = (
    View(
        "closed: 10 VUs",
        users(10, f"{_SECONDS}s", steps=[{"get": _PATH}, {"pause": "45ms"}]),
    ),
    View("open: 200 arrivals/s", arrivals(f"{_RATE}/s", f"{_SECONDS}s", _PATH, max_vus=1000)),
    View("open, 10 VUs at most", arrivals(f"{_RATE}/s", f"{_SECONDS}s", _PATH, max_vus=10)),
    View(
        "open, the generator stops",
        arrivals(f"{_RATE}/s", f"{_SECONDS}s", _PATH, max_vus=1000),
        stops_agent=True,
    ),
)


class _Histogram(Protocol):
    """What is asked of the library's histogram, which has no types."""

    def get_tag(self) -> str: ...
    def get_value_at_percentile(self, percentile: float) -> int: ...


@dataclass(frozen=True, slots=True)
class Seen:
    """What a run said, and what its target logged; moments in ns of CLOCK_MONOTONIC."""

    view: View
    ran: Ran
    log: Log
    logs: Path
    stalled: tuple[int, int]

    @property
    def start(self) -> int:
        return start_of(self.ran.summary)

    def curve(self, metric: str) -> list[tuple[float, float]]:
        """From the run's own histograms: (1 / (1 - share), ms)."""
        histogram = _histogram(self.logs, metric)
        shares = [1 - 10 ** -(at / 20) for at in range(6, 67)]
        return [
            (1 / (1 - share), histogram.get_value_at_percentile(100 * share) / 1000)
            for share in shares
        ]


def see(view: View, folder: Path) -> Seen:
    folder.mkdir()
    groundswell = Groundswell(folder)
    with truthful_target(folder / "target", Behaviour(gap_ms=0.2)) as target:
        thresholds = {"http_req_failed": ["rate < 1%"]}
        test = write_test(
            folder,
            target.url,
            {"load": view.scenario},
            thresholds=thresholds,
            generator_limits=STRICT,
        )
        with groundswell.starting_run(test, "--hdr", folder / "hdr") as running:
            (agent,) = pin_run(groundswell, running)
            target.wait_for_load()
            time.sleep(_STALL_AT_S)
            stalled = stall(agent.pid, _STALL_S) if view.stops_agent else target.stall(_STALL_S)
            ran = running.end_of_run()
        return Seen(view, ran, target.log(), folder / "hdr" / "merged.hlog", stalled)


def _histogram(log: Path, metric: str) -> _Histogram:
    """All seconds and all series of one metric; in microseconds."""
    total: Any = HdrHistogram(1, 3_600_000_000, 3)
    reader: Any = HistogramLogReader(str(log), HdrHistogram(1, 3_600_000_000, 3))
    try:
        while (one := cast("_Histogram | None", reader.get_next_interval_histogram())) is not None:
            if unquote(one.get_tag()).partition("{")[0] == metric:
                total.add(one)
    finally:
        reader.close()
    return cast("_Histogram", total)


def table(seen: Sequence[Seen]) -> str:
    """As Markdown: the figures of each run, as its summary has them."""
    rows: list[str] = []
    for one in seen:
        summary = one.ran.summary
        requests = round(one.ran.count("http_reqs"))
        for metric in (DURATION, RESPONSE):
            values = summary.metrics[metric].values
            figures = " | ".join(_shown(values[name]) for name in _STATISTICS)
            rows.append(
                f"| {one.view.name} | {requests:,} | `{metric}` | {figures} | {summary.verdict} |"
            )
    head = f"| load | requests | metric | {' | '.join(_STATISTICS)} | verdict |"
    return "\n".join((head, "|---" * 10 + "|", *rows))


def curves(closed: Seen, arriving: Seen) -> Plot:
    times = [(1, "1 ms"), (10, "10 ms"), (100, "100 ms"), (1000, "1 s")]
    shares = [(2, "50 %"), (10, "90 %"), (100, "99 %"), (1000, "99.9 %")]
    plot = Plot(
        "One stall of two seconds: what each percentile says",
        Axis("of the requests took at most this long", 2, 2000, shares, is_logarithmic=True),
        Axis("time", 1, 4000, times, is_logarithmic=True),
    )
    plot.line("closed, http_req_duration", _RED, closed.curve(DURATION))
    plot.line("open, http_req_response_time", _BLUE, arriving.curve(RESPONSE))
    return plot


def timeline(closed: Seen, arriving: Seen) -> Plot:
    """Each request, as the target logged it: when it was due or came, and how long it took from then."""
    plot = Plot(
        "One stall of two seconds: each request as one dot",
        Axis("second of the run", 0, _SECONDS, [(s, str(s)) for s in range(0, _SECONDS + 1, 2)]),
        Axis(
            "time",
            0,
            2200,
            [(0, "0"), (500, "0.5 s"), (1000, "1 s"), (1500, "1.5 s"), (2000, "2 s")],
        ),
    )
    planned = planned_moments(arriving.start, _RATE, len(arriving.log))
    plot.dots("closed, from when a VU sent it", _RED, _dots(closed, closed.log.arrived), size=7)
    plot.dots("open, from the planned moment on", _BLUE, _dots(arriving, planned))
    begin, end = ((moment - arriving.start) / 1e9 for moment in arriving.stalled)
    plot.span("the target is stopped", begin, end)
    return plot


def _dots(seen: Seen, since: NDArray[np.int64]) -> list[tuple[float, float]]:
    moments, took = (since - seen.start) / 1e9, (seen.log.last - since) / 1e6
    return list(zip(moments.tolist(), took.tolist(), strict=True))


def _shown(ms: float) -> str:
    return f"{ms:.1f} ms" if ms < 1000 else f"{ms / 1000:.2f} s"


@click.command()
@click.argument("folder", type=click.Path(path_type=Path, file_okay=False))
def main(folder: Path) -> None:
    """One stall, looked at in four ways: plots into FOLDER, the table to stdout."""
    folder.mkdir(parents=True, exist_ok=True)
    with TemporaryDirectory() as name:
        seen = [see(view, Path(name) / str(at)) for at, view in enumerate(VIEWS)]
        closed, arriving = seen[0], seen[1]
        plots = {
            "percentiles": curves(closed, arriving),
            "timeline": timeline(closed, arriving),
        }
    for stem, plot in plots.items():
        (folder / f"{stem}.svg").write_text(plot.to_svg(), encoding="utf-8")
    click.echo(table(seen))


if __name__ == "__main__":
    main()
