"""A threshold: what one number of a run must be for the run to pass.

http_req_duration{name:product}: p(95) < 300ms
└ key: metric and tags ───────┘  └ expression ┘
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import TYPE_CHECKING

from groundswell.errors import InvalidThreshold
from groundswell.metrics.catalog import BUILTIN
from groundswell.units import format_duration
from groundswell.verdict.expression import Aggregation, Operator, parse_expression
from groundswell.verdict.limit import parse_limit
from groundswell.verdict.selection import Selection, parse_selection

if TYPE_CHECKING:
    from collections.abc import Collection, Mapping
    from fractions import Fraction

    from groundswell.metrics.catalog import Metric
    from groundswell.scenario.model import ThresholdSpec


@dataclass(frozen=True, slots=True)
class Threshold:
    """`limit` is in the unit in which the metric is shown: ms, a share, bytes, a count, per second.

    `percentile` is set for p(N) and, as 50, for med. `delay_abort_eval` and `over` are exact
    seconds; with `over`, every full window of that length is judged instead of the whole. `key` and
    `expression` are as written.
    """

    selection: Selection
    metric: Metric
    aggregation: Aggregation
    percentile: float | None
    operator: Operator
    limit: float
    key: str
    expression: str
    abort_on_fail: bool
    delay_abort_eval: Fraction
    over: Fraction | None

    @property
    def tags(self) -> dict[str, str]:
        return dict(self.selection.tags)

    def holds(self, value: float) -> bool:
        """Whether `value`, in the unit of `limit`, meets the threshold.

        Infinity stands for a percentile among samples too large to be told apart: it fails every
        upper limit and meets every lower one.
        """
        return self.operator.compare(value, self.limit)

    def badness(self, value: float) -> float:
        """Larger for values nearer to failing, or failing by more; orders a threshold's windows."""
        if self.operator.limits_above:
            return value
        if self.operator.limits_below:
            return -value
        distance = abs(value - self.limit) if math.isfinite(value) else math.inf
        return distance if self.operator is Operator.EQUAL else -distance

    def __str__(self) -> str:
        over = f" over {format_duration(self.over)}" if self.over is not None else ""
        return f"{self.key}: {self.expression}{over}"


def parse(
    key: str,
    spec: ThresholdSpec,
    scenarios: Collection[str] | None = None,
    catalog: Mapping[str, Metric] = BUILTIN,
) -> Threshold:
    """Read one threshold of a test; `InvalidThreshold` says what is wrong and what to write.

    With `scenarios`, a selection by `scenario` must name one of them; `catalog` are the metrics
    that there are.
    """
    selection = parse_selection(key, scenarios, catalog)
    metric = catalog[selection.metric]
    expression = parse_expression(spec.threshold, metric)
    _check_window(spec.over)
    return Threshold(
        selection=selection,
        metric=metric,
        aggregation=expression.aggregation,
        percentile=expression.percentile,
        operator=expression.operator,
        limit=parse_limit(expression.value, metric, expression.aggregation),
        key=key,
        expression=spec.threshold,
        abort_on_fail=spec.abort_on_fail,
        delay_abort_eval=spec.delay_abort_eval,
        over=spec.over,
    )


def _check_window(over: Fraction | None) -> None:
    if over is not None and (over < 1 or over.denominator != 1):
        raise InvalidThreshold(
            f"a window of {format_duration(over)} is not whole seconds",
            hint="runs are measured in intervals of one second: write over: 1s, 30s, 5m",
        )
