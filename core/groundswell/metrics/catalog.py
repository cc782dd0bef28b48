"""The built-in metrics: their names, kinds and units, as k6 names them, and ours."""

from __future__ import annotations

from dataclasses import dataclass
from enum import Enum


class Kind(Enum):
    """How values of a metric add up."""

    COUNTER = "counter"
    GAUGE = "gauge"
    RATE = "rate"
    TREND = "trend"


class Unit(Enum):
    """What one is of. Trends of time are kept in microseconds and shown in milliseconds."""

    TIME = "ms"
    DATA = "bytes"
    NONE = ""


class Across(Enum):
    """How one gauge of several agents becomes one of the run."""

    SUM = "sum"
    MAX = "max"
    MIN = "min"


@dataclass(frozen=True, slots=True)
class Metric:
    """A metric's name, kind and unit; `across` is read for gauges only."""

    name: str
    kind: Kind
    unit: Unit = Unit.NONE
    across: Across = Across.SUM


# The trends of every answered request, in the order in which the recorder's rows give them.
REQUEST_TRENDS = (
    "http_req_blocked",
    "http_req_connecting",
    "http_req_tls_handshaking",
    "http_req_sending",
    "http_req_waiting",
    "http_req_receiving",
    "http_req_duration",
    "http_req_response_time",
)

_METRICS = (
    Metric("http_reqs", Kind.COUNTER),
    *(Metric(name, Kind.TREND, Unit.TIME) for name in REQUEST_TRENDS),
    Metric("http_req_failed", Kind.RATE),
    Metric("http_req_retries", Kind.COUNTER),
    Metric("iterations", Kind.COUNTER),
    Metric("iteration_duration", Kind.TREND, Unit.TIME),
    Metric("dropped_iterations", Kind.COUNTER),
    Metric("interrupted_iterations", Kind.COUNTER),
    Metric("failed_iterations", Kind.COUNTER),
    Metric("vus", Kind.GAUGE),
    Metric("vus_max", Kind.GAUGE),
    Metric("checks", Kind.RATE),
    Metric("group_duration", Kind.TREND, Unit.TIME),
    Metric("data_sent", Kind.COUNTER, Unit.DATA),
    Metric("data_received", Kind.COUNTER, Unit.DATA),
    Metric("send_lag", Kind.TREND, Unit.TIME),
    Metric("agent_cpu", Kind.GAUGE, across=Across.MAX),
    Metric("agent_cpu_throttled", Kind.GAUGE, across=Across.MAX),
    Metric("agent_loop_lag", Kind.TREND, Unit.TIME),
    Metric("agent_gc_pause", Kind.TREND, Unit.TIME),
    Metric("agent_connections", Kind.GAUGE),
    Metric("agent_fds_left", Kind.GAUGE, across=Across.MIN),
)

BUILTIN: dict[str, Metric] = {metric.name: metric for metric in _METRICS}
