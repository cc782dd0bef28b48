"""What is compared of two runs: an aggregation of a selection, as a threshold would judge it.

    Figure.of("http_req_duration{name:cart}", "p(95)")

Each has a scale. Times, counts per second and counts are compared as ratios, shares as differences:
of an error rate that was 0, every other is infinitely many times as much.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import Enum
from typing import TYPE_CHECKING

from groundswell.metrics.catalog import BUILTIN, Kind, Unit
from groundswell.verdict.expression import Aggregation, parse_aggregation
from groundswell.verdict.selection import parse_selection

if TYPE_CHECKING:
    from collections.abc import Mapping

    from groundswell.metrics.catalog import Metric
    from groundswell.verdict.selection import Selection

# More of it is better. More requests are, where the target decides how many they become.
_MORE_IS_BETTER = frozenset({"checks", "http_reqs", "iterations"})
# More of it is neither: what was sent and received follows from what was asked.
_EITHER = frozenset({"data_sent", "data_received"})


class Direction(Enum):
    """Which change is for the worse."""

    UP = 1
    DOWN = -1
    NEITHER = 0


@dataclass(frozen=True, slots=True)
class Figure:
    """`percentile` is set for p(N) and, as 50, for med."""

    selection: Selection
    metric: Metric
    aggregation: Aggregation
    percentile: float | None = None

    @classmethod
    def of(cls, key: str, aggregation: str, catalog: Mapping[str, Metric] = BUILTIN) -> Figure:
        """Raises InvalidThreshold where the two do not fit together; `catalog` are all metrics."""
        selection = parse_selection(key, catalog=catalog)
        metric = catalog[selection.metric]
        return cls(selection, metric, *parse_aggregation(aggregation, metric))

    @property
    def name(self) -> str:
        """`p(95)`, as a threshold names it."""
        if self.aggregation is Aggregation.PERCENTILE:
            return f"p({self.percentile:g})"
        return str(self.aggregation.value)

    @property
    def worse(self) -> Direction:
        is_own = self.metric.name not in BUILTIN
        # What a test counts of its own is good or bad to its author; time is the same to all.
        if self.metric.name in _EITHER or (is_own and not self.is_time):
            return Direction.NEITHER
        return Direction.DOWN if self.metric.name in _MORE_IS_BETTER else Direction.UP

    @property
    def is_share(self) -> bool:
        return self.metric.kind is Kind.RATE

    @property
    def is_time(self) -> bool:
        return self.metric.kind is Kind.TREND and self.metric.unit is Unit.TIME

    @property
    def is_ratio(self) -> bool:
        """Whether two of it are compared as a ratio, so that 10 % of little is as much as 10 % of a lot."""
        if self.metric.kind is Kind.COUNTER:
            return self.aggregation is Aggregation.RATE
        return self.metric.kind is Kind.TREND

    @property
    def is_extreme(self) -> bool:
        return self.aggregation in (Aggregation.MIN, Aggregation.MAX) or self.percentile in (0, 100)

    def __str__(self) -> str:
        return f"{self.selection} {self.name}"
