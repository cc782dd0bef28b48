"""The numbers of a comparison as people read them: 20.1ms, +11.4%, +8.9% to +14.1%, +0.12pp."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

from groundswell.metrics.catalog import Unit
from groundswell.verdict.expression import Aggregation
from groundswell_coordinator.report import quantity

if TYPE_CHECKING:
    from groundswell_coordinator.compare.comparison import BudgetRow, Row
    from groundswell_coordinator.compare.figure import Figure
    from groundswell_coordinator.compare.party import Party

NOTHING = "–"
# A ratio beyond this says no more than that it is one.
_MOST_PERCENT = 9999


def value_text(figure: Figure, value: float | None) -> str:
    if value is None:
        return NOTHING
    if figure.is_share:
        return quantity.percent(value)
    if figure.is_time:
        return "≥ 1h" if math.isinf(value) else quantity.duration(value)
    if figure.metric.unit is Unit.DATA:
        text = quantity.data(value)
    else:
        text = quantity.plain(round(value) if value == round(value) else value)
    return f"{text}/s" if figure.aggregation is Aggregation.RATE else text


def change_text(row: Row) -> str:
    return NOTHING if row.change is None else _change(row.figure, row.change, row.figure.is_ratio)


def interval_text(row: Row) -> str:
    if row.low is None or row.high is None:
        return NOTHING
    return _interval(row.figure, row.low, row.high, row.figure.is_ratio)


def budget_change_text(row: BudgetRow) -> str:
    if row.change is None:
        return NOTHING
    return _change(row.budget.figure, row.change, row.budget.is_relative)


def budget_interval_text(row: BudgetRow) -> str:
    if row.low is None or row.high is None:
        return NOTHING
    return _interval(row.budget.figure, row.low, row.high, row.budget.is_relative)


def party_text(party: Party) -> str:
    """What a side is: `v1.4: 5 runs of 20260304-050607-1f3a9c`."""
    if party.is_group:
        verdicts = [run.summary.verdict or "no verdict" for run in party.runs]
        counts = [f"{verdicts.count(one)} {one}" for one in dict.fromkeys(verdicts)]
        return f"{party.name}: {len(party.runs)} runs ({', '.join(counts)})"
    summary = party.runs[0].summary
    named = "" if party.name == summary.run else f"{party.name}: "
    alone = "" if party.has_seconds else ", its summary alone"
    return f"{named}run {summary.run} ({summary.verdict or 'no verdict'}{alone})"


def percent_text(share: float) -> str:
    """`95%`, `99.9%`."""
    return f"{100 * share:.6g}%"


def _interval(figure: Figure, low: float, high: float, is_ratio: bool) -> str:
    return f"{_change(figure, low, is_ratio)} to {_change(figure, high, is_ratio)}"


def _change(figure: Figure, change: float, is_ratio: bool) -> str:
    if math.isnan(change):
        return NOTHING
    if is_ratio:
        return _percent(change)
    if figure.is_share:
        return _signed(100 * change, 2, "pp")
    if figure.is_time:
        sign = "-" if change < 0 else "+"
        return f"{sign}{quantity.duration(abs(change))}"
    per = "/s" if figure.aggregation is Aggregation.RATE else ""
    return _signed(change, 0 if abs(change) >= 100 else 1, per)


def _percent(share: float) -> str:
    percent = 100 * share
    if abs(percent) > _MOST_PERCENT:
        return f"> {_MOST_PERCENT}%"
    return _signed(percent, 1 if abs(percent) < 100 else 0, "%")


def _signed(value: float, decimals: int, unit: str) -> str:
    text = f"{value:+.{decimals}f}"
    # Nothing has no sign.
    return f"{text[1:] if float(text) == 0 else text}{unit}"
