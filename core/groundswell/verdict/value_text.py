"""The value of a threshold as people read it: `412.3ms`, `0.52%`, `1,204`, `99.7/s`, `≥ 1h`."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

from groundswell.metrics.catalog import Kind, Unit
from groundswell.verdict.expression import Aggregation

if TYPE_CHECKING:
    from groundswell.verdict.threshold import Threshold

NO_SAMPLES = "no samples"
_SIZES = ((1 << 30, "GiB"), (1 << 20, "MiB"), (1 << 10, "KiB"))


def value_text(threshold: Threshold, value: float | None) -> str:
    """`value` is in the unit of the threshold's limit."""
    if value is None:
        return NO_SAMPLES
    metric = threshold.metric
    if metric.kind is Kind.RATE:
        return f"{value * 100:.4g}%"
    if metric.kind is Kind.TREND and metric.unit is Unit.TIME:
        return _time(value)
    amount = _size(value) if metric.unit is Unit.DATA else f"{round(value, 2):,.10g}"
    return f"{amount}/s" if threshold.aggregation is Aggregation.RATE else amount


def _time(milliseconds: float) -> str:
    if math.isinf(milliseconds):
        return "≥ 1h"
    if milliseconds < 1000:
        return f"{milliseconds:.4g}ms"
    return f"{milliseconds / 1000:.6g}s"


def _size(count: float) -> str:
    for size, name in _SIZES:
        if count >= size:
            return f"{count / size:.4g}{name}"
    return f"{count:.4g}B"
