"""One side of a comparison: one run, several runs of the same build, or what is left of one in a summary."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Protocol

from groundswell.metrics.catalog import BUILTIN
from groundswell.verdict.selection import parse_selection
from groundswell_coordinator.compare.estimate import NOT_MEASURED, Estimate, Side, scaled
from groundswell_coordinator.report.own_metrics import own_metrics

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from groundswell.metrics.catalog import Metric
    from groundswell.verdict.selection import Selection
    from groundswell_coordinator.compare.figure import Figure
    from groundswell_coordinator.report.summary import Summary

ONLY_A_SUMMARY = "a summary alone"


class Run(Protocol):
    """What a comparison asks of a run."""

    @property
    def summary(self) -> Summary: ...

    @property
    def catalog(self) -> Mapping[str, Metric]:
        """All metrics that it may have."""
        ...

    def selections(self) -> Sequence[Selection]:
        """All that it knows a figure of; those by a request's name among them."""
        ...

    def estimate(self, figure: Figure, *, is_logarithmic: bool) -> Estimate: ...


@dataclass(frozen=True, slots=True)
class SummaryAlone:
    """Its figures cover the whole run, warm-up included, as a summary's do."""

    summary: Summary

    @property
    def catalog(self) -> Mapping[str, Metric]:
        return {**BUILTIN, **own_metrics(self.summary)}

    def selections(self) -> Sequence[Selection]:
        catalog = self.catalog
        return [parse_selection(key, catalog=catalog) for key in self.summary.metrics]

    def estimate(self, figure: Figure, *, is_logarithmic: bool) -> Estimate:
        value = self._value(figure)
        if value is None:
            return Estimate(None, why=NOT_MEASURED)
        return Estimate(value, scaled(figure, value, is_logarithmic), why=ONLY_A_SUMMARY)

    def _value(self, figure: Figure) -> float | None:
        for key, metric in self.summary.metrics.items():
            # A threshold's key stands as it was written, with its tags in any order.
            is_its = key.partition("{")[0] == figure.metric.name
            if is_its and parse_selection(key, catalog=self.catalog) == figure.selection:
                return metric.values.get("med" if figure.percentile == 50 else figure.name)
        return None


@dataclass(frozen=True, slots=True)
class Party:
    """`name` is what was asked for: a run's id, a baseline, a file. There is at least one run.

    `earlier` are other runs of the same test, in their order, which show how much its runs differ.
    """

    name: str
    runs: tuple[Run, ...]
    earlier: tuple[Run, ...] = ()

    @property
    def is_group(self) -> bool:
        return len(self.runs) > 1

    @property
    def has_seconds(self) -> bool:
        return not any(isinstance(run, SummaryAlone) for run in self.runs)

    def without_seconds(self) -> Party:
        """As summaries: two figures are comparable where both cover the same part of their runs."""
        return Party(self.name, tuple(SummaryAlone(run.summary) for run in self.runs))

    def side(self, figure: Figure, *, is_logarithmic: bool) -> Side:
        earlier = [run.estimate(figure, is_logarithmic=is_logarithmic) for run in self.earlier]
        return Side(
            tuple(run.estimate(figure, is_logarithmic=is_logarithmic) for run in self.runs),
            is_logarithmic,
            tuple(one.point for one in earlier if one.value is not None),
        )

    @property
    def catalog(self) -> Mapping[str, Metric]:
        return {name: metric for run in self.runs for name, metric in run.catalog.items()}

    def selections(self) -> Sequence[Selection]:
        """Of all its runs, each once."""
        return tuple(dict.fromkeys(one for run in self.runs for one in run.selections()))
