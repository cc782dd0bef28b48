"""What the series numbers of a run's agents stand for.

A number belongs to one (run, incarnation) and is never reused; it may be declared again, with the
same meaning, on every new stream. Which series exist at all is one registry for the whole run.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from groundswell.errors import ProtocolViolation
from groundswell.metrics.catalog import BUILTIN, Kind
from groundswell.metrics.series import Series
from groundswell.v1.metrics_pb2 import (
    METRIC_KIND_COUNTER,
    METRIC_KIND_GAUGE,
    METRIC_KIND_RATE,
    METRIC_KIND_TREND,
    MetricKind,
    SeriesDeclaration,
)

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from groundswell.verdict.selection import Selection

# An agent folds new names together long before; one that does not is at fault, and not the others.
MOST_SERIES_OF_AN_AGENT = 1000
# Agents meet different statuses and errors, so a run may have more than each of them.
MOST_SERIES = 5000

WIRE_KIND: dict[Kind, MetricKind.ValueType] = {
    Kind.COUNTER: METRIC_KIND_COUNTER,
    Kind.GAUGE: METRIC_KIND_GAUGE,
    Kind.RATE: METRIC_KIND_RATE,
    Kind.TREND: METRIC_KIND_TREND,
}
_KIND: dict[int, Kind] = {wire: kind for kind, wire in WIRE_KIND.items()}


class SeriesRegistry:
    """The series of a run, in the order of their first declaration, and the kind of each metric."""

    def __init__(self) -> None:
        self._series: dict[Series, Kind] = {}
        self._kinds: dict[str, Kind] = {name: metric.kind for name, metric in BUILTIN.items()}
        self._matching: dict[Selection, tuple[int, tuple[Series, ...]]] = {}

    def __len__(self) -> int:
        return len(self._series)

    def __iter__(self) -> Iterator[Series]:
        return iter(self._series)

    def matching(self, selection: Selection) -> tuple[Series, ...]:
        """The series of a selection; asked for every second, so kept until there are more."""
        known = self._matching.get(selection)
        if known is None or known[0] != len(self):
            found = tuple(series for series in self if selection.matches(series))
            known = self._matching[selection] = (len(self), found)
        return known[1]

    def register(self, series: Series, kind: Kind) -> None:
        if series in self._series:
            known = self._series[series]
        elif len(self._series) < MOST_SERIES:
            known = self._kinds.setdefault(series.metric, kind)
        else:
            raise ProtocolViolation(f"more than {MOST_SERIES} series in one run")
        if known is not kind:
            raise ProtocolViolation(f"{series.metric} is a {known.value}, not a {kind.value}")
        self._series[series] = kind


class Declarations:
    """The numbers of one incarnation."""

    def __init__(self, registry: SeriesRegistry) -> None:
        self._registry = registry
        self._declared: dict[int, tuple[Series, Kind]] = {}

    def declare(self, declarations: Iterable[SeriesDeclaration]) -> None:
        for declaration in declarations:
            kind = _KIND.get(declaration.kind)
            if kind is None:
                raise ProtocolViolation(f"series {declaration.number} has no known kind")
            self._add(declaration.number, Series.of(declaration.metric, declaration.tags), kind)

    def series(self, number: int, kind: Kind) -> Series:
        """The series of `number`, as long as it is of `kind`."""
        declared = self._declared.get(number)
        if declared is None:
            raise ProtocolViolation(f"series {number} was never declared")
        series, known = declared
        if known is not kind:
            raise ProtocolViolation(
                f"series {number} is a {known.value}, not a {kind.value}: {series.metric}"
            )
        return series

    def metric(self, number: int) -> str:
        return self._declared[number][0].metric

    def of(self, numbers: Iterable[int]) -> list[SeriesDeclaration]:
        """The declarations of these numbers, to make a report complete in itself."""
        return [self._declaration(number) for number in numbers]

    def _add(self, number: int, series: Series, kind: Kind) -> None:
        if self._declared.get(number, (series, kind)) != (series, kind):
            raise ProtocolViolation(f"series {number} was declared as another series before")
        if number not in self._declared and len(self._declared) >= MOST_SERIES_OF_AN_AGENT:
            raise ProtocolViolation(f"more than {MOST_SERIES_OF_AN_AGENT} series of one agent")
        self._registry.register(series, kind)
        self._declared[number] = (series, kind)

    def _declaration(self, number: int) -> SeriesDeclaration:
        series, kind = self._declared[number]
        return SeriesDeclaration(
            number=number, metric=series.metric, kind=WIRE_KIND[kind], tags=dict(series.tags)
        )
