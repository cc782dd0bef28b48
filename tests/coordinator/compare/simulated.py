"""Runs that were never made: of one metric, from the times of each of their seconds."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from groundswell.metrics.catalog import BUILTIN
from groundswell.metrics.histogram import Histogram
from groundswell.verdict.selection import Selection
from groundswell_coordinator.compare.bootstrap import estimate
from groundswell_coordinator.compare.cells import TrendCells, cell_edges
from groundswell_coordinator.report.summary import Summary

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from groundswell.metrics.catalog import Metric
    from groundswell_coordinator.compare.estimate import Estimate
    from groundswell_coordinator.compare.figure import Figure

METRIC = Selection("http_req_duration")
SUMMARY = Summary(
    run="simulated",
    test="simulated",
    test_hash="",
    groundswell_version="0.1.0",
    verdict="PASS",
    exit_code=0,
    started_at=None,
    duration_s=0.0,
)


@dataclass(frozen=True, slots=True)
class SimulatedRun:
    cells: TrendCells
    summary: Summary = SUMMARY

    @classmethod
    def of(cls, seconds: Sequence[Histogram], summary: Summary = SUMMARY) -> SimulatedRun:
        """By a histogram for each second."""
        edges = cell_edges(0, len(seconds))
        cells = [Histogram() for _ in edges[1:]]
        for cell, first, end in zip(cells, edges, edges[1:], strict=False):
            for second in seconds[first:end]:
                cell.merge(second)
        return cls(TrendCells(cells, len(seconds) / max(len(cells), 1)), summary)

    @property
    def catalog(self) -> Mapping[str, Metric]:
        return BUILTIN

    def selections(self) -> Sequence[Selection]:
        return (METRIC,)

    def estimate(self, figure: Figure, *, is_logarithmic: bool) -> Estimate:
        return estimate(figure, self.cells, is_logarithmic=is_logarithmic)
