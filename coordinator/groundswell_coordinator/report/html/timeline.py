"""The course of a run as plots over its time: rates, latency, errors, VUs, the generator itself.

They share their time: what is zoomed in one is zoomed in all (`timeline` in their layout's `meta`).
"""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any

from groundswell_coordinator.report.html.figure import Figure, plain, right_axis, rounded

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from groundswell_coordinator.report.course import Course
    from groundswell_coordinator.report.html.events import Happening

Trace = dict[str, Any]
# Plotly shows times of day, so a run is shown as if it had begun at midnight.
_MIDNIGHT = datetime(1970, 1, 1, tzinfo=UTC)
_MOST_LABELS = 24


class Marks:
    """What is drawn into every plot over time: the warm-up, and what befell the run."""

    def __init__(self, warmup_s: float, happenings: Sequence[Happening]) -> None:
        self.shapes = [*_warmup(warmup_s), *map(_line, happenings)]
        self.annotations = [
            _label(number, one) for number, one in enumerate(happenings[:_MOST_LABELS], 1)
        ]
        if warmup_s:
            self.annotations.append(_warmup_label(warmup_s))


def timeline(course: Course, marks: Marks, plan: Sequence[tuple[float, float]]) -> list[Figure]:
    """A plot for each that has something to show. `plan` is what a summary says of it."""
    figures = (
        _rates(course, marks, plan),
        _latency(course, marks),
        _errors(course, marks),
        _vus(course, marks),
        _generator(course, marks),
    )
    return [figure for figure in figures if figure.traces]


def moment(seconds: float) -> str:
    """A time of the run, as the axis takes it."""
    return (_MIDNIGHT + timedelta(seconds=seconds)).strftime("%Y-%m-%d %H:%M:%S.%f")[:-3]


def time_layout(marks: Marks, title: str, **more: object) -> dict[str, Any]:
    """`title` is of the values."""
    return {
        "meta": "timeline",
        "xaxis": {"type": "date", "tickformat": "%H:%M:%S", "hoverformat": "%H:%M:%S"},
        "yaxis": {"title": {"text": title}, "rangemode": "tozero"},
        "shapes": marks.shapes,
        "annotations": marks.annotations,
        **more,
    }


def _rates(course: Course, marks: Marks, plan: Sequence[tuple[float, float]]) -> Figure:
    traces = [
        *_plan(plan),
        *_lines(course, "iterations started", course.fired, "$a"),
        *_lines(course, "requests", course.requests, "$c"),
    ]
    layout = time_layout(marks, "per second")
    return Figure("rates", "Rates over time, planned and achieved", traces, layout)


def _plan(plan: Sequence[tuple[float, float]]) -> Iterable[Trace]:
    """Of the test, and not of the agents: those that are lost do not tell what they were to do."""
    if plan:
        yield {
            "type": "scatter",
            "mode": "lines",
            "name": "iterations planned",
            "x": [moment(at) for at, _ in plan],
            "y": rounded(rate for _, rate in plan),
            "line": {"color": "$b", "width": 1.5, "dash": "dot"},
        }


def _latency(course: Course, marks: Marks) -> Figure:
    traces = [
        *_lines(course, "p50", course.p50_ms, "$a"),
        *_lines(course, "p95", course.p95_ms, "$c"),
        *_lines(course, "p99", course.p99_ms, "$d"),
        *_lines(course, "response time p99", course.response_p99_ms, "$e", dash="dot"),
    ]
    layout = time_layout(marks, "ms")
    return Figure("latency", "Percentiles of the service time over time", traces, layout)


def _errors(course: Course, marks: Marks) -> Figure:
    traces = [
        *_lines(course, "failed requests", course.failed, "$bad", fill="tozeroy"),
        *_lines(course, "dropped iterations", course.dropped, "$d"),
    ]
    traces = [trace for trace in traces if any(trace["y"])]
    layout = time_layout(marks, "per second")
    return Figure("errors", "Failed requests and dropped iterations over time", traces, layout, 240)


def _vus(course: Course, marks: Marks) -> Figure:
    traces = list(_lines(course, "VUs", course.vus, "$f", fill="tozeroy"))
    return Figure("vus", "Virtual users over time", traces, time_layout(marks, "VUs"), 220)


def _generator(course: Course, marks: Marks) -> Figure:
    cpu = [None if value is None else 100 * value for value in course.agent_cpu]
    traces = [
        *_lines(course, "busiest agent's CPU, %", cpu, "$b"),
        *_lines(course, "send lag p99, ms", course.send_lag_p99_ms, "$d", yaxis="y2"),
    ]
    layout = time_layout(marks, "%", yaxis2=right_axis("ms"))
    described = "CPU of the busiest agent, and the lag of iterations, over time"
    return Figure("generator", described, traces, layout, 240)


def _lines(
    course: Course, name: str, values: Sequence[float | None], color: str, **more: str
) -> Iterable[Trace]:
    if all(value is None for value in values):
        return
    trace: Trace = {
        "type": "scatter",
        "mode": "lines" if len(values) > 1 else "lines+markers",
        "name": name,
        "x0": moment(0),
        "dx": course.step_s * 1000,
        "y": rounded(values),
        "line": {"color": color, "width": 1.5},
    }
    if "dash" in more:
        trace["line"]["dash"] = more.pop("dash")
    if more.get("fill"):
        trace["fillcolor"] = f"{color}-area"
    yield trace | more


def _warmup(warmup_s: float) -> list[Trace]:
    if not warmup_s:
        return []
    area = {
        "type": "rect",
        "yref": "paper",
        "x0": moment(0),
        "x1": moment(warmup_s),
        "y0": 0,
        "y1": 1,
    }
    return [{**area, "fillcolor": "$warmup", "line": {"width": 0}, "layer": "below"}]


def _warmup_label(warmup_s: float) -> Trace:
    place = {"x": moment(0), "y": 1, "yref": "paper", "xanchor": "left", "yanchor": "top"}
    hover = f"nothing is judged in the first {warmup_s:g} s"
    return {**place, "text": "warm-up", "showarrow": False, "hovertext": hover}


def _line(one: Happening) -> Trace:
    at = moment(one.at_s)
    ends = {"type": "line", "yref": "paper", "x0": at, "x1": at, "y0": 0, "y1": 1}
    return {**ends, "line": {"color": "$event", "width": 1, "dash": "dash"}}


def _label(number: int, one: Happening) -> Trace:
    return {
        "x": moment(one.at_s),
        "y": 1,
        "yref": "paper",
        "yanchor": "bottom",
        "text": str(number),
        "showarrow": False,
        "font": {"color": "$event"},
        "hovertext": plain(f"{one.what}: {one.message}"),
    }
