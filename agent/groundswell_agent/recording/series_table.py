"""Which series an agent reports: their numbers, their declarations, and the limit on how many."""

from __future__ import annotations

from typing import TYPE_CHECKING

from groundswell.metrics.catalog import BUILTIN, Kind
from groundswell.metrics.folding import (
    FOLDED_ROOM,
    FOLDED_TAGS,
    LAST_ROOM,
    LAST_TAGS,
    MAX_SERIES,
    NAMING_TAGS,
    OTHER,
)
from groundswell.metrics.series import Series
from groundswell.v1 import metrics_pb2 as pb

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

_WIRE_KINDS = {
    Kind.COUNTER: pb.METRIC_KIND_COUNTER,
    Kind.GAUGE: pb.METRIC_KIND_GAUGE,
    Kind.RATE: pb.METRIC_KIND_RATE,
    Kind.TREND: pb.METRIC_KIND_TREND,
}


class SeriesTable:
    """Numbers from 1, in the order of declaration, never reused."""

    def __init__(self, limit: int = MAX_SERIES) -> None:
        self._limit = limit
        self._numbers: dict[Series, int] = {}
        self._declarations: list[pb.SeriesDeclaration] = []
        self._kinds = {name: metric.kind for name, metric in BUILTIN.items()}

    def __len__(self) -> int:
        return len(self._numbers)

    def fit(self, metrics: Iterable[str], tags: Mapping[str, str]) -> Mapping[str, str]:
        """The tags under which these metrics are kept: `tags`, or fewer where the table is full."""
        wanted = tuple(metrics)
        if self._has_room(wanted, tags, FOLDED_ROOM):
            return tags
        folded = _folded(tags, FOLDED_TAGS)
        if self._has_room(wanted, folded, LAST_ROOM):
            return folded
        return _folded(tags, LAST_TAGS)

    def number(self, series: Series, kind: Kind) -> int:
        """The number of a series, which is declared by this if it is new.

        ValueError if its metric is known as another kind, or if a test makes so many metrics of
        its own that even folded they do not fit.
        """
        known = self._kinds.setdefault(series.metric, kind)
        if known is not kind:
            raise ValueError(f"the metric {series.metric} is a {known.value}, not a {kind.value}")
        if (number := self._numbers.get(series)) is not None:
            return number
        if len(self) >= self._limit - (0 if series.metric in BUILTIN else LAST_ROOM):
            raise ValueError(f"no room for the metric {series.metric}: {len(self)} series")
        number = self._numbers[series] = len(self) + 1
        self._declarations.append(
            pb.SeriesDeclaration(
                number=number,
                metric=series.metric,
                kind=_WIRE_KINDS[kind],
                tags=dict(series.tags),
            )
        )
        return number

    def declarations(self, after: int = 0) -> list[pb.SeriesDeclaration]:
        """Those with a number above `after`, in order; a new stream repeats them all."""
        return self._declarations[after:]

    def _has_room(self, metrics: tuple[str, ...], tags: Mapping[str, str], kept: int) -> bool:
        new = sum(Series.of(metric, tags) not in self._numbers for metric in metrics)
        return new == 0 or len(self) + new <= self._limit - kept


def _folded(tags: Mapping[str, str], kept: tuple[str, ...]) -> dict[str, str]:
    other = {key: OTHER for key in NAMING_TAGS if key in tags}
    return {key: tags[key] for key in kept if key in tags} | other
