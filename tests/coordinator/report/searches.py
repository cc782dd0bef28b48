"""Searches for capacity as a summary tells them: one that found an answer, and those that did not."""

from __future__ import annotations

from dataclasses import replace

from groundswell_coordinator.report.capacity_summary import (
    CapacitySummary,
    LevelSummary,
)
from groundswell_coordinator.report.judged import Remark, ThresholdResult
from tests.coordinator.report.samples import PASSED


def level(
    rate: float, outcome: str = "passed", phase: str = "climb", **more: object
) -> LevelSummary:
    values: dict[str, object] = {
        "number": 1,
        "phase": phase,
        "rate": rate,
        "begin_s": 1,
        "from_s": 2,
        "to_s": 3,
        "outcome": outcome,
        "achieved": rate,
        "requests": 3 * rate,
        "p50_ms": 10.0,
        "p95_ms": 20.0 if outcome == "passed" else 2_000.0,
        "p99_ms": 40.0 if outcome == "passed" else 4_000.0,
        "failed": 0.0 if outcome == "passed" else 0.125,
        "dropped": 0,
        "vus": 7,
        "thresholds": (ThresholdResult("http_req_duration", "p(95) < 1s", ok=True, value=20.0),),
        **more,
    }
    return LevelSummary(**values)  # type: ignore[arg-type]  # fields by name


BROKEN = Remark("threshold_failed", "http_req_duration: p(95) < 1s: 2s")
FOUND = CapacitySummary(
    end="found",
    scenarios=("browse", "buy"),
    from_rate=100.0,
    to_rate=20_000.0,
    tolerance=0.02,
    hold_s=30,
    settle_s=10,
    highest=1_240.0,
    highest_requests=3_720.0,
    is_confirmed=True,
    at_least=False,
    lowest_failed=1_260.0,
    why=BROKEN.message,
    stopped_at=None,
    knee=1_100.0,
    normal=400.0,
    margin=2.1,
    levels=(
        level(1_240.0, phase="confirm"),
        level(100.0),
        level(1_260.0, "failed", reasons=(BROKEN,)),
        level(620.0, "passed", "recover"),
    ),
)
SEARCHED = replace(PASSED, capacity=FOUND)
BEYOND = replace(
    FOUND, end="beyond", highest=20_000.0, at_least=True, lowest_failed=None, why=None, knee=None
)
SATURATED = replace(
    FOUND, end="generator", is_confirmed=False, lowest_failed=None, why=None, stopped_at=2_480.0
)
NOTHING = replace(
    FOUND, end="unfinished", highest=None, lowest_failed=None, margin=None, levels=(), knee=None
)
