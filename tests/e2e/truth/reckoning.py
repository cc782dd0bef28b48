"""The truth about a run, reckoned from the target's log and the plan alone; none of the product's code is used.

All processes are on one machine and share CLOCK_MONOTONIC.

    response time, open      departure of the answer - planned moment. Arrival n of a constant rate is planned
                             at T + n / rate. Requests reach the kernel in the order of their plan, so they
                             are paired in that order; where one is overtaken, because it had to open its
                             connection first, two neighbours' values are exchanged and their sum is kept.
                             Where each request has a tag, that pairs them and nothing is overtaken.
    response time, closed    departure of the answer - departure of the one before on the same connection, as
                             a VU has one connection and does not pause. When a VU was ready for its first
                             request only the run knows: between T and that request's arrival.
    service time             departure of the last byte - arrival of the request in the kernel
    waiting, receiving       the same up to the departure of the first byte, and from there on

T is what the run says of its start, by the wall clock, moved to the monotonic one. It cannot be wrong without
being found out: the earliest request must have come as much after its plan as the run says it was sent late.

What the target cannot see is the way over loopback, which its stamps leave out at both ends: some 10 µs from
`send` to the stamp of the kernel, some 50 µs from its own `send` until the agent's loop has been woken. The truth
is too small by that, never too large; the bound of 1 ms has room for it.
"""

from __future__ import annotations

import math
import time
from dataclasses import dataclass
from typing import TYPE_CHECKING, Self

import numpy as np

if TYPE_CHECKING:
    from collections.abc import Mapping

    from numpy.typing import NDArray

    from groundswell_coordinator.report.summary import Summary
    from tests.e2e.truth.target import Log

DURATION, RESPONSE = "http_req_duration", "http_req_response_time"
WAITING, RECEIVING = "http_req_waiting", "http_req_receiving"

# The product's promise.
WITHIN_SHARE, WITHIN_MS = 0.001, 1.0
_RANKS = {"med": 50.0, "p(90)": 90.0, "p(95)": 95.0, "p(99)": 99.0, "p(99.9)": 99.9, "max": 100.0}
# Beyond the error of the clocks' comparison.
START_WITHIN_MS = 0.5


@dataclass(frozen=True, slots=True)
class Truth:
    """Of one metric, in ms: what every request took at least, and at most. Mostly both are the same."""

    least: NDArray[np.float64]
    most: NDArray[np.float64]

    @classmethod
    def exactly(cls, values_ns: NDArray[np.int64]) -> Self:
        return cls(values_ns / 1e6, values_ns / 1e6)

    def __len__(self) -> int:
        return len(self.least)


@dataclass(frozen=True, slots=True)
class Difference:
    """One figure, in ms, and the bounds of its truth."""

    metric: str
    statistic: str
    said: float
    least: float
    most: float

    @property
    def off(self) -> float:
        return beyond(self.said, self.least, self.most)

    @property
    def is_bearable(self) -> bool:
        return abs(self.off) <= WITHIN_SHARE * self.least + WITHIN_MS

    def __str__(self) -> str:
        true = f"{self.least:.3f}"
        if self.most > self.least:
            true = f"{true} to {self.most:.3f}"
        return (
            f"{self.metric} {self.statistic}: {self.said:.3f} ms, truth {true} ms ({self.off:+.3f})"
        )


def beyond(said: float, least: float, most: float) -> float:
    """How far it is from these bounds; 0 between them, less than 0 below."""
    return said - min(max(said, least), most)


def start_of(summary: Summary) -> int:
    """T, in ns of CLOCK_MONOTONIC."""
    assert summary.started_at is not None
    # Whatever comes between the two readings makes the difference smaller.
    ahead = max(time.time_ns() - time.monotonic_ns() for _ in range(10))
    return round(summary.started_at.timestamp() * 1e6) * 1000 - ahead


def planned_moments(start: int, rate: float, count: int) -> NDArray[np.int64]:
    """Of a constant rate, in ns."""
    return start + np.round(np.arange(count) * (1e9 / rate)).astype(np.int64)


def open_truth(log: Log, planned: NDArray[np.int64]) -> dict[str, Truth]:
    """`planned` in the order of the log."""
    return {RESPONSE: Truth.exactly(log.last - planned), **_service_truth(log)}


def closed_truth(log: Log, start: int) -> dict[str, Truth]:
    due = log.arrived.copy()
    earliest = np.full(len(log), start, np.int64)
    for connection in np.unique(log.connection):
        own = np.flatnonzero(log.connection == connection)
        due[own[1:]] = earliest[own[1:]] = log.last[own[:-1]]
    response = Truth((log.last - due) / 1e6, (log.last - earliest) / 1e6)
    return {RESPONSE: response, **_service_truth(log)}


def _service_truth(log: Log) -> dict[str, Truth]:
    return {
        DURATION: Truth.exactly(log.last - log.arrived),
        WAITING: Truth.exactly(log.first - log.arrived),
        RECEIVING: Truth.exactly(log.last - log.first),
    }


def start_is_off_by(summary: Summary, log: Log, planned: NDArray[np.int64]) -> float:
    """In ms: how late the earliest request came by the log, less how late it was sent by the run."""
    return float((log.arrived - planned).min()) / 1e6 - summary.metrics["send_lag"].values["min"]


def differences(summary: Summary, truths: Mapping[str, Truth]) -> tuple[Difference, ...]:
    """Of every metric that has a truth, of every percentile."""
    found: list[Difference] = []
    for metric, truth in truths.items():
        said = summary.metrics[metric].values
        assert said["count"] == len(truth), (metric, said["count"], len(truth))
        for statistic, p in _RANKS.items():
            least, most = nearest_rank(truth.least, p), nearest_rank(truth.most, p)
            found.append(Difference(metric, statistic, said[statistic], least, most))
    return tuple(found)


def nearest_rank(values: NDArray[np.float64], p: float) -> float:
    rank = max(math.ceil(len(values) * p / 100), 1)
    return float(np.partition(values, rank - 1)[rank - 1])
