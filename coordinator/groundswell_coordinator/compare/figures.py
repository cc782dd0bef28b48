"""Which figures a comparison shows, in the order in which people read them."""

from __future__ import annotations

from typing import TYPE_CHECKING

from groundswell.metrics.catalog import BUILTIN, Kind
from groundswell.verdict.expression import Aggregation
from groundswell_coordinator.compare.figure import Figure

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from groundswell.metrics.catalog import Metric
    from groundswell.verdict.selection import Selection
    from groundswell_coordinator.compare.party import Party

PERCENTILES = (90.0, 95.0, 99.0, 99.9)

# What users feel, and how much of it there was; the rest is for whoever looks for a cause.
_SHOWN = (
    "http_req_duration",
    "http_req_response_time",
    "iteration_duration",
    "http_req_failed",
    "checks",
    "http_reqs",
    "iterations",
    "dropped_iterations",
)
# By name of the request, too.
_BY_NAME = ("http_req_duration", "http_req_failed")
_MOST_NAMES = 20
_COUNTED = frozenset(
    {"dropped_iterations", "interrupted_iterations", "failed_iterations", "http_req_retries"}
)


def figures_of(base: Party, candidate: Party, *, verbose: bool = False) -> list[Figure]:
    """Those of both sides; `verbose` are all metrics but gauges."""
    selections = tuple(dict.fromkeys((*base.selections(), *candidate.selections())))
    catalog = {**base.catalog, **candidate.catalog}
    asked = {selection.metric for selection in selections if _is_asked(selection)}
    more = [
        name
        for name in catalog
        if name not in _SHOWN and (verbose or name in asked or name not in BUILTIN)
    ]
    return [
        figure
        for name in (*_SHOWN, *more)
        for selection in _ordered(name, selections)
        for figure in _of(selection, catalog[name])
    ]


def _is_asked(selection: Selection) -> bool:
    return any(key != "name" for key, _ in selection.tags)


def _ordered(metric: str, selections: Sequence[Selection]) -> Iterable[Selection]:
    """The metric, then what thresholds select of it, then its requests by name."""
    own = [one for one in selections if one.metric == metric]
    yield from (one for one in own if not one.tags)
    yield from (one for one in own if one.tags and _is_asked(one))
    named = [one for one in own if one.tags and not _is_asked(one)]
    if metric in _BY_NAME and len(named) > 1:
        yield from named[:_MOST_NAMES]


def _of(selection: Selection, metric: Metric) -> Iterable[Figure]:
    match metric.kind:
        case Kind.TREND:
            yield Figure(selection, metric, Aggregation.AVG)
            yield Figure(selection, metric, Aggregation.MED, 50.0)
            yield from (Figure(selection, metric, Aggregation.PERCENTILE, p) for p in PERCENTILES)
        case Kind.RATE:
            yield Figure(selection, metric, Aggregation.RATE)
        case Kind.COUNTER:
            is_count = metric.name in _COUNTED or metric.name not in BUILTIN
            yield Figure(selection, metric, Aggregation.COUNT if is_count else Aggregation.RATE)
        case Kind.GAUGE:
            return
