"""`--out prometheus=URL`: remote write 1.0, a request a second.

    groundswell_http_reqs_total{run, test, scenario, name, method, status, …}
    groundswell_http_req_duration_seconds{…, quantile="0.95"}     of the second
    groundswell_http_req_duration_seconds_sum, _count             since the start

Counters, rates and sums are totals since the run's start, as Prometheus' functions want them;
quantiles are those of the merged histogram of the second.
"""

from __future__ import annotations

import struct
from typing import TYPE_CHECKING

import cramjam

from groundswell.metrics.catalog import Kind
from groundswell.metrics.histogram import Histogram
from groundswell.v1.remote_write_pb2 import RemoteLabel, RemoteSample, RemoteSeries, RemoteWrite
from groundswell_coordinator.outputs.http import Receiver
from groundswell_coordinator.outputs.totals import PREFIX, Totals, name_of, per_unit_ns, unit_suffix

if TYPE_CHECKING:
    from collections.abc import Iterator

    from groundswell.metrics.series import Series
    from groundswell_coordinator.outputs.sink import RunFacts
    from groundswell_coordinator.timeline.interval import Interval, Trend

_QUANTILES = (0.5, 0.9, 0.95, 0.99, 1.0)
_PERCENTILES = tuple(100 * quantile for quantile in _QUANTILES)
_HEADERS = {
    "Content-Type": "application/x-protobuf",
    "Content-Encoding": "snappy",
    "X-Prometheus-Remote-Write-Version": "0.1.0",
}
# A series that ends says so with this very number: its line stops instead of going on for five minutes.
STALE = struct.unpack("<d", struct.pack("<Q", 0x7FF0_0000_0000_0002))[0]
_OURS = frozenset(("run", "test", "quantile", "le", "job", "instance"))

Labels = tuple[tuple[str, str], ...]
Value = tuple[str, Labels, float]


def open_sink(place: str, facts: RunFacts) -> PrometheusSink:
    return PrometheusSink(Receiver(place, _HEADERS), facts)


class PrometheusSink:
    def __init__(self, receiver: Receiver, facts: RunFacts) -> None:
        self._receiver = receiver
        self._facts = facts
        self._totals = Totals()
        self._labels: dict[Series, Labels] = {}
        # Every series that was sent, and when the last one was.
        self._known: dict[tuple[str, Labels], None] = {}
        self._last_ms = 0

    def absorb(self, interval: Interval) -> None:
        for series, count in interval.counters.items():
            self._totals.add(series, count)
        for series, rate in interval.rates.items():
            self._totals.add(series, rate.passes, rate.total)
        for series, trend in interval.trends.items():
            self._totals.add(series, trend.count, trend.sum_ns)

    def encode(self, interval: Interval) -> bytes:
        self._last_ms = self._facts.end_ns(interval.number) // 1_000_000
        return self._request(self._values(interval))

    def farewell(self) -> bytes:
        self._last_ms += 1
        return self._request([(*key, STALE) for key in self._known]) if self._known else b""

    async def send(self, body: bytes) -> None:
        await self._receiver.post(body)

    async def close(self) -> None:
        await self._receiver.close()

    def _request(self, values: Iterator[Value] | list[Value]) -> bytes:
        request = RemoteWrite()
        for name, labels, value in values:
            self._known[name, labels] = None
            request.timeseries.append(_series(name, labels, value, self._last_ms))
        return bytes(cramjam.snappy.compress_raw(request.SerializeToString()))

    def _values(self, interval: Interval) -> Iterator[Value]:
        for series, count in interval.counters.items():
            (total,) = self._totals.add(series, count)
            yield f"{self._name(series, Kind.COUNTER)}_total", self._labels_of(series), total
        for series, value in interval.gauges.items():
            yield self._name(series, Kind.GAUGE), self._labels_of(series), value
        for series, rate in interval.rates.items():
            passes, observed = self._totals.add(series, rate.passes, rate.total)
            name = self._name(series, Kind.RATE)
            yield f"{name}_total", self._labels_of(series), passes
            yield f"{name}_observed_total", self._labels_of(series), observed
        for series, trend in interval.trends.items():
            yield from self._trend(series, trend)

    def _trend(self, series: Series, trend: Trend) -> Iterator[Value]:
        count, sum_ns = self._totals.add(series, trend.count, trend.sum_ns)
        labels = self._labels_of(series)
        name = self._name(series, Kind.TREND)
        one = per_unit_ns(self._facts.metric(series.metric, Kind.TREND))
        histogram = Histogram()
        trend.add_to(histogram)
        for quantile, ms in zip(_QUANTILES, histogram.percentiles(_PERCENTILES), strict=True):
            own = (*labels, ("quantile", f"{quantile:g}"))
            yield name, own, ms * 1e6 / one
        yield f"{name}_sum", labels, sum_ns / one
        yield f"{name}_count", labels, count

    def _name(self, series: Series, kind: Kind) -> str:
        metric = self._facts.metric(series.metric, kind)
        return f"{PREFIX}{name_of(metric.name)}{unit_suffix(metric)}"

    def _labels_of(self, series: Series) -> Labels:
        known = self._labels.get(series)
        if known is None:
            own = {_label(key): value for key, value in series.tags}
            given = {"run": self._facts.run_id, "test": self._facts.test}
            known = self._labels[series] = tuple({**own, **given}.items())
        return known


def _label(tag: str) -> str:
    """A test's own tag that is called as one of ours, or begins as only Prometheus' do, keeps apart."""
    name = name_of(tag)
    return f"tag_{name.lstrip('_')}" if name in _OURS or name.startswith("__") else name


def _series(name: str, labels: Labels, value: float, at_ms: int) -> RemoteSeries:
    pairs = sorted((("__name__", name), *labels))
    return RemoteSeries(
        # An empty label is none.
        labels=[RemoteLabel(name=key, value=text) for key, text in pairs if text],
        samples=[RemoteSample(value=value, timestamp=at_ms)],
    )
