"""A dashboard as Grafana's JSON, of which a panel has fifty lines and three of them are ours."""

from __future__ import annotations

import json
from dataclasses import dataclass, field
from typing import Any

# Grafana 10 and later read it as it is.
SCHEMA_VERSION = 39
_WIDTH = 24
_SOURCE = {"type": "prometheus", "uid": "${datasource}"}

Json = dict[str, Any]


@dataclass(frozen=True)
class Panel:
    """`queries`: PromQL by its legend. `unit` is Grafana's name for it."""

    title: str
    unit: str
    queries: dict[str, str]
    about: str = ""
    width: int = 8
    height: int = 7
    kind: str = "timeseries"
    stacked: bool = False
    maximum: float | None = None

    def at(self, number: int, x: int, y: int) -> Json:
        bounds: Json = {"min": 0} if self.maximum is None else {"min": 0, "max": self.maximum}
        return {
            "id": number,
            "type": self.kind,
            "title": self.title,
            "description": self.about,
            "datasource": _SOURCE,
            "gridPos": {"x": x, "y": y, "w": self.width, "h": self.height},
            "fieldConfig": {
                "defaults": {"unit": self.unit, **bounds, "custom": self._drawn()},
                "overrides": [],
            },
            "options": self._options(),
            "targets": [
                {
                    "refId": chr(ord("A") + index),
                    "datasource": _SOURCE,
                    "expr": query,
                    "legendFormat": legend,
                    "instant": self.kind == "stat",
                    "range": self.kind != "stat",
                }
                for index, (legend, query) in enumerate(self.queries.items())
            ],
        }

    def _drawn(self) -> Json:
        if self.kind == "stat":
            return {}
        stacking = {"mode": "normal" if self.stacked else "none", "group": "A"}
        fill = 30 if self.stacked else 8
        return {"lineWidth": 1, "fillOpacity": fill, "stacking": stacking, "showPoints": "never"}

    def _options(self) -> Json:
        if self.kind == "stat":
            reduced = {"calcs": ["lastNotNull"], "fields": "", "values": False}
            return {"reduceOptions": reduced, "colorMode": "value", "graphMode": "none"}
        legend = {"displayMode": "list", "placement": "bottom", "showLegend": True}
        return {"legend": legend, "tooltip": {"mode": "multi", "sort": "desc"}}


@dataclass(frozen=True)
class Dashboard:
    """`variables`: a query of labels by the variable's name, in the order in which they depend on each other."""

    uid: str
    title: str
    about: str
    panels: tuple[Panel, ...]
    variables: dict[str, str] = field(default_factory=dict[str, str])

    def to_json(self) -> Json:
        return {
            "uid": self.uid,
            "title": self.title,
            "description": self.about,
            "tags": ["groundswell"],
            "schemaVersion": SCHEMA_VERSION,
            "version": 1,
            "editable": True,
            "refresh": "5s",
            "time": {"from": "now-1h", "to": "now"},
            "timezone": "",
            "templating": {"list": self._variables()},
            "annotations": {"list": []},
            "links": [_to_the_others()],
            "panels": self._laid_out(),
        }

    def text(self) -> str:
        return json.dumps(self.to_json(), indent=1) + "\n"

    def _variables(self) -> list[Json]:
        return [_data_source(), *(_variable(*one) for one in self.variables.items())]

    def _laid_out(self) -> list[Json]:
        """From left to right, and in a new row where the next one does not fit."""
        placed: list[Json] = []
        x = y = tallest = 0
        for number, panel in enumerate(self.panels, 1):
            if x + panel.width > _WIDTH:
                x, y, tallest = 0, y + tallest, 0
            placed.append(panel.at(number, x, y))
            x, tallest = x + panel.width, max(tallest, panel.height)
        return placed


def _data_source() -> Json:
    return {"name": "datasource", "type": "datasource", "query": "prometheus", "label": "Source"}


def _variable(name: str, query: str) -> Json:
    return {
        "name": name,
        "label": name.capitalize(),
        "type": "query",
        "datasource": _SOURCE,
        "query": {"query": query, "refId": name},
        "refresh": 2,
        "sort": 1,
        "multi": True,
        "includeAll": True,
        "allValue": ".*",
        "current": {"text": "All", "value": "$__all"},
    }


def _to_the_others() -> Json:
    return {
        "title": "groundswell",
        "type": "dashboards",
        "tags": ["groundswell"],
        "asDropdown": True,
    }
