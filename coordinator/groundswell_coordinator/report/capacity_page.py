"""A search for capacity in a terminal: the answer, then a row for every rate, with its times drawn."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

from rich.text import Text

from groundswell_coordinator.report.capacity_words import (
    TITLES,
    answer,
    cells,
    findings,
    result,
    tried,
)
from groundswell_coordinator.report.lines import (
    INDENT,
    NARROWEST,
    QUIET,
    STANDINGS,
    STRONG,
    hanging,
    heading,
)

if TYPE_CHECKING:
    from groundswell_coordinator.report.capacity_summary import CapacitySummary, LevelSummary

_OUTCOMES = {"passed": True, "failed": False}
_CELL = 9
_STRIP = 40
_NAME = 20


def capacity(found: CapacitySummary | None, width: int) -> list[list[Text]]:
    """Blocks of lines; none where the run was no search."""
    if found is None:
        return []
    names = ", ".join(found.scenarios)
    title = heading("CAPACITY")
    title.append(f"  {answer(found)}", STRONG)
    title.append(f"  iterations of {names}", QUIET)
    lines = [line for what, told in findings(found) for line in _told(what, told, width)]
    return [[title], lines, _rows(found, width)]


def _told(what: str, told: str, width: int) -> list[Text]:
    dots = "." * (_NAME - len(what))
    first, *rest = hanging("", "", told, width - _NAME)
    lines = [Text.assemble(INDENT, what, (f"{dots}: ", QUIET), first.plain.strip())]
    return lines + [Text(f"{INDENT}{'':{_NAME}}  {line.plain.strip()}") for line in rest]


def _rows(found: CapacitySummary, width: int) -> list[Text]:
    levels = tried(found)
    if not levels:
        return []
    room = min(_STRIP, max(width, NARROWEST) - len(INDENT) - 2 - _CELL * len(TITLES) - 1)
    scale = _Scale([level for level in levels if level.p50_ms is not None], room)
    titles = "".join(title.rjust(_CELL) for title in TITLES)
    lines = [Text.assemble(INDENT, "  ", (titles, QUIET), (" " + scale.title, QUIET))]
    return lines + [_row(level, scale) for level in levels]


def _row(level: LevelSummary, scale: _Scale) -> Text:
    mark, style = STANDINGS[_OUTCOMES.get(level.outcome)]
    numbers = "".join(cell.rjust(_CELL) for cell in cells(level))
    drawn = f" {scale.strip(level)}" if level.p50_ms is not None else f" {result(level)}"
    return Text.assemble(INDENT, (mark, style), " ", numbers, (drawn, style))


class _Scale:
    """Times from the shortest p50 to the longest p99 on so many columns, by their logarithm."""

    def __init__(self, levels: list[LevelSummary], columns: int) -> None:
        self._columns = columns
        times = [ms for one in levels for ms in (one.p50_ms, one.p99_ms) if ms]
        self._low = math.log(min(times, default=1.0))
        self._span = max(math.log(max(times, default=1.0)) - self._low, 1e-9)

    @property
    def title(self) -> str:
        """From p50 to p99, with p95 in it."""
        return "p50·─█─p99"

    def strip(self, level: LevelSummary) -> str:
        low, middle, high = map(self._column, (level.p50_ms, level.p95_ms, level.p99_ms))
        drawn = [" "] * self._columns
        drawn[low : high + 1] = "─" * (high + 1 - low)
        drawn[low] = "·"
        drawn[middle] = "█"
        return "".join(drawn).rstrip()

    def _column(self, ms: float | None) -> int:
        if not ms:
            return 0
        share = (math.log(ms) - self._low) / self._span
        return min(self._columns - 1, max(0, round(share * (self._columns - 1))))
