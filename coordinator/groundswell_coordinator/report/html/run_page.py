"""`--html`: a run as one page: the verdict first, then what it rests on, then what it looked like."""

from __future__ import annotations

from typing import TYPE_CHECKING

from groundswell_coordinator.report.course_reader import read_course
from groundswell_coordinator.report.html import capacity, events, run_sections, sections
from groundswell_coordinator.report.html.distribution import by_percentile, heat_map
from groundswell_coordinator.report.html.document import document
from groundswell_coordinator.report.html.markup import Markup, element, section
from groundswell_coordinator.report.html.timeline import Marks, timeline

if TYPE_CHECKING:
    from collections.abc import Sequence

    from groundswell_coordinator.report.course import Course
    from groundswell_coordinator.report.html.figure import Figure
    from groundswell_coordinator.report.material import Material
    from groundswell_coordinator.report.summary import Summary


def render(material: Material) -> str:
    summary = material.summary
    with material.stored() as (run, intervals):
        course = read_course(run, intervals)
    found = events.happenings(run)
    marks = Marks(summary.warmup_s, found)
    over_time, spread = timeline(course, marks, summary.plan), _distribution(course, marks)
    by_rate = capacity.figures(summary.capacity)
    parts = (
        sections.verdict(summary),
        capacity.capacity(summary.capacity, by_rate),
        sections.thresholds(summary),
        _plots("Timeline", over_time, _about_time(summary, course)),
        run_sections.happenings(found),
        _plots("Latency", spread),
        run_sections.names(course),
        sections.checks(summary),
        sections.errors(summary),
        sections.scenarios(summary),
        run_sections.agents(summary, run),
        sections.metrics(summary),
        run_sections.environment(summary, run),
    )
    title = f"{summary.verdict or 'run'}: {summary.test} · {summary.run}"
    return document(title, parts, [*by_rate, *over_time, *spread])


def _distribution(course: Course, marks: Marks) -> list[Figure]:
    lines = {"service time": course.duration, "response time": course.response}
    figures = [by_percentile(lines), heat_map(course, marks)]
    return [figure for figure in figures if figure is not None and figure.traces]


def _plots(title: str, figures: Sequence[Figure], about: str = "") -> Markup:
    parts = (part for one in figures for part in (element("h3", one.described), one.place()))
    return section(title, *parts, about=about)


def _about_time(summary: Summary, course: Course) -> str:
    step = "second" if course.step_s == 1 else f"{course.step_s} seconds"
    warmup = f" The first {summary.warmup_s:g} s are warm-up." if summary.warmup_s else ""
    return (
        f"A point for every {step} of the run.{warmup} What is zoomed in one plot is zoomed in all."
    )
