"""`--summary-json`: the summary itself."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from groundswell_coordinator.report.material import Material


def render(material: Material) -> str:
    return material.summary.to_json()
