"""The metrics of a test's own, as the summary of a run of it shows them."""

from __future__ import annotations

from typing import TYPE_CHECKING

from groundswell.metrics.catalog import BUILTIN, Kind, Metric, Unit

if TYPE_CHECKING:
    from collections.abc import Mapping

    from groundswell_coordinator.report.summary import Summary


def own_metrics(summary: Summary) -> Mapping[str, Metric]:
    """By name. The test need not be read for it."""
    return {
        name: Metric(name, Kind(one.type), Unit(one.unit or ""))
        for name, one in summary.metrics.items()
        if name not in BUILTIN and "{" not in name
    }
