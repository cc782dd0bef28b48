"""Small pictures in a line of text: how something went, and how it is distributed."""

from __future__ import annotations

from typing import TYPE_CHECKING

from rich.text import Text

from groundswell_coordinator.report import quantity
from groundswell_coordinator.report.lines import BAD, INDENT, QUIET, heading

if TYPE_CHECKING:
    from collections.abc import Sequence

    from groundswell_coordinator.report.summary import CourseSummary, Summary

_HEIGHTS = "▁▂▃▄▅▆▇█"
_NAME = 14


def spark(values: Sequence[float | None]) -> str:
    """From 0 to the highest; a blank where there is none. What is not 0 is seen not to be."""
    most = max((value for value in values if value is not None), default=0.0)
    return "".join(_height(value, most) for value in values)


def spark_between(values: Sequence[float | None]) -> str:
    """From the lowest to the highest: how something changed, where it is never near 0."""
    known = [value for value in values if value is not None]
    low, high = min(known, default=0.0), max(known, default=0.0)
    if high <= low:
        return "".join(" " if value is None else _HEIGHTS[3] for value in values)
    return "".join(
        " " if value is None else _HEIGHTS[round((value - low) / (high - low) * 7)]
        for value in values
    )


def timeline(summary: Summary) -> list[list[Text]]:
    """How the run went, a line for each thing worth a glance."""
    course = summary.course
    if course is None:
        return []
    step = "a second" if course.step_s == 1 else quantity.clock(course.step_s)
    title = heading("TIMELINE")
    title.append(f"  a column is {step}", QUIET)
    return [[title], _lines(course)]


def _lines(course: CourseSummary) -> list[Text]:
    percentiles = course.p95_ms or course.avg_ms
    name = "p(95)" if course.p95_ms else "avg"
    lines = [_line("requests/s", course.requests, quantity.per_second(max(course.requests)))]
    if any(course.failed):
        most = quantity.per_second(max(course.failed))
        lines.append(_line("failed/s", course.failed, most, BAD))
    if (highest := _most(percentiles)) is not None:
        lines.append(_line(name, percentiles, quantity.duration(highest)))
    if (highest := _most(course.vus)) is not None:
        lines.append(_line("VUs", course.vus, quantity.plain(round(highest))))
    return lines


def _line(name: str, values: Sequence[float | None], most: str, style: str = "") -> Text:
    return Text.assemble(
        INDENT, f"{name:<{_NAME}}", (spark(values), style), (f"  at most {most}", QUIET)
    )


def _most(values: Sequence[float | None]) -> float | None:
    return max((value for value in values if value is not None), default=None)


def _height(value: float | None, most: float) -> str:
    if value is None:
        return " "
    if not value or not most:
        return _HEIGHTS[0]
    return _HEIGHTS[max(1, min(round(value / most * 7), 7))]
