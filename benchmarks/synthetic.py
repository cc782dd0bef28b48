"""What agents of one large run would report: real protobufs and payloads of made-up samples.

Two scenarios with one request each: 20 trends of 250 samples a second, 14 counters, 8 rates and 4
gauges, under the tags that an agent gives them. The samples are lognormal around some milliseconds,
so a trend fills about two hundred of the few thousand buckets that it spreads over.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from groundswell.metrics.catalog import BUILTIN, REQUEST_TRENDS, Kind
from groundswell.metrics.histogram import Histogram
from groundswell.metrics.series import Series
from groundswell.metrics.trend_value import trend_value
from groundswell.v1.metrics_pb2 import (
    METRIC_KIND_COUNTER,
    METRIC_KIND_GAUGE,
    METRIC_KIND_RATE,
    METRIC_KIND_TREND,
    CounterValue,
    GaugeValue,
    RateValue,
    Report,
    ScenarioAccount,
    SeriesDeclaration,
)

if TYPE_CHECKING:
    from collections.abc import Iterator

    from groundswell.v1.metrics_pb2 import MetricKind, TrendValue

SAMPLES = 250
SCENARIOS = ("browse", "buy")
# Medians from 1 to 20 ms; the samples of each spread over a factor of about ten.
_MEDIANS_MS = np.linspace(1, 20, 20)
_SPREAD = 0.5
# So many different seconds are made, and told in turn.
_VARIANTS = 40

_WIRE_KIND: dict[Kind, MetricKind.ValueType] = {
    Kind.COUNTER: METRIC_KIND_COUNTER,
    Kind.GAUGE: METRIC_KIND_GAUGE,
    Kind.RATE: METRIC_KIND_RATE,
    Kind.TREND: METRIC_KIND_TREND,
}


def written_test(agents: int, seconds: int) -> str:
    """The test that these reports are of."""
    return f"""\
test: pool
target: http://127.0.0.1:9
warmup: 2s
generator_limits: {{send_lag: 1s, loop_lag: 1s}}
scenarios:
  browse:
    executor: constant-arrival-rate
    rate: {SAMPLES * agents}/s
    duration: {seconds}s
    graceful_stop: 1s
    max_vus: {10 * agents}
    steps: [{{get: /, name: page}}]
  buy:
    executor: constant-vus
    vus: {10 * agents}
    duration: {seconds}s
    graceful_stop: 1s
    steps: [{{post: /, name: order}}]
thresholds:
  http_req_failed: [rate < 1%]
  http_req_duration: [p(95) < 1s, p(99) < 2s]
  "http_req_duration{{name:page}}":
    - {{threshold: p(99) < 2s, over: 10s}}
  checks: [rate > 99%]
"""


@dataclass(frozen=True, slots=True)
class SyntheticReports:
    """`declarations` go with an agent's first report; a body holds all of a second but whose it is."""

    declarations: tuple[SeriesDeclaration, ...]
    bodies: tuple[bytes, ...]

    @classmethod
    def make(cls, seed: int = 1) -> SyntheticReports:
        numbers = {series: number for number, series in enumerate(_series(), start=1)}
        chance = np.random.default_rng(seed)
        declarations = tuple(_declaration(series, number) for series, number in numbers.items())
        bodies = (_body(numbers, chance) for _ in range(_VARIANTS))
        return cls(declarations, tuple(body.SerializeToString() for body in bodies))

    def report(
        self, run_id: str, incarnation: str, number: int, interval: int, *, last: bool = False
    ) -> bytes:
        """Agent `number`'s report as bytes, which a `Report` reads: messages add up by appending."""
        done = SAMPLES * (interval + 1)
        head = Report(
            run_id=run_id,
            incarnation=incarnation,
            interval=interval,
            declarations=self.declarations if interval == 0 else (),
            accounts=[
                ScenarioAccount(scenario=SCENARIOS[0], planned=done, fired=done, next_index=done),
                ScenarioAccount(scenario=SCENARIOS[1], fired=done),
            ],
            last=last,
        )
        return head.SerializeToString() + self.bodies[(number + interval) % len(self.bodies)]


def _series() -> Iterator[Series]:
    yield Series.of("agent_loop_lag", {})
    yield Series.of("agent_cpu", {})
    yield Series.of("send_lag", {"scenario": SCENARIOS[0]})
    for scenario, name, method in zip(SCENARIOS, ("page", "order"), ("GET", "POST"), strict=True):
        for metric in ("iterations", "iteration_duration", "dropped_iterations", "vus"):
            yield Series.of(metric, {"scenario": scenario})
        tags = {"scenario": scenario, "name": name, "method": method}
        yield Series.of("http_req_retries", tags)
        answered = {**tags, "status": "200", "expected_response": "true"}
        for metric in (*REQUEST_TRENDS, "http_reqs", "data_sent", "data_received"):
            yield Series.of(metric, answered)
        yield Series.of("http_req_failed", answered)
        for check in ("status is 200", "body has a title", "body has no error"):
            yield Series.of("checks", {"scenario": scenario, "check": check})
    yield Series.of("vus_max", {"scenario": SCENARIOS[0]})
    yield Series.of("interrupted_iterations", {"scenario": SCENARIOS[0]})
    yield Series.of("interrupted_iterations", {"scenario": SCENARIOS[1]})


def _declaration(series: Series, number: int) -> SeriesDeclaration:
    kind = _WIRE_KIND[BUILTIN[series.metric].kind]
    return SeriesDeclaration(number=number, metric=series.metric, kind=kind, tags=dict(series.tags))


def _body(numbers: dict[Series, int], chance: np.random.Generator) -> Report:
    body = Report()
    medians = iter(_MEDIANS_MS)
    for series, number in numbers.items():
        match BUILTIN[series.metric].kind:
            case Kind.COUNTER:
                body.counters.append(CounterValue(series=number, delta=SAMPLES))
            case Kind.GAUGE:
                body.gauges.append(GaugeValue(series=number, value=chance.random()))
            case Kind.RATE:
                failed = series.metric == "http_req_failed"
                passes = 0 if failed else SAMPLES
                body.rates.append(RateValue(series=number, passes=passes, total=SAMPLES))
            case Kind.TREND:
                body.trends.append(_trend(number, next(medians), chance))
    return body


def _trend(number: int, median_ms: float, chance: np.random.Generator) -> TrendValue:
    histogram = Histogram()
    samples = median_ms * 1e6 * chance.lognormal(0, _SPREAD, SAMPLES)
    histogram.add_ns(samples.astype(np.int64))
    return trend_value(number, histogram)
