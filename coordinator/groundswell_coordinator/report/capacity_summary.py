"""What a search for capacity found, as a part of the summary. Rates are iterations per second."""

from __future__ import annotations

from dataclasses import dataclass

from groundswell_coordinator.report.judged import (  # noqa: TC001 # msgspec looks them up
    Remark,
    ThresholdResult,
)


@dataclass(frozen=True, slots=True)
class LevelSummary:
    """One level: what it was for, what came of it, what was measured in the seconds [from_s, to_s).

    `achieved` are iterations that began, `requests` those per second of the scenarios that are raised;
    `dropped` iterations of theirs. `failed` is the share of requests. Times are None without any.
    """

    number: int
    phase: str
    rate: float
    begin_s: int
    from_s: int
    to_s: int
    outcome: str
    achieved: float
    requests: float
    p50_ms: float | None
    p95_ms: float | None
    p99_ms: float | None
    failed: float
    dropped: int
    vus: int
    reasons: tuple[Remark, ...] = ()
    thresholds: tuple[ThresholdResult, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class CapacitySummary:
    """`highest` is the highest rate that passed, None where none did; `is_confirmed` once it passed a
    second time, at the end. With `at_least` there was nothing higher to try. `lowest_failed` is the
    lowest rate above it that failed, and `why`. At `stopped_at` a search ended that did not find an
    answer. From `knee` on latency climbs. `margin` is the share by which `highest` is above `normal`.
    """

    end: str
    scenarios: tuple[str, ...]
    from_rate: float
    to_rate: float
    tolerance: float
    hold_s: int
    settle_s: int
    highest: float | None
    highest_requests: float | None
    is_confirmed: bool
    at_least: bool
    lowest_failed: float | None
    why: str | None
    stopped_at: float | None
    knee: float | None
    required: float | None = None
    normal: float | None = None
    margin: float | None = None
    levels: tuple[LevelSummary, ...] = ()
