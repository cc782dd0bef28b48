"""`--junit`: a run as JUnit XML, for what CI shows of a build.

A test case for each threshold: broken is a `<failure>`, without samples an `<error>`. One more is
for the run as a whole: an `<error>` where its numbers cannot carry a PASS, where it was cut short,
or where there was no run at all. Nothing is ever `skipped`: what could not be told has not passed.
"""

from __future__ import annotations

import re
from datetime import UTC
from typing import TYPE_CHECKING
from xml.etree import ElementTree as Xml

from groundswell_coordinator.report.measured import asked, whole

if TYPE_CHECKING:
    from collections.abc import Iterable

    from groundswell.errors import GroundswellError
    from groundswell_coordinator.report.material import Material
    from groundswell_coordinator.report.summary import ReasonSummary, Summary, ThresholdSummary

THE_RUN = "the run carries a verdict"
_BROKEN, _EMPTY = "threshold_failed", "no_samples"
# XML has no way to write these, not even as entities.
_NOT_XML = re.compile("[^\t\n\r\x20-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")


def render(material: Material) -> str:
    summary = material.summary
    suite = _suite(summary.test, summary.duration_s)
    if summary.started_at is not None:
        suite.set("timestamp", summary.started_at.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%S"))
    properties = Xml.SubElement(suite, "properties")
    for name, value in _properties(summary):
        Xml.SubElement(properties, "property", name=_text(name), value=_text(value))
    for threshold in summary.thresholds:
        _threshold(suite, threshold, summary)
    _run(suite, summary)
    return _document(suite)


def render_failure(name: str, error: GroundswellError) -> str:
    """Of a run that never was one."""
    suite = _suite(name, 0.0)
    case = _case(suite, name, THE_RUN, 0.0)
    _outcome(case, "error", type(error).__name__, [error.message], error.hint)
    return _document(suite)


def _properties(summary: Summary) -> Iterable[tuple[str, str]]:
    yield "run", summary.run
    yield "verdict", summary.verdict or ""
    yield "exit_code", str(summary.exit_code)
    yield "test_hash", summary.test_hash
    yield "groundswell_version", summary.groundswell_version
    yield "agents", str(len(summary.agents))
    yield from ((f"label.{key}", value) for key, value in summary.labels.items())


def _threshold(suite: Xml.Element, threshold: ThresholdSummary, summary: Summary) -> None:
    case = _case(suite, summary.test, f"{threshold.metric}: {asked(threshold)}", 0.0)
    found = whole(threshold, summary)
    if threshold.ok is None:
        _outcome(case, "error", _EMPTY, [f"{threshold.metric} had no samples"])
    elif not threshold.ok:
        _outcome(case, "failure", _BROKEN, [f"{asked(threshold)} was {found}"])
    else:
        Xml.SubElement(case, "system-out").text = _text(found)


def _run(suite: Xml.Element, summary: Summary) -> None:
    case = _case(suite, summary.test, THE_RUN, summary.duration_s)
    # The cases of thresholds speak for themselves.
    doubts = [reason for reason in summary.reasons if reason.code not in (_BROKEN, _EMPTY)]
    said = [_reason(reason) for reason in doubts]
    if doubts and summary.verdict != "PASS":
        _outcome(case, "error", doubts[0].code, said)
    lines = [f"{summary.verdict} (exit code {summary.exit_code}), run {summary.run}"]
    lines += [] if summary.verdict != "PASS" else said
    lines += [f"{warning.code}: {warning.message}" for warning in summary.warnings]
    Xml.SubElement(case, "system-out").text = _text("\n".join(lines))


def _reason(reason: ReasonSummary) -> str:
    named = "" if reason.agent is None or reason.agent in reason.message else f"{reason.agent}: "
    return f"{reason.code}: {named}{reason.message}"


def _suite(name: str, seconds: float) -> Xml.Element:
    return Xml.Element("testsuite", name=_text(name), time=f"{seconds:.3f}")


def _case(suite: Xml.Element, test: str, name: str, seconds: float) -> Xml.Element:
    return Xml.SubElement(
        suite, "testcase", classname=_text(test), name=_text(name), time=f"{seconds:.3f}"
    )


def _outcome(
    case: Xml.Element, kind: str, code: str, said: list[str], hint: str | None = None
) -> None:
    lines = [*said, *([f"hint: {hint}"] if hint else [])]
    outcome = Xml.SubElement(case, kind, type=_text(code), message=_text(said[0]))
    outcome.text = _text("\n".join(lines))


def _document(suite: Xml.Element) -> str:
    """The suite, counted, in the element that CI systems look for."""
    counts = {
        "tests": len(suite.findall("testcase")),
        "failures": len(suite.findall("testcase/failure")),
        "errors": len(suite.findall("testcase/error")),
        "skipped": 0,
    }
    root = Xml.Element("testsuites", name="groundswell", time=suite.get("time", "0"))
    for name, count in counts.items():
        suite.set(name, str(count))
        root.set(name, str(count))
    root.append(suite)
    Xml.indent(root)
    return '<?xml version="1.0" encoding="UTF-8"?>\n' + Xml.tostring(root, encoding="unicode")


def _text(text: str) -> str:
    return _NOT_XML.sub("\ufffd", text)
