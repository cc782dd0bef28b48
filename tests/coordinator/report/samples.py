"""Summaries for the tests: one run, and what may go wrong with it."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime

from groundswell_coordinator.report.judged import Remark
from groundswell_coordinator.report.summary import (
    AgentSummary,
    CheckSummary,
    CourseSummary,
    ErrorSummary,
    MetricSummary,
    PartSummary,
    ReasonSummary,
    ScenarioSummary,
    Summary,
    ThresholdSummary,
    WindowSummary,
)


def trend(
    *values: float,
    count: int = 630_600,
    unit: str = "ms",
    clamped: int = 0,
    spread: tuple[int, ...] = (),
) -> MetricSummary:
    """`values` are avg, min, med, max, p(90), p(95), p(99), p(99.9)."""
    names = ("avg", "min", "med", "max", "p(90)", "p(95)", "p(99)", "p(99.9)")
    return MetricSummary(
        "trend", {"count": count, **dict(zip(names, values, strict=True))}, unit, clamped, spread
    )


def counter(count: int, rate: float, unit: str | None = None) -> MetricSummary:
    return MetricSummary("counter", {"count": count, "rate": rate}, unit)


def rate(passes: int, fails: int) -> MetricSummary:
    share = passes / (passes + fails) if passes + fails else 0.0
    return MetricSummary("rate", {"rate": share, "passes": passes, "fails": fails})


def gauge(value: float, low: float, high: float) -> MetricSummary:
    return MetricSummary("gauge", {"value": value, "min": low, "max": high})


SPREAD = (
    2,
    900,
    20_000,
    90_000,
    210_000,
    180_000,
    80_000,
    40_000,
    9000,
    600,
    90,
    7,
    *([0] * 11),
    1,
)
DURATION = trend(1.104, 0.2124, 0.9, 40.13, 1.6, 2.2, 6.01, 21.04, spread=SPREAD)
# Three minutes of a run that warms up and has a bad moment.
COURSE = CourseSummary(
    step_s=15,
    requests=(120.0, 480.5, 955.0, 955.5, 955.0, 940.2, 300.0, 955.0, 955.5, 955.0, 955.2, 954.8),
    failed=(0.0, 0.0, 0.0, 0.0, 0.0, 1.5, 40.0, 0.1, 0.0, 0.0, 0.0, 0.0),
    vus=(20.0, 500.0, 1002.0, 1002.0, 1002.0, 1010.0, 1040.0, 1002.0, 1002.0, 1002.0, 1002.0, None),
    avg_ms=(0.9, 0.9, 1.0, 1.0, 1.0, 1.4, 18.1, 1.1, 1.0, 1.0, 1.0, None),
    p95_ms=(1.9, 2.0, 2.2, 2.2, 2.1, 4.0, 40.1, 2.4, 2.2, 2.2, 2.2, None),
)
PASSED = Summary(
    run="20260304-050607-1f3a9c",
    test="checkout",
    test_hash="sha256:9f86d081884c7d65",
    groundswell_version="0.1.0",
    verdict="PASS",
    exit_code=0,
    labels={"branch": "main"},
    started_at=datetime(2026, 3, 4, 5, 6, 7, tzinfo=UTC),
    duration_s=660.0,
    agents=tuple(
        AgentSummary(f"agent-{n}", 1, 0.1 * n, 0.5 + n / 100, 0.2 * n) for n in range(1, 5)
    ),
    scenarios={"browse": ScenarioSummary("ramping-arrival-rate", 315_300, 315_300)},
    metrics={
        "http_reqs": counter(630_600, 955.4545),
        "http_req_failed": rate(0, 630_600),
        "http_req_duration": DURATION,
        "http_req_duration{expected_response:true}": DURATION,
        "http_req_duration{name:product}": trend(
            1.2, 0.3, 1.0, 38.2, 1.7, 2.304, 6.12, 20.1, count=315_300
        ),
        "http_req_response_time": trend(1.5, 0.3, 1.01, 154.6, 1.9, 2.8, 9.2, 41.0),
        "http_req_blocked": trend(0.001, 0.0004, 0.001, 12.2, 0.002, 0.002, 0.004, 0.9),
        "http_req_connecting": trend(0.0, 0.0, 0.0, 4.1, 0.0, 0.0, 0.0, 0.4),
        "http_req_tls_handshaking": trend(0.0, 0.0, 0.0, 8.1, 0.0, 0.0, 0.0, 0.5),
        "http_req_sending": trend(0.01, 0.004, 0.01, 0.2, 0.02, 0.03, 0.04, 0.1),
        "http_req_waiting": trend(1.0, 0.2, 0.8, 39.9, 1.5, 2.1, 5.9, 20.9),
        "http_req_receiving": trend(0.05, 0.01, 0.04, 2.1, 0.09, 0.1, 0.4, 1.1),
        "iterations": counter(315_300, 477.727),
        "iteration_duration": trend(2004.2, 1003.1, 2001.0, 3098.7, 2800.5, 2900.2, 2980.0, 3050.0),
        "dropped_iterations": counter(0, 0.0),
        "interrupted_iterations": counter(0, 0.0),
        "send_lag": trend(0.11, 0.001, 0.1, 2.2, 0.2, 0.4, 0.8, 1.9, count=315_300),
        "vus": gauge(1002, 20, 1040),
        "vus_max": gauge(4000, 4000, 4000),
        "checks": rate(630_600, 0),
        "data_received": counter(1_291_468_800, 1_956_770.9, "bytes"),
        "data_sent": counter(88_284_000, 133_763.6, "bytes"),
    },
    thresholds=(
        ThresholdSummary("http_req_duration{name:product}", "p(95) < 300ms", True, 2.304),
        ThresholdSummary(
            "http_req_duration{name:product}",
            "p(99) < 1s",
            True,
            7.215,
            WindowSummary(30, 130, 160),
        ),
        ThresholdSummary("http_req_failed", "rate < 0.1%", True, 0.0),
        ThresholdSummary("checks", "rate > 99%", True, 1.0),
        ThresholdSummary("dropped_iterations", "count == 0", True, 0),
    ),
    checks=(
        CheckSummary("product: status 2xx", 315_300, 0),
        CheckSummary("has a price", 315_300, 0),
    ),
)

FAILED = replace(
    PASSED,
    verdict="FAIL",
    exit_code=99,
    warmup_s=30.0,
    plan=((0.5, 20.0), (60.5, 500.0), (659.5, 500.0)),
    course=COURSE,
    reasons=(
        ReasonSummary(
            "threshold_failed",
            "http_req_duration{name:product}: p(95) < 300ms was 300.04ms",
            metric="http_req_duration{name:product}",
        ),
        ReasonSummary(
            "threshold_failed", "http_req_failed: rate < 0.1% was 0.104%", metric="http_req_failed"
        ),
        ReasonSummary("rate_not_reached", "12 of 315300 arrivals were not started", cause="target"),
    ),
    scenarios={
        "browse": ScenarioSummary(
            "ramping-arrival-rate", 315_300, 315_281, {"no_vu": 10, "late": 2}, 7, 3
        )
    },
    metrics={
        **PASSED.metrics,
        "http_req_failed": rate(656, 629_944),
        "dropped_iterations": counter(12, 0.018),
        "interrupted_iterations": counter(3, 0.0045),
        "checks": rate(629_994, 606),
        "search_index": trend(12.3, 4.0, 11.0, 90.0, 20.0, 30.0, 60.0, 88.0, count=900, unit="ms"),
        "cart_size": trend(2.5, 1.0, 2.0, 9.0, 4.0, 5.0, 8.0, 9.0, count=900, unit=""),
        "coupons": counter(31, 0.047),
    },
    thresholds=(
        ThresholdSummary("http_req_duration{name:product}", "p(95) < 300ms", False, 300.04),
        ThresholdSummary(
            "http_req_duration{name:product}",
            "p(99) < 1s",
            True,
            810.2,
            WindowSummary(30, 130, 160),
        ),
        ThresholdSummary("http_req_failed", "rate < 0.1%", False, 656 / 630_600),
        ThresholdSummary("http_reqs", "rate > 900", True, 955.4545),
        ThresholdSummary("checks", "rate > 99%", True, 629_994 / 630_600),
    ),
    checks=(
        CheckSummary("product: status 2xx", 315_300, 0),
        CheckSummary("has a price", 314_694, 606),
    ),
    errors=(
        ErrorSummary("timeout", "product", 604),
        ErrorSummary("refused", "/login", 2),
    ),
)

INCONCLUSIVE = replace(
    PASSED,
    verdict="INCONCLUSIVE",
    exit_code=96,
    reasons=(
        ReasonSummary(
            "agent_saturated",
            "send lag p(99) was 12.4ms, above the limit of 5ms, from 3m10s to 4m2s of the run and "
            "once more at its end",
            agent="agent-3",
        ),
        ReasonSummary("no_samples", "http_req_duration{name:cart} had none", metric="x"),
    ),
    warnings=(
        Remark("agent_busy", "agent-3 was at 97% CPU for 41 s: add agents", "agent-3"),
        Remark(
            "target_http2",
            "on all 4 agents: shop.staging.internal:443 would speak HTTP/2, and is sent HTTP/1.1",
        ),
    ),
    agents=(
        AgentSummary("agent-1", 1, 0.1, 0.61, 0.8),
        AgentSummary("agent-2", 1, 7.25, 0.64, 0.9),
        AgentSummary("agent-3", 2, 0.3, 1.0, 12.4),
        AgentSummary("agent-4", 1, None, None, None),
    ),
    thresholds=(
        ThresholdSummary("http_req_duration{name:cart}", "p(95) < 300ms", None, None),
        ThresholdSummary("http_req_failed", "rate < 0.1%", True, 0.0),
    ),
    metrics={
        **PASSED.metrics,
        "http_req_duration{name:cart}": MetricSummary("trend", {"count": 0}, "ms"),
    },
)

NO_THRESHOLDS = replace(
    PASSED,
    thresholds=(),
    checks=(),
    scenarios={"users": ScenarioSummary("constant-vus", None, 315_300)},
    metrics={
        name: metric
        for name, metric in PASSED.metrics.items()
        if name not in ("checks", "http_req_duration{name:product}", "dropped_iterations")
    },
    reasons=(ReasonSummary("agent_lost", "agent-2 was lost at 4m12s", agent="agent-2"),),
)

ALL_REFUSED = replace(
    PASSED,
    verdict="FAIL",
    exit_code=99,
    duration_s=10.2,
    reasons=(ReasonSummary("threshold_failed", "http_req_failed: rate < 0.1% was 100%"),),
    agents=PASSED.agents[:1],
    scenarios={"browse": ScenarioSummary("constant-arrival-rate", 1000, 1000)},
    metrics={
        "http_reqs": counter(1000, 98.04),
        "http_req_failed": rate(1000, 0),
        "http_req_duration": MetricSummary("trend", {"count": 0}, "ms"),
        "http_req_duration{expected_response:true}": MetricSummary("trend", {"count": 0}, "ms"),
        "http_req_response_time": trend(
            720_000.0, 0.9, 5000.0, 5_400_000.0, *([float("inf")] * 4), count=1000, clamped=120
        ),
        "iterations": counter(1000, 98.04),
        "data_received": counter(0, 0.0, "bytes"),
        "data_sent": counter(0, 0.0, "bytes"),
    },
    thresholds=(
        ThresholdSummary("http_req_response_time", "p(95) < 1s", False, float("inf")),
        ThresholdSummary("http_req_failed", "rate < 0.1%", False, 1.0),
    ),
    checks=(),
    errors=tuple(ErrorSummary("refused", f"/route/{n}", 1000 - n) for n in range(13)),
)

# A minute of a run: nothing is judged, and accounts are of the whole.
PART = replace(
    FAILED,
    verdict=None,
    exit_code=0,
    reasons=(),
    duration_s=60.0,
    part=PartSummary(60, 120, 660),
    course=None,
    scenarios={},
    thresholds=(),
)

ALL = {
    "pass": PASSED,
    "fail": FAILED,
    "inconclusive": INCONCLUSIVE,
    "no_thresholds": NO_THRESHOLDS,
    "all_refused": ALL_REFUSED,
    "part": PART,
}
