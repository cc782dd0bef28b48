"""`--markdown`: a run for a pull request: the verdict with its reasons, the thresholds, a table."""

from __future__ import annotations

from datetime import UTC
from typing import TYPE_CHECKING

from groundswell_coordinator.counted import counted
from groundswell_coordinator.report import quantity
from groundswell_coordinator.report.capacity_words import (
    TITLES,
    answer,
    cells,
    findings,
    result,
    tried,
)
from groundswell_coordinator.report.markdown_text import code, prose, table
from groundswell_coordinator.report.measured import asked, whole
from groundswell_coordinator.report.totals import shown_metrics, value_text

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from groundswell.errors import GroundswellError
    from groundswell_coordinator.report.material import Material
    from groundswell_coordinator.report.summary import (
        CheckSummary,
        MetricSummary,
        ReasonSummary,
        Summary,
    )

_MARKS = {"PASS": "✅", "FAIL": "❌", "INCONCLUSIVE": "⚠️"}
_OK = {True: "✅", False: "❌", None: "⚠️"}
_TREND = ("avg", "med", "p(90)", "p(95)", "p(99)", "max")
_MOST = 20


def render(material: Material) -> str:
    return render_summary(material.summary)


def render_summary(summary: Summary) -> str:
    sections = (
        _headline(summary),
        _reasons(summary),
        _capacity(summary),
        _thresholds(summary),
        _trends(summary),
        _others(summary),
        _failed_checks(summary.checks),
        _errors(summary),
    )
    return "\n\n".join("\n".join(lines) for lines in sections if lines)


def render_failure(name: str, error: GroundswellError) -> str:
    """Of a run that never was one."""
    lines = [f"### ❌ No run: {prose(name)}", ""]
    lines += [f"- {prose(line)}" for line in error.message.splitlines()]
    lines += [f"- {prose(error.hint)}"] if error.hint else []
    return "\n".join(lines)


def _headline(summary: Summary) -> list[str]:
    verdict = summary.verdict or "A part of a run"
    facts = [f"run {code(summary.run)}"]
    if summary.started_at is not None:
        facts.append(f"{summary.started_at.astimezone(UTC):%Y-%m-%d %H:%M:%S} UTC")
    facts += [quantity.clock(summary.duration_s), counted(len(summary.agents), "agent")]
    facts += [code(f"{key}={value}") for key, value in summary.labels.items()]
    title = f"### {_MARKS.get(verdict, '')} {verdict}: {prose(summary.test)}"
    return [" ".join(title.split()), "", " · ".join(facts)]


def _reasons(summary: Summary) -> list[str]:
    lines = [f"- **{code(reason.code)}** {_reason(reason)}" for reason in summary.reasons]
    return lines + [
        f"- warning {code(warning.code)} {prose(warning.message)}" for warning in summary.warnings
    ]


def _reason(reason: ReasonSummary) -> str:
    named = "" if reason.agent is None or reason.agent in reason.message else f"{reason.agent}: "
    return prose(f"{named}{reason.message}")


def _capacity(summary: Summary) -> list[str]:
    found = summary.capacity
    if found is None:
        return []
    told = [f"- {what}: {prose(text)}" for what, text in findings(found)]
    rows = ((*cells(level), result(level)) for level in tried(found))
    lines = table((*TITLES, ""), rows, numbers_from=1)
    return [f"**Capacity {prose(answer(found))}**", "", *told, "", *lines]


def _thresholds(summary: Summary) -> list[str]:
    if not summary.thresholds:
        return ["No thresholds: nothing was judged."] if summary.part is None else []
    rows = (
        (_OK[one.ok], code(one.metric), code(asked(one)), prose(whole(one, summary)))
        for one in summary.thresholds
    )
    return table(("", "metric", "threshold", "measured"), rows)


def _trends(summary: Summary) -> list[str]:
    rows = [
        (code(key), *(value_text(metric, name) for name in _TREND))
        for key, metric in shown_metrics(summary)
        if metric.type == "trend" and metric.values.get("count")
    ]
    return table(("time", *_TREND), rows, numbers_from=1) if rows else []


def _others(summary: Summary) -> list[str]:
    shown = [(key, metric) for key, metric in shown_metrics(summary) if metric.type != "trend"]
    if "checks" in summary.metrics:
        shown.insert(0, ("checks", summary.metrics["checks"]))
    rows = [(code(key), *_amount(metric)) for key, metric in shown]
    return table(("metric", "value", ""), rows, numbers_from=1) if rows else []


def _amount(metric: MetricSummary) -> tuple[str, str]:
    values = metric.values
    if metric.type == "rate":
        passes, total = values["passes"], values["passes"] + values["fails"]
        return (quantity.percent(values["rate"]) if total else "–"), f"{passes} of {total}"
    if metric.type == "gauge":
        low, high = value_text(metric, "min"), value_text(metric, "max")
        return value_text(metric, "value"), f"{low} to {high}"
    if metric.unit == "bytes":
        return quantity.data(values["count"]), f"{quantity.data(values['rate'])}/s"
    return quantity.plain(values["count"]), quantity.per_second(values["rate"])


def _failed_checks(checks: Iterable[CheckSummary]) -> list[str]:
    failed = sorted((check for check in checks if check.fails), key=lambda one: -one.fails)
    rows = [(code(one.name), str(one.fails), str(one.passes + one.fails)) for one in failed[:_MOST]]
    lines = table(("check that did not hold", "failed", "of"), rows, numbers_from=1)
    return [*lines, *_more(failed)] if rows else []


def _errors(summary: Summary) -> list[str]:
    errors = sorted((one for one in summary.errors if one.count), key=lambda one: -one.count)
    rows = [(code(one.error), code(one.name), str(one.count)) for one in errors[:_MOST]]
    lines = table(("error", "of", "requests"), rows, numbers_from=2)
    return [*lines, *_more(errors)] if rows else []


def _more(rows: Sequence[object]) -> list[str]:
    rest = len(rows) - _MOST
    return ["", f"and {rest} more kinds"] if rest > 0 else []
