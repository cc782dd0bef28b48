"""`compare --json`: a comparison for scripts. Versioned; it may gain keys without a new version."""

from __future__ import annotations

import json
import math
from typing import TYPE_CHECKING

from groundswell_coordinator.report.finite import finite

if TYPE_CHECKING:
    from groundswell_coordinator.compare.comparison import BudgetRow, Comparison, Row
    from groundswell_coordinator.compare.party import Party

VERSION = 1


def render(comparison: Comparison) -> str:
    return json.dumps(as_json(comparison), indent=2, ensure_ascii=False, allow_nan=False)


def as_json(comparison: Comparison) -> dict[str, object]:
    return {
        "version": VERSION,
        "base": _party(comparison.base),
        "candidate": _party(comparison.candidate),
        "confidence": comparison.confidence,
        "tolerance": comparison.tolerance,
        "exit_code": int(comparison.exit_code),
        "warnings": list(comparison.warnings),
        "budgets": [_budget(row) for row in comparison.budgets],
        "figures": [_row(row) for row in comparison.rows],
    }


def _party(party: Party) -> dict[str, object]:
    return {
        "name": party.name,
        "test": party.runs[0].summary.test,
        "runs": [{"run": run.summary.run, "verdict": run.summary.verdict} for run in party.runs],
        "has_seconds": party.has_seconds,
    }


def _row(row: Row) -> dict[str, object]:
    return {
        "metric": str(row.figure.selection),
        "aggregation": row.figure.name,
        "base": _number(row.base),
        "candidate": _number(row.candidate),
        "unit": row.figure.metric.unit.value or None,
        "difference": _difference(row.base, row.candidate),
        "relative": row.figure.is_ratio,
        "change": _number(row.change),
        "low": _number(row.low),
        "high": _number(row.high),
        "word": row.word.value,
        "alone": row.alone.value,
        "why": row.why,
    }


def _budget(row: BudgetRow) -> dict[str, object]:
    return {
        "budget": row.budget.text,
        "metric": str(row.budget.figure.selection),
        "aggregation": row.budget.figure.name,
        "base": _number(row.base),
        "candidate": _number(row.candidate),
        "relative": row.budget.is_relative,
        "allowance": row.budget.allowance,
        "change": _number(row.change),
        "low": _number(row.low),
        "high": _number(row.high),
        "standing": row.standing.value,
        "why": row.why,
    }


def _difference(base: float | None, candidate: float | None) -> float | None:
    if base is None or candidate is None or math.isinf(base) or math.isinf(candidate):
        return None
    return candidate - base


def _number(value: float | None) -> float | None:
    """JSON has neither an infinity nor what is no number."""
    if value is None or math.isnan(value):
        return None
    return finite(value)
