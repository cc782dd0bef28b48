"""`compare --markdown`: a comparison for a pull request."""

from __future__ import annotations

from typing import TYPE_CHECKING

from groundswell.exit_codes import ExitCode
from groundswell_coordinator.compare.comparison import Standing
from groundswell_coordinator.compare.difference import Word
from groundswell_coordinator.counted import counted
from groundswell_coordinator.report.comparison_text import (
    budget_change_text,
    budget_interval_text,
    change_text,
    interval_text,
    party_text,
    percent_text,
    value_text,
)
from groundswell_coordinator.report.markdown_text import code, prose, table

if TYPE_CHECKING:
    from collections.abc import Sequence

    from groundswell.errors import GroundswellError
    from groundswell_coordinator.compare.comparison import BudgetRow, Comparison, Row

_HEADLINES = {
    ExitCode.FAIL: "❌ Worse than its budget",
    ExitCode.INCONCLUSIVE: "⚠️ Cannot be told",
    ExitCode.OK: "✅ Within its budgets",
}
_STANDINGS = {Standing.KEPT: "✅", Standing.BROKEN: "❌", Standing.UNCLEAR: "⚠️"}
_WORDS = {
    Word.BETTER: "🟢 better",
    Word.SAME: "same",
    Word.WORSE: "🔴 worse",
    Word.UNCLEAR: "unclear",
}


def render(comparison: Comparison) -> str:
    sections = (
        _headline(comparison),
        [f"- warning: {prose(one)}" for one in comparison.warnings],
        _budgets(comparison.budgets, comparison.confidence),
        _rows(comparison),
    )
    return "\n\n".join("\n".join(lines) for lines in sections if lines)


def render_failure(name: str, error: GroundswellError) -> str:
    """Of a comparison that never was one."""
    lines = [f"### ❌ No comparison: {prose(name)}", ""]
    lines += [f"- {prose(line)}" for line in error.message.splitlines()]
    lines += [f"- {prose(error.hint)}"] if error.hint else []
    return "\n".join(lines)


def _headline(comparison: Comparison) -> list[str]:
    headline = _HEADLINES[comparison.exit_code] if comparison.budgets else "Compared"
    test = comparison.candidate.runs[0].summary.test
    sides = f"{prose(party_text(comparison.base))} → {prose(party_text(comparison.candidate))}"
    return [f"### {headline}: {prose(test)}", "", sides]


def _budgets(rows: Sequence[BudgetRow], confidence: float) -> list[str]:
    cells = [
        (
            _STANDINGS[row.standing],
            code(row.budget.text),
            value_text(row.budget.figure, row.base),
            value_text(row.budget.figure, row.candidate),
            budget_change_text(row),
            budget_interval_text(row),
            prose(row.why or ""),
        )
        for row in rows
    ]
    interval = f"{percent_text(confidence)} interval"
    titles = ("", "budget", "base", "candidate", "change", interval, "")
    return table(titles, cells) if cells else []


def _rows(comparison: Comparison) -> list[str]:
    """All figures; folded away where there are budgets, which are what was asked."""
    cells = [
        (
            code(str(row.figure.selection)),
            code(row.figure.name),
            value_text(row.figure, row.base),
            value_text(row.figure, row.candidate),
            change_text(row),
            interval_text(row),
            f"{_WORDS[row.word]}{_why(row)}",
        )
        for row in comparison.rows
    ]
    interval = f"{percent_text(comparison.confidence)} interval"
    lines = table(("metric", "", "base", "candidate", "change", interval, ""), cells)
    if not comparison.budgets or not cells:
        return lines if cells else []
    title = f"<summary>{counted(len(cells), 'figure')}</summary>"
    return ["<details>", title, "", *lines, "", "</details>"]


def _why(row: Row) -> str:
    return f" ({prose(row.why)})" if row.why is not None else ""
