"""The runs of one test in the order of their starts, and where they changed."""

from __future__ import annotations

import math
from dataclasses import dataclass
from statistics import median
from typing import TYPE_CHECKING

from groundswell_coordinator.compare.change_points import change_points

if TYPE_CHECKING:
    from collections.abc import Sequence

    from groundswell_coordinator.report.summary import Summary

# A figure, and what a summary calls its metric and value.
FIGURES: dict[str, tuple[str, str]] = {
    "med": ("http_req_duration", "med"),
    "p(95)": ("http_req_duration", "p(95)"),
    "p(99)": ("http_req_duration", "p(99)"),
    "failed": ("http_req_failed", "rate"),
    "requests/s": ("http_reqs", "rate"),
}
# Of fewer, too many orders show any split that the real one shows.
FEWEST_RUNS = 12
# Levels that differ by less are one, however sure it is that they differ.
_LEAST_CHANGE = 0.02
_LEAST_SHARE = 0.001


@dataclass(frozen=True, slots=True)
class Change:
    """From `run` on, `figure` has another level: `before` and `after` are medians of the two."""

    figure: str
    run: str
    place: int
    before: float
    after: float

    @property
    def share(self) -> float:
        """Of the level before; infinite where that was 0."""
        return self.after / self.before - 1 if self.before else math.inf


def value_of(summary: Summary, figure: str) -> float | None:
    metric, name = FIGURES[figure]
    found = summary.metrics.get(metric)
    return None if found is None else found.values.get(name)


def changes_of(summaries: Sequence[Summary]) -> list[Change]:
    """The oldest first, as `summaries` are."""
    found = [change for figure in FIGURES for change in _of(figure, summaries)]
    return sorted(found, key=lambda change: change.place)


def _of(figure: str, summaries: Sequence[Summary]) -> list[Change]:
    measured = [
        (place, value)
        for place, summary in enumerate(summaries)
        if (value := value_of(summary, figure)) is not None
    ]
    values = [value for _, value in measured]
    starts = [0, *change_points(values), len(values)]
    changes: list[Change] = []
    for before, at, after in zip(starts, starts[1:], starts[2:], strict=False):
        place = measured[at][0]
        levels = median(values[before:at]), median(values[at:after])
        if _matters(figure, *levels):
            changes.append(Change(figure, summaries[place].run, place, *levels))
    return changes


def _matters(figure: str, before: float, after: float) -> bool:
    if figure == "failed":
        return abs(after - before) > _LEAST_SHARE
    return abs(after - before) > _LEAST_CHANGE * max(before, after)
