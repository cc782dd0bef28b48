"""A distribution as a report carries it."""

from __future__ import annotations

from typing import TYPE_CHECKING

from groundswell.v1.metrics_pb2 import TrendValue

if TYPE_CHECKING:
    from groundswell.metrics.histogram import Histogram


def trend_value(number: int, histogram: Histogram) -> TrendValue:
    """Under the series' number in its report; ValueError for an empty histogram."""
    return TrendValue(
        series=number,
        payload=histogram.encode(),
        count=histogram.count,
        sum_ns=histogram.sum_ns,
        min_ns=histogram.min_ns,
        max_ns=histogram.max_ns,
        clamped=histogram.clamped,
    )
