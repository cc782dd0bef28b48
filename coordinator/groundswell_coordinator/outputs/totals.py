"""What outputs count up: the names and units of the outside world, and totals since the start."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from groundswell.metrics.catalog import Unit

if TYPE_CHECKING:
    from groundswell.metrics.catalog import Metric
    from groundswell.metrics.series import Series

PREFIX = "groundswell_"
_NOT_A_NAME = re.compile(r"[^a-zA-Z0-9_]")
# Shares of one, which the catalog has no unit for.
_RATIOS = frozenset(("agent_cpu", "agent_cpu_throttled"))


def unit_suffix(metric: Metric) -> str:
    """In base units: `_seconds`, `_bytes`, `_ratio`, or nothing."""
    if metric.unit is Unit.TIME:
        return "_seconds"
    if metric.unit is Unit.DATA:
        return "_bytes"
    return "_ratio" if metric.name in _RATIOS else ""


def per_unit_ns(metric: Metric) -> int:
    """How many of a trend's recorded nanoseconds are one: of a second, or of what is no time."""
    return 1_000_000_000 if metric.unit is Unit.TIME else 1_000_000


def name_of(text: str) -> str:
    """As Prometheus takes names of metrics and labels."""
    name = _NOT_A_NAME.sub("_", text)
    return f"_{name}" if not name or name[0].isdigit() else name


class Totals:
    """Sums by series, since the run's start."""

    def __init__(self) -> None:
        self._sums: dict[Series, tuple[int, ...]] = {}

    def add(self, series: Series, *amounts: int) -> tuple[int, ...]:
        """The sums with these amounts."""
        before = self._sums.get(series)
        now = amounts if before is None else tuple(map(sum, zip(before, amounts, strict=True)))
        self._sums[series] = now
        return now
