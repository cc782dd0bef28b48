"""`compare --junit`: a comparison as JUnit XML, with a test case for each budget.

A broken one is a `<failure>`, one that cannot be told an `<error>`; nothing is ever `skipped`. One
case more says that there was a comparison at all, and what it warns of.
"""

from __future__ import annotations

from typing import TYPE_CHECKING
from xml.etree import ElementTree as Xml

from groundswell_coordinator.compare.comparison import Standing
from groundswell_coordinator.report.comparison_text import (
    budget_change_text,
    budget_interval_text,
    party_text,
    percent_text,
    value_text,
)
from groundswell_coordinator.report.junit_document import (
    add_case,
    add_outcome,
    document,
    new_suite,
    xml_text,
)

if TYPE_CHECKING:
    from groundswell.errors import GroundswellError
    from groundswell_coordinator.compare.comparison import BudgetRow, Comparison

THE_COMPARISON = "the two sides are compared"
_OUTCOMES = {
    Standing.BROKEN: ("failure", "budget_broken"),
    Standing.UNCLEAR: ("error", "cannot_be_told"),
}


def render(comparison: Comparison) -> str:
    test = comparison.candidate.runs[0].summary.test
    suite = new_suite(test, 0.0)
    for row in comparison.budgets:
        _budget(suite, test, row, comparison.confidence)
    case = add_case(suite, test, THE_COMPARISON, 0.0)
    lines = [f"base: {party_text(comparison.base)}"]
    lines += [f"candidate: {party_text(comparison.candidate)}"]
    lines += [f"warning: {warning}" for warning in comparison.warnings]
    Xml.SubElement(case, "system-out").text = xml_text("\n".join(lines))
    return document(suite)


def render_failure(name: str, error: GroundswellError) -> str:
    """Of a comparison that never was one."""
    suite = new_suite(name, 0.0)
    case = add_case(suite, name, THE_COMPARISON, 0.0)
    add_outcome(case, "error", type(error).__name__, [error.message], error.hint)
    return document(suite)


def _budget(suite: Xml.Element, test: str, row: BudgetRow, confidence: float) -> None:
    case = add_case(suite, test, row.budget.text, 0.0)
    figure = row.budget.figure
    said = (
        f"{value_text(figure, row.base)} to {value_text(figure, row.candidate)}:"
        f" {budget_change_text(row)}, {percent_text(confidence)} interval {budget_interval_text(row)}"
    )
    if row.why is not None:
        said += f"; {row.why}"
    if row.standing in _OUTCOMES:
        kind, code = _OUTCOMES[row.standing]
        add_outcome(case, kind, code, [said])
    else:
        Xml.SubElement(case, "system-out").text = xml_text(said)
