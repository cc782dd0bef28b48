"""Runs as they lie in a store, as long as one likes: with everything that a page shows."""

from __future__ import annotations

from contextlib import contextmanager
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from itertools import islice
from typing import TYPE_CHECKING

import numpy as np

from groundswell.metrics.catalog import REQUEST_TRENDS
from groundswell.metrics.histogram import Histogram
from groundswell.metrics.series import Series
from groundswell.v1.metrics_pb2 import Report, ScenarioAccount
from groundswell_coordinator.report.material import Material
from groundswell_coordinator.store.owner import Owner
from groundswell_coordinator.store.records import (
    AgentClock,
    Contribution,
    RunLine,
    StoredEvent,
    StoredHandover,
    StoredInterval,
    StoredRun,
    StoredShare,
)
from groundswell_coordinator.timeline.interval import Interval, Rate, Trend

if TYPE_CHECKING:
    from collections.abc import Generator, Iterator, Sequence

    from groundswell_coordinator.report.material import Stored
    from groundswell_coordinator.report.summary import Summary

STARTED = datetime(2026, 3, 4, 5, 6, 7, tzinfo=UTC)
_PER_NAME = 50
_DIFFERENT = 8


def material(
    summary: Summary, seconds: int, names: Sequence[str], *, agents: Sequence[str] = ("agent-1",)
) -> Material:
    """A run of so many seconds with 50 requests of each name in every second."""
    run = _run(summary, seconds, agents)

    @contextmanager
    def stored() -> Generator[Stored]:
        yield run, _intervals(seconds, names, agents)

    return Material(summary, stored)


def _intervals(
    seconds: int, names: Sequence[str], agents: Sequence[str]
) -> Iterator[StoredInterval]:
    random = np.random.default_rng(7)
    different = [
        _interval(random, names).to_report().SerializeToString() for _ in range(_DIFFERENT)
    ]
    for number in range(seconds):
        contained = tuple(Contribution(f"i-{name}", _accounts(number + 1)) for name in agents)
        yield StoredInterval(number, different[number % _DIFFERENT], contained)


def _interval(random: np.random.Generator, names: Sequence[str]) -> Interval:
    return Interval(
        0,
        counters={_series("http_reqs", name): _PER_NAME for name in names},
        gauges={
            Series("vus", (("scenario", "browse"),)): float(random.integers(10, 60)),
            Series("agent_cpu", ()): float(random.uniform(0.2, 0.6)),
        },
        rates={
            _series("http_req_failed", name): Rate(at % 3, _PER_NAME)
            for at, name in enumerate(names)
        },
        trends={
            **{
                _series(metric, name): _trend(random, 2 + at / 10)
                for at, name in enumerate(names)
                for metric in REQUEST_TRENDS
            },
            Series("send_lag", (("scenario", "browse"),)): _trend(random, -1),
        },
    )


def _trend(random: np.random.Generator, middle: float) -> Trend:
    histogram = Histogram()
    histogram.add_ns((random.lognormal(middle, 0.7, _PER_NAME) * 1e6).astype(np.int64))
    return Trend.of(histogram)


def _series(metric: str, name: str) -> Series:
    tags = {"expected_response": "true", "method": "GET", "name": name, "scenario": "browse"}
    return Series(metric, tuple(sorted({**tags, "status": "200"}.items())))


def _accounts(seconds: int) -> bytes:
    account = ScenarioAccount(
        scenario="browse", planned=100 * seconds, fired=99 * seconds, dropped={"no_vu": seconds}
    )
    return Report(accounts=[account]).SerializeToString()


def _run(summary: Summary, seconds: int, agents: Sequence[str]) -> StoredRun:
    lost = agents[-1]
    line = RunLine(
        run_id=summary.run,
        test=summary.test,
        labels=summary.labels,
        created_at=STARTED,
        start_at=STARTED,
        ended_at=STARTED + timedelta(seconds=seconds),
        duration_s=float(seconds),
        verdict=summary.verdict,
        exit_code=summary.exit_code,
        agents=len(agents),
        intervals=seconds,
        owner=Owner.current(),
        is_local=False,
    )
    return StoredRun(
        line=line,
        test_hash=summary.test_hash,
        source=b"",
        seed=7,
        groundswell_version=summary.groundswell_version,
        coordinator_id="c",
        generation=1,
        on_agent_loss="reshare",
        agent_histograms=False,
        shares=tuple(StoredShare(name, f"i-{name}", 1) for name in agents),
        handovers=(
            StoredHandover(1, lost, round(seconds * 0.6e9), ((agents[0], 1),), {"browse": 1}),
        ),
        clocks=tuple(AgentClock(name, f"i-{name}", 1000, 40_000, 200_000) for name in agents),
        events=(
            StoredEvent(STARTED - timedelta(seconds=1), "preflight", "before the load"),
            StoredEvent(
                STARTED + timedelta(seconds=seconds * 0.5),
                "agent_lost",
                "silent for 5.25s",
                lost,
                {"lease_end": seconds * 0.5},
            ),
        ),
        summary_json=summary.to_json(),
        environment={
            "coordinator": {"version": "0.1.0", "python": "3.12.1", "cores": 2},
            "agents": {name: {"version": "0.1.0", "labels": {"zone": "a"}} for name in agents},
        },
    )


def with_everything(summary: Summary, hostile: str) -> Summary:
    """The summary with `hostile` wherever a test or a machine may name something."""
    return replace(
        summary,
        test=hostile,
        labels={hostile: hostile},
        reasons=tuple(replace(one, message=hostile, agent=hostile) for one in summary.reasons),
        agents=tuple(replace(one, name=hostile) for one in islice(summary.agents, 1)),
        scenarios={hostile: next(iter(summary.scenarios.values()))},
        thresholds=tuple(replace(one, metric=hostile) for one in summary.thresholds),
        checks=tuple(replace(one, name=hostile) for one in summary.checks),
        errors=tuple(replace(one, name=hostile) for one in summary.errors),
    )
