"""What a search for capacity found, in words: the same in a terminal, in Markdown and on a page."""

from __future__ import annotations

from typing import TYPE_CHECKING

from groundswell_coordinator.report import quantity

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from groundswell_coordinator.report.capacity_summary import CapacitySummary, LevelSummary

TITLES = ("rate", "achieved", "requests", "p50", "p95", "p99", "failed")
_RECOVER = "recover"
_RESULTS = {
    "passed": "passes",
    "failed": "fails",
    "generator": "generator did not keep up",
    "spoiled": "an agent was lost",
    "untold": "cannot be judged",
}


def rate_text(rate: float) -> str:
    """`1,240/s`, `62.5/s`."""
    return f"{rate:,.0f}/s" if rate >= 1000 else f"{rate:.4g}/s"


def answer(found: CapacitySummary) -> str:
    """`1,240/s`, `≥ 20,000/s`, `< 100/s`, `none`: the one number that people ask for."""
    if found.highest is None:
        return "none" if found.lowest_failed is None else f"< {rate_text(found.lowest_failed)}"
    at_least = "≥ " if found.at_least or found.stopped_at is not None else ""
    return f"{at_least}{rate_text(found.highest)}"


def findings(found: CapacitySummary) -> Iterable[tuple[str, str]]:
    """Line by line: what, and how much."""
    if found.highest is not None:
        yield "highest that passes", f"{rate_text(found.highest)}{_beside(found)}"
    if found.lowest_failed is not None:
        yield "lowest that fails", f"{rate_text(found.lowest_failed)}: {found.why or 'unknown'}"
    elif found.at_least:
        yield "lowest that fails", f"none up to --to {rate_text(found.to_rate)}"
    if found.stopped_at is not None:
        yield "ended without an answer", f"at {rate_text(found.stopped_at)}"
    yield "knee", _knee(found)
    if found.normal is not None:
        yield "margin", margin(found)
    if found.required is not None:
        yield "required", _required(found.required, found)


def margin(found: CapacitySummary) -> str:
    assert found.normal is not None
    normal = rate_text(found.normal)
    if found.highest is None or found.margin is None:
        return f"unknown: no rate passed, and {normal} is normal"
    if found.margin < 0:
        return f"none: it carries {found.highest / found.normal:.0%} of the normal {normal}"
    times = f"{found.highest / found.normal:.1f} times the normal {normal}"
    at_least = "at least " if found.at_least or found.stopped_at is not None else ""
    return f"{at_least}{found.margin:.0%}: it carries {times}"


def tried(found: CapacitySummary) -> Sequence[LevelSummary]:
    """The levels that were judged for the answer, by their rates."""
    levels = (level for level in found.levels if level.phase != _RECOVER)
    return sorted(levels, key=lambda level: (level.rate, level.number))


def cells(level: LevelSummary) -> tuple[str, ...]:
    """In the order of `TITLES`."""
    return (
        rate_text(level.rate),
        rate_text(level.achieved),
        rate_text(level.requests),
        *map(_time, (level.p50_ms, level.p95_ms, level.p99_ms)),
        quantity.percent(level.failed),
    )


def result(level: LevelSummary) -> str:
    return _RESULTS.get(level.outcome, level.outcome)


def _required(required: float, found: CapacitySummary) -> str:
    passed = found.highest is not None and found.highest >= required
    if found.is_confirmed or not passed:
        return f"{rate_text(required)}: {'met' if passed else 'not met'}"
    return f"{rate_text(required)}: passed once; a lower --to ends with an answer"


def _beside(found: CapacitySummary) -> str:
    requests = (
        "" if found.highest_requests is None else f" ({rate_text(found.highest_requests)} requests)"
    )
    confirmed = ", confirmed by a second hold" if found.is_confirmed else ", not confirmed"
    return f"{requests}{confirmed}"


def _knee(found: CapacitySummary) -> str:
    if found.knee is None:
        return "none seen: latency does not climb up to the highest rate that was tried"
    return f"{rate_text(found.knee)}: from there on p95 climbs"


def _time(ms: float | None) -> str:
    return "-" if ms is None else quantity.duration(ms, 3)
