"""A search for capacity on a page: the answer, rate against times, errors and what was achieved, all levels."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from groundswell_coordinator.report.capacity_words import (
    TITLES,
    answer,
    cells,
    findings,
    result,
    tried,
)
from groundswell_coordinator.report.html.figure import Figure, log_axis, right_axis, rounded
from groundswell_coordinator.report.html.markup import Markup, element, section, table

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Sequence

    from groundswell_coordinator.report.capacity_summary import CapacitySummary, LevelSummary

_STYLES = {"passed": "good", "failed": "bad"}
_OF_RATE = {"xaxis": log_axis("iterations per second, planned", ticks=3)}


def figures(found: CapacitySummary | None) -> list[Figure]:
    """None where the run was no search, or ended before its first level."""
    if found is None or not (levels := tried(found)):
        return []
    return [_times(levels), _achieved(levels)]


def capacity(found: CapacitySummary | None, plots: Iterable[Figure]) -> Markup:
    if found is None:
        return Markup()
    told = (element("li", element("b", what), f": {text}") for what, text in findings(found))
    rows = (
        (element("span", result(level), class_=_STYLES.get(level.outcome, "doubt")), *cells(level))
        for level in tried(found)
    )
    drawn = (part for one in plots for part in (element("h3", one.described), one.place()))
    about = f"Iterations per second of {', '.join(found.scenarios)}."
    title = f"Capacity {answer(found)}"
    lists = element("ul", *told)
    return section(title, lists, *drawn, table(("", *TITLES), rows, texts=1), about=about)


def _times(levels: Sequence[LevelSummary]) -> Figure:
    traces = [
        _line(levels, "p50", lambda level: level.p50_ms, "$a"),
        _line(levels, "p95", lambda level: level.p95_ms, "$c"),
        _line(levels, "p99", lambda level: level.p99_ms, "$d"),
        _marks([level for level in levels if level.outcome != "passed"]),
    ]
    layout = {**_OF_RATE, "yaxis": log_axis("ms")}
    return Figure(
        "capacity-times", "Service time by rate", [one for one in traces if one["x"]], layout
    )


def _achieved(levels: Sequence[LevelSummary]) -> Figure:
    traces = [
        _line(levels, "iterations started", lambda level: level.achieved, "$a"),
        _line(levels, "requests answered", lambda level: level.requests, "$c"),
        _line(levels, "failed, %", lambda level: 100 * level.failed, "$bad", yaxis="y2"),
    ]
    axes = {"yaxis": log_axis("per second"), "yaxis2": right_axis("%")}
    return Figure(
        "capacity-rates",
        "What was achieved, and what failed, by rate",
        traces,
        {**_OF_RATE, **axes},
    )


def _line(
    levels: Sequence[LevelSummary],
    name: str,
    value: Callable[[LevelSummary], float | None],
    color: str,
    **more: str,
) -> dict[str, Any]:
    return {
        "type": "scatter",
        "mode": "lines+markers",
        "name": name,
        "x": rounded(level.rate for level in levels),
        "y": rounded(map(value, levels)),
        "line": {"color": color, "width": 1.5},
        **more,
    }


def _marks(levels: Sequence[LevelSummary]) -> dict[str, Any]:
    """A cross on the p95 of what did not pass."""
    return {
        "type": "scatter",
        "mode": "markers",
        "name": "did not pass",
        "x": rounded(level.rate for level in levels),
        "y": rounded(level.p95_ms for level in levels),
        "text": [result(level) for level in levels],
        "marker": {"symbol": "x", "size": 9, "color": "$bad"},
        "hovertemplate": "%{x}/s: %{text}<extra></extra>",
    }
