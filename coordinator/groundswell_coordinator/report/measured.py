"""What a threshold measured, in the words of its expression and the unit of its metric."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from groundswell.metrics.catalog import BUILTIN, Kind, Unit
from groundswell_coordinator.report import quantity

if TYPE_CHECKING:
    from groundswell_coordinator.report.summary import Summary, ThresholdSummary, WindowSummary

# Threshold values show more digits: 300.04ms must not look like the 300ms that it has missed.
_EXACT_DIGITS = 5


def asked(threshold: ThresholdSummary) -> str:
    """`p(95) < 300ms over 30s`."""
    if threshold.window is None:
        return threshold.expression
    return f"{threshold.expression} over {quantity.clock(threshold.window.over_s)}"


def measured(threshold: ThresholdSummary, summary: Summary) -> str:
    """`p(95)=2.2ms`, in the unit that the metric and the aggregation have together."""
    if threshold.value is None:
        return "no samples"
    aggregation = re.split(r"[<>=!]", threshold.expression, maxsplit=1)[0].strip()
    value = _in_unit(threshold, aggregation, summary)
    return f"{aggregation} {value}" if value.startswith("≥") else f"{aggregation}={value}"


def worst_window(window: WindowSummary) -> str:
    start, end = (quantity.clock(seconds) for seconds in (window.start_s, window.end_s))
    return f"in the worst window, {start} to {end}"


def whole(threshold: ThresholdSummary, summary: Summary) -> str:
    """What was measured, and of which window where it is of one."""
    value = measured(threshold, summary)
    window = threshold.window
    return value if window is None else f"{value} {worst_window(window)}"


def _in_unit(threshold: ThresholdSummary, aggregation: str, summary: Summary) -> str:
    assert threshold.value is not None
    kind, unit, clamped = _nature(threshold.metric, summary)
    if kind == Kind.RATE.value:
        return quantity.percent(threshold.value, most=3)
    if aggregation == "count":
        return quantity.plain(threshold.value)
    if kind == Kind.TREND.value and unit == Unit.TIME.value:
        return quantity.trend_value(threshold.value, clamped, _EXACT_DIGITS)
    shown = quantity.data if unit == Unit.DATA.value else quantity.plain
    return shown(threshold.value) + ("/s" if aggregation == "rate" else "")


def _nature(key: str, summary: Summary) -> tuple[str, str | None, int]:
    """Kind, unit and number of clamped samples of a metric or selection."""
    name = key.partition("{")[0]
    found = summary.metrics.get(key) or summary.metrics.get(name)
    if found is not None:
        return found.type, found.unit, found.clamped
    known = BUILTIN.get(name)
    return ("", None, 0) if known is None else (known.kind.value, known.unit.value, 0)
