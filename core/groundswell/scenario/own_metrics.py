"""The metrics that a test in Python has made, as it declares them: `{orders: counter, search: trend ms}`."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from groundswell.metrics.catalog import BUILTIN, Kind, Metric, Unit
from groundswell.scenario.scalars import WORD
from groundswell.scenario.shape import MapOf, Refusal

if TYPE_CHECKING:
    from groundswell.scenario.nodes import Node
    from groundswell.scenario.problems import Problems

METRIC_NAME = re.compile(r"[A-Za-z_][A-Za-z0-9_]*")


def refuse_metric(name: str) -> Refusal | None:
    if name in BUILTIN:
        return Refusal(f"`{name}` is a metric of groundswell's own", "choose another name")
    if not METRIC_NAME.fullmatch(name):
        return Refusal(f"`{name}` cannot be a metric", "letters, digits and _, no digit first")
    return None


_WRITTEN = MapOf(WORD, "{orders: counter}", refuse_metric)


def written(kind: Kind, unit: Unit) -> str:
    return f"{kind.value} {unit.value}".strip()


def read_metrics(node: Node, problems: Problems) -> dict[str, Metric]:
    """Those that are right; of what is wrong there is a problem."""
    metrics: dict[str, Metric] = {}
    for name, text in (_WRITTEN.read(node, "metrics", problems) or {}).items():
        kind, _, unit = text.partition(" ")
        try:
            metrics[name] = Metric(name, Kind(kind), Unit(unit))
        except ValueError:
            problems.add(node, f"`{name}` is no metric that this version knows: {text}")
    return metrics
