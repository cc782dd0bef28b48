"""`--csv`: the metrics of a run as a table, one metric or selection a line, for spreadsheets.

Values are as in the JSON summary: times in milliseconds, sizes in bytes; what a kind of metric does
not have is empty. The same columns for every run, so that tables can be joined.
"""

from __future__ import annotations

import csv
import io
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from groundswell_coordinator.report.material import Material

_VALUES = (
    *("count", "rate", "passes", "fails", "value"),
    *("min", "avg", "med", "max", "p(90)", "p(95)", "p(99)", "p(99.9)"),
)
COLUMNS = ("run", "verdict", "metric", "tags", "type", "unit", *_VALUES)


def render(material: Material) -> str:
    """`tags` are those of a selection, as a threshold writes them: `name:cart`."""
    summary = material.summary
    text = io.StringIO()
    table = csv.writer(text, lineterminator="\n")
    table.writerow(COLUMNS)
    for key, metric in summary.metrics.items():
        name, _, tags = key.removesuffix("}").partition("{")
        values = (metric.values.get(value, "") for value in _VALUES)
        known = (summary.run, summary.verdict or "")
        table.writerow((*known, name, tags, metric.type, metric.unit or "", *values))
    return text.getvalue().removesuffix("\n")
