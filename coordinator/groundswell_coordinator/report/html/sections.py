"""What a summary has to say, as parts of a page: the verdict first, tables after."""

from __future__ import annotations

from datetime import UTC
from typing import TYPE_CHECKING

from groundswell_coordinator.counted import counted
from groundswell_coordinator.report import quantity
from groundswell_coordinator.report.html.markup import Markup, element, joined, section, table
from groundswell_coordinator.report.measured import asked, whole
from groundswell_coordinator.report.totals import value_text

if TYPE_CHECKING:
    from collections.abc import Iterable

    from groundswell_coordinator.report.summary import (
        MetricSummary,
        ReasonSummary,
        ScenarioSummary,
        Summary,
    )

_OK = {True: ("good", "✓ held"), False: ("bad", "✗ broken"), None: ("doubt", "? no samples")}
_TREND = ("count", "avg", "min", "med", "p(90)", "p(95)", "p(99)", "p(99.9)", "max")


def verdict(summary: Summary) -> Markup:
    word = summary.verdict or "PART OF A RUN"
    facts = [f"run {summary.run}"]
    if summary.started_at is not None:
        facts.append(f"{summary.started_at.astimezone(UTC):%Y-%m-%d %H:%M:%S} UTC")
    facts += [quantity.clock(summary.duration_s), counted(len(summary.agents), "agent")]
    facts += [f"{key}={value}" for key, value in summary.labels.items()]
    title = element("h1", element("span", word, class_="word"), f" {summary.test}")
    return element(
        "header",
        title,
        element("p", " · ".join(facts), class_="facts"),
        _reasons(summary),
        class_=f"verdict {word.lower()}",
    )


def thresholds(summary: Summary) -> Markup:
    rows = (
        (_standing(one.ok), code(one.metric), code(asked(one)), whole(one, summary))
        for one in summary.thresholds
    )
    told = table(("", "metric", "threshold", "measured"), rows, texts=4)
    if not told and summary.part is None:
        told = element("p", "None: nothing was asked of the target, so nothing was judged.")
    return section("Thresholds", told)


def scenarios(summary: Summary) -> Markup:
    rows = (_scenario(name, one) for name, one in summary.scenarios.items())
    titles = ("scenario", "executor", "planned", "started", "dropped", "unknown", "interrupted")
    return section("Scenarios", table(titles, rows, texts=2))


def checks(summary: Summary) -> Markup:
    rows = (
        (one.name, quantity.percent(one.passes / total), str(one.fails), str(total))
        for one in summary.checks
        if (total := one.passes + one.fails)
    )
    return section("Checks", table(("check", "held", "failed", "of"), rows))


def errors(summary: Summary) -> Markup:
    rows = ((one.error, one.name, str(one.count)) for one in summary.errors if one.count)
    return section("Errors", table(("error", "of", "requests"), rows, texts=2))


def metrics(summary: Summary) -> Markup:
    trends = (
        (code(key), *(_trend_value(metric, name) for name in _TREND))
        for key, metric in summary.metrics.items()
        if metric.type == "trend" and metric.values.get("count")
    )
    others = (
        (code(key), *_amount(metric))
        for key, metric in summary.metrics.items()
        if metric.type != "trend"
    )
    return section(
        "All metrics",
        table(("trend", *_TREND), trends),
        table(("metric", "value", ""), others),
        about="Of the whole run, warm-up and graceful stop included.",
    )


def code(text: str) -> Markup:
    return element("code", text)


def _reasons(summary: Summary) -> Markup:
    lines = [
        *(element("li", code(one.code), f" {_named(one)}") for one in summary.reasons),
        *(element("li", "warning ", code(one.code), f" {one.message}") for one in summary.warnings),
    ]
    return element("ul", joined(lines)) if lines else Markup()


def _named(reason: ReasonSummary) -> str:
    named = "" if reason.agent is None or reason.agent in reason.message else f"{reason.agent}: "
    return named + reason.message


def _standing(ok: bool | None) -> Markup:
    style, word = _OK[ok]
    return element("span", word, class_=style)


def _scenario(name: str, one: ScenarioSummary) -> Iterable[str]:
    yield from (name, one.executor, "–" if one.planned is None else str(one.planned))
    yield str(one.fired)
    reasons = ", ".join(f"{reason} {count}" for reason, count in one.dropped.items() if count)
    yield reasons or "0"
    yield from (str(one.unknown), str(one.interrupted))


def _trend_value(metric: MetricSummary, name: str) -> str:
    return str(metric.values[name]) if name == "count" else value_text(metric, name)


def _amount(metric: MetricSummary) -> tuple[str, str]:
    values = metric.values
    if metric.type == "rate":
        total = values["passes"] + values["fails"]
        share = quantity.percent(values["rate"]) if total else "–"
        return share, f"{values['passes']} of {total}"
    if metric.type == "gauge":
        low, high = value_text(metric, "min"), value_text(metric, "max")
        return value_text(metric, "value"), f"{low} to {high}"
    if metric.unit == "bytes":
        return quantity.data(values["count"]), f"{quantity.data(values['rate'])}/s"
    return quantity.plain(values["count"]), quantity.per_second(values["rate"])
