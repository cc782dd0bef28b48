"""What one selection comes to within one interval: the unit that spans and windows are made of."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from groundswell.metrics.histogram import Histogram
from groundswell_coordinator.timeline.open_interval import across

if TYPE_CHECKING:
    from collections.abc import Iterable

    from groundswell.metrics.series import Series
    from groundswell_coordinator.timeline.interval import Interval


@dataclass(frozen=True, slots=True)
class Slice:
    """All but the trends; `gauge` is None where no series has a value."""

    count: int = 0
    passes: int = 0
    total: int = 0
    gauge: float | None = None

    @classmethod
    def of(cls, interval: Interval, series: Iterable[Series]) -> Slice:
        """Cut `series`, all of one metric, out of an interval."""
        count = passes = total = 0
        gauge: float | None = None
        for one in series:
            count += interval.counters.get(one, 0)
            if (rate := interval.rates.get(one)) is not None:
                passes, total = passes + rate.passes, total + rate.total
            if (value := interval.gauges.get(one)) is not None:
                gauge = value if gauge is None else across(one.metric, gauge, value)
        return cls(count, passes, total, gauge)


def trend_of(
    interval: Interval, series: Iterable[Series], into: Histogram | None = None
) -> Histogram:
    """The trends of `series` within an interval, added up."""
    histogram = Histogram() if into is None else into
    for one in series:
        if (trend := interval.trends.get(one)) is not None:
            trend.add_to(histogram)
    return histogram
