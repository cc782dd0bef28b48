"""`--junit`: a run as JUnit XML, for what CI shows of a build.

A test case for each threshold: broken is a `<failure>`, without samples an `<error>`. One more is
for the run as a whole: an `<error>` where its numbers cannot carry a PASS, where it was cut short,
or where there was no run at all. Nothing is ever `skipped`: what could not be told has not passed.
"""

from __future__ import annotations

from datetime import UTC
from typing import TYPE_CHECKING
from xml.etree import ElementTree as Xml

from groundswell_coordinator.report.capacity_words import findings
from groundswell_coordinator.report.junit_document import (
    add_case,
    add_outcome,
    document,
    new_suite,
    xml_text,
)
from groundswell_coordinator.report.measured import asked, whole

if TYPE_CHECKING:
    from collections.abc import Iterable

    from groundswell.errors import GroundswellError
    from groundswell_coordinator.report.material import Material
    from groundswell_coordinator.report.summary import ReasonSummary, Summary, ThresholdSummary

THE_RUN = "the run carries a verdict"
_BROKEN, _EMPTY = "threshold_failed", "no_samples"
# Of a search for capacity, whose thresholds hold at the rate that it found.
_TOO_LOW = "capacity_below"


def render(material: Material) -> str:
    summary = material.summary
    suite = new_suite(summary.test, summary.duration_s)
    if summary.started_at is not None:
        suite.set("timestamp", summary.started_at.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%S"))
    properties = Xml.SubElement(suite, "properties")
    for name, value in _properties(summary):
        Xml.SubElement(properties, "property", name=xml_text(name), value=xml_text(value))
    for threshold in summary.thresholds:
        _threshold(suite, threshold, summary)
    _run(suite, summary)
    return document(suite)


def render_failure(name: str, error: GroundswellError) -> str:
    """Of a run that never was one."""
    suite = new_suite(name, 0.0)
    case = add_case(suite, name, THE_RUN, 0.0)
    add_outcome(case, "error", type(error).__name__, [error.message], error.hint)
    return document(suite)


def _properties(summary: Summary) -> Iterable[tuple[str, str]]:
    yield "run", summary.run
    yield "verdict", summary.verdict or ""
    yield "exit_code", str(summary.exit_code)
    yield "test_hash", summary.test_hash
    yield "groundswell_version", summary.groundswell_version
    yield "agents", str(len(summary.agents))
    yield from ((f"label.{key}", value) for key, value in summary.labels.items())


def _threshold(suite: Xml.Element, threshold: ThresholdSummary, summary: Summary) -> None:
    case = add_case(suite, summary.test, f"{threshold.metric}: {asked(threshold)}", 0.0)
    found = whole(threshold, summary)
    if threshold.ok is None:
        add_outcome(case, "error", _EMPTY, [f"{threshold.metric} had no samples"])
    elif not threshold.ok:
        add_outcome(case, "failure", _BROKEN, [f"{asked(threshold)} was {found}"])
    else:
        Xml.SubElement(case, "system-out").text = xml_text(found)


def _run(suite: Xml.Element, summary: Summary) -> None:
    case = add_case(suite, summary.test, THE_RUN, summary.duration_s)
    # The cases of thresholds speak for themselves.
    doubts = [reason for reason in summary.reasons if reason.code not in (_BROKEN, _EMPTY)]
    said = [_reason(reason) for reason in doubts]
    if doubts and summary.verdict != "PASS":
        kind = "failure" if doubts[0].code == _TOO_LOW else "error"
        add_outcome(case, kind, doubts[0].code, said)
    lines = [f"{summary.verdict} (exit code {summary.exit_code}), run {summary.run}"]
    if summary.capacity is not None:
        lines += [f"{what}: {told}" for what, told in findings(summary.capacity)]
    lines += [] if summary.verdict != "PASS" else said
    lines += [f"{warning.code}: {warning.message}" for warning in summary.warnings]
    Xml.SubElement(case, "system-out").text = xml_text("\n".join(lines))


def _reason(reason: ReasonSummary) -> str:
    named = "" if reason.agent is None or reason.agent in reason.message else f"{reason.agent}: "
    return f"{reason.code}: {named}{reason.message}"
