"""An agent as the coordinator hears of it: reports made of plain numbers."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

import numpy as np

from groundswell.metrics.catalog import BUILTIN, Kind
from groundswell.metrics.histogram import Histogram
from groundswell.metrics.series import Series
from groundswell.metrics.trend_value import trend_value as of_histogram
from groundswell.v1.metrics_pb2 import (
    CounterValue,
    GaugeValue,
    RateValue,
    Report,
    ScenarioAccount,
    SeriesDeclaration,
)
from groundswell.verdict.selection import parse_selection
from groundswell_coordinator.timeline.declarations import WIRE_KIND

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from groundswell.v1.metrics_pb2 import TrendValue

RUN = "run-1"
Values = dict[str, int | float | tuple[int, int] | list[float]]


@dataclass(slots=True)
class Reporter:
    """Speaks for one incarnation.

    Series are named as thresholds select them: `http_reqs{name:a}`. Values are, by the metric's
    kind, a count, a gauge's value, (passes, total), or a list of milliseconds.
    """

    incarnation: str
    numbers: dict[Series, int] = field(default_factory=dict[Series, int])

    def report(
        self,
        interval: int,
        values: Values | None = None,
        accounts: Iterable[ScenarioAccount] = (),
        last: bool = False,
        epoch: int = 0,
    ) -> Report:
        report = Report(
            run_id=RUN,
            incarnation=self.incarnation,
            interval=interval,
            accounts=accounts,
            last=last,
            epoch=epoch,
        )
        for name, value in (values or {}).items():
            self._put(report, name, value)
        report.declarations.extend(self.declarations())
        return report

    def declarations(self) -> list[SeriesDeclaration]:
        return [
            SeriesDeclaration(
                number=number,
                metric=series.metric,
                kind=WIRE_KIND[BUILTIN[series.metric].kind],
                tags=dict(series.tags),
            )
            for series, number in self.numbers.items()
        ]

    def number(self, name: str) -> int:
        selection = parse_selection(name)
        series = Series(selection.metric, selection.tags)
        return self.numbers.setdefault(series, len(self.numbers) + 1)

    def _put(
        self, report: Report, name: str, value: int | float | tuple[int, int] | list[float]
    ) -> None:
        number = self.number(name)
        if isinstance(value, tuple):
            report.rates.append(RateValue(series=number, passes=value[0], total=value[1]))
        elif isinstance(value, list):
            report.trends.append(trend_value(number, value))
        elif BUILTIN[parse_selection(name).metric].kind is Kind.GAUGE:
            report.gauges.append(GaugeValue(series=number, value=value))
        else:
            report.counters.append(CounterValue(series=number, delta=int(value)))


def trend_value(number: int, milliseconds: Iterable[float]) -> TrendValue:
    return of_histogram(number, histogram_of(milliseconds))


def histogram_of(milliseconds: Iterable[float]) -> Histogram:
    histogram = Histogram()
    histogram.add_ns(np.array([round(one * 1e6) for one in milliseconds], np.int64))
    return histogram


def account(
    scenario: str,
    planned: int,
    fired: int,
    dropped: Mapping[str, int] | None = None,
    interrupted: int = 0,
) -> ScenarioAccount:
    return ScenarioAccount(
        scenario=scenario,
        planned=planned,
        fired=fired,
        dropped=dict(dropped or {}),
        interrupted=interrupted,
        next_index=planned,
    )
