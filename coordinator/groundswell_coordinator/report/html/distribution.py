"""How latency is distributed: by percentile, as HdrHistogram's plots have it, and over time."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Any

from groundswell_coordinator.report.html.figure import Figure, log_axis, plain, rounded
from groundswell_coordinator.report.html.timeline import moment, time_layout

if TYPE_CHECKING:
    from collections.abc import Mapping

    from groundswell.metrics.histogram import Histogram
    from groundswell_coordinator.report.course import Course
    from groundswell_coordinator.report.html.timeline import Marks

_PER_DECADE = 24
_COLORS = ("$a", "$d", "$c", "$e", "$f", "$b")
_HEAT = 5


def by_percentile(histograms: Mapping[str, Histogram], *, id_: str = "percentiles") -> Figure:
    """Each histogram a line, by its name; the axis spreads the percentiles that are rare."""
    traces = [
        _percentile_line(name, histogram, _COLORS[at % len(_COLORS)])
        for at, (name, histogram) in enumerate(histograms.items())
        if histogram.count
    ]
    highest = max((histogram.count for histogram in histograms.values()), default=1)
    ticks = [1.0, 2.0, 10.0]
    while ticks[-1] < highest and ticks[-1] < 1e7:
        ticks.append(ticks[-1] * 10)
    layout = {
        "xaxis": {
            "type": "log",
            "title": {"text": "percentile"},
            "tickvals": ticks,
            "ticktext": [f"{100 * (1 - 1 / tick):.6g}" for tick in ticks],
            "showspikes": False,
        },
        "yaxis": log_axis("ms"),
        "hovermode": "closest",
    }
    return Figure(id_, "Latency by percentile", traces, layout, 360)


def heat_map(course: Course, marks: Marks) -> Figure | None:
    """Columns of time, rows of latency; the colour is how many requests, by powers."""
    counts = course.heat.counts
    if not counts.size:
        return None
    trace: dict[str, Any] = {
        "type": "heatmap",
        "x": [moment(at) for at in course.heat.starts_s],
        "y": rounded(course.heat.edges_ms.tolist()),
        "z": [[count or None for count in row] for row in counts.tolist()],
        "colorscale": _powers(int(counts.max())),
        "zmin": 0,
        "zmax": int(counts.max()),
        "hoverongaps": False,
        "colorbar": {"title": {"text": "requests"}, "thickness": 12},
        "hovertemplate": "%{x|%H:%M:%S}, %{y:.4g} ms: %{z} requests<extra></extra>",
    }
    layout = time_layout(marks, "ms", hovermode="closest")
    layout["yaxis"] = log_axis("ms")
    return Figure("heat", "Requests by latency over time", [trace], layout, 360)


def _percentile_line(name: str, histogram: Histogram, color: str) -> dict[str, Any]:
    end = max(math.log10(histogram.count), 0.3)
    steps = max(2, round(end * _PER_DECADE))
    places = [10 ** (end * step / steps) for step in range(steps + 1)]
    percentiles = [*(100 * (1 - 1 / place) for place in places), 100.0]
    xs = [*places, places[-1] * 2]
    return {
        "type": "scatter",
        "mode": "lines",
        "name": plain(name),
        "x": rounded(xs),
        "y": rounded(histogram.percentiles(percentiles)),
        "text": [f"{percentile:.6g}" for percentile in percentiles],
        "hovertemplate": "p%{text}: %{y:.4g} ms<extra></extra>",
        "line": {"color": color, "width": 2},
    }


def _powers(most: int) -> list[list[float | str]]:
    """Equal steps of colour for equal factors of requests, from 1 on."""
    places = [most ** (step / (_HEAT - 1)) / most for step in range(_HEAT)]
    scale: list[list[float | str]] = [[place, f"$heat{step}"] for step, place in enumerate(places)]
    # The scale has to begin at 0, and places must rise.
    if most == 1:
        return [[0, "$heat0"], [1, f"$heat{_HEAT - 1}"]]
    return [[0, "$heat0"], *scale]
