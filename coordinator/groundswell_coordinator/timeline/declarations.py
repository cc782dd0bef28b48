"""What the series numbers of a run's agents stand for.

A number belongs to one (run, incarnation) and is never reused; it may be declared again, with the
same meaning, on every new stream. Which series exist at all is one registry for the whole run.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from groundswell.errors import ProtocolViolation
from groundswell.metrics.catalog import BUILTIN, Kind
from groundswell.metrics.folding import MAX_SERIES
from groundswell.metrics.series import Series
from groundswell.v1.metrics_pb2 import (
    METRIC_KIND_COUNTER,
    METRIC_KIND_GAUGE,
    METRIC_KIND_RATE,
    METRIC_KIND_TREND,
    MetricKind,
    SeriesDeclaration,
)
from groundswell_coordinator.timeline.strain import CPU, LOOP_LAG, SEND_LAG, THROTTLED

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping

    from groundswell.verdict.selection import Selection

# By these an agent's health is judged; the interval has them merged over all agents.
VITALS = frozenset({SEND_LAG, LOOP_LAG, CPU, THROTTLED})

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
    """The series of a run, each with a slot: its place in the order of first declarations.

    What a thousand agents send every second is added up by slot: a slot costs nothing to look up,
    a series the hash of all its tags. A thousand agents' declarations share the run's series, too.
    """

    def __init__(self) -> None:
        self._slots: dict[Series, int] = {}
        self._series: list[tuple[Series, Kind]] = []
        self._kinds: dict[str, Kind] = {name: metric.kind for name, metric in BUILTIN.items()}
        self._matching: dict[Selection, tuple[int, tuple[Series, ...]]] = {}
        self._wire: dict[tuple[int, int], SeriesDeclaration] = {}
        # The slots of VITALS.
        self.vitals: set[int] = set()

    def __len__(self) -> int:
        return len(self._series)

    def __iter__(self) -> Iterator[Series]:
        return iter(self._slots)

    def __getitem__(self, slot: int) -> Series:
        return self._series[slot][0]

    def kind(self, slot: int) -> Kind:
        return self._series[slot][1]

    def matching(self, selection: Selection) -> tuple[Series, ...]:
        """The series of a selection; asked for every second, so kept until there are more."""
        known = self._matching.get(selection)
        if known is None or known[0] != len(self):
            found = tuple(series for series in self if selection.matches(series))
            known = self._matching[selection] = (len(self), found)
        return known[1]

    def declaration(self, number: int, slot: int) -> SeriesDeclaration:
        """Not to be changed: agents that number their series alike, as most do, share them."""
        known = self._wire.get((number, slot))
        if known is None:
            series, kind = self._series[slot]
            known = self._wire[number, slot] = SeriesDeclaration(
                number=number, metric=series.metric, kind=WIRE_KIND[kind], tags=dict(series.tags)
            )
        return known

    def register(self, series: Series, kind: Kind) -> int:
        """The slot of a series."""
        slot = self._slots.get(series)
        if slot is None:
            return self._add(series, kind)
        self._check_kind(series.metric, self.kind(slot), kind)
        return slot

    def _add(self, series: Series, kind: Kind) -> int:
        slot = len(self._series)
        if slot >= MOST_SERIES:
            raise ProtocolViolation(f"more than {MOST_SERIES} series in one run")
        self._check_kind(series.metric, self._kinds.setdefault(series.metric, kind), kind)
        self._slots[series] = slot
        self._series.append((series, kind))
        if series.metric in VITALS:
            self.vitals.add(slot)
        return slot

    def _check_kind(self, metric: str, known: Kind, kind: Kind) -> None:
        if known is not kind:
            raise ProtocolViolation(f"{metric} is a {known.value}, not a {kind.value}")


class Declarations:
    """The numbers of one incarnation, or of a stored interval: it may hold what all of them have."""

    def __init__(self, registry: SeriesRegistry, most: int = MAX_SERIES) -> None:
        self.registry = registry
        self._most = most
        self._declared: dict[int, int] = {}
        self._slots: dict[Kind, dict[int, int]] = {kind: {} for kind in Kind}
        # The numbers of VITALS.
        self.vitals: set[int] = set()

    def declare(self, declarations: Iterable[SeriesDeclaration]) -> None:
        for declaration in declarations:
            kind = _KIND.get(declaration.kind)
            if kind is None:
                raise ProtocolViolation(f"series {declaration.number} has no known kind")
            self._add(declaration.number, Series.of(declaration.metric, declaration.tags), kind)

    def slots(self, kind: Kind) -> Mapping[int, int]:
        """The slots of the numbers of one kind."""
        return self._slots[kind]

    def slot(self, number: int, kind: Kind) -> int:
        """The slot of `number`; ProtocolViolation unless it is declared, and of `kind`."""
        slot = self._declared.get(number)
        if slot is None:
            raise ProtocolViolation(f"series {number} was never declared")
        known = self.registry.kind(slot)
        if known is not kind:
            metric = self.registry[slot].metric
            raise ProtocolViolation(
                f"series {number} is a {known.value}, not a {kind.value}: {metric}"
            )
        return slot

    def of(self, numbers: Iterable[int]) -> list[SeriesDeclaration]:
        """The declarations of these numbers, to make a report complete in itself."""
        return [self.registry.declaration(number, self._declared[number]) for number in numbers]

    def _add(self, number: int, series: Series, kind: Kind) -> None:
        known = self._declared.get(number)
        if known is None and len(self._declared) >= self._most:
            raise ProtocolViolation(f"more than {self._most} series of one agent")
        if known is not None and self.registry[known] != series:
            raise ProtocolViolation(f"series {number} was declared as another series before")
        slot = self.registry.register(series, kind)
        self._declared[number] = self._slots[kind][number] = slot
        if slot in self.registry.vitals:
            self.vitals.add(number)
