"""`--out otlp=URL`: OpenTelemetry metrics over HTTP, a request a second.

All values are cumulative since the run's start. Trends are exponential histograms, in seconds where
they are times; names are `groundswell.http_req_duration` and so on, with the unit beside them.
The headers in OTEL_EXPORTER_OTLP_HEADERS (`key=value,key=value`) go with every request.
"""

from __future__ import annotations

import os
from collections import defaultdict
from typing import TYPE_CHECKING
from urllib.parse import unquote, urlsplit, urlunsplit

from google.protobuf.message import DecodeError

from groundswell import __version__
from groundswell.errors import InvalidConfiguration
from groundswell.metrics.catalog import Kind
from groundswell.v1.otlp_pb2 import (
    OTLP_TEMPORALITY_CUMULATIVE,
    OtlpAttribute,
    OtlpBuckets,
    OtlpExponentialHistogram,
    OtlpGauge,
    OtlpHistogramPoint,
    OtlpMetric,
    OtlpNumber,
    OtlpRequest,
    OtlpResource,
    OtlpResourceMetrics,
    OtlpResponse,
    OtlpScope,
    OtlpScopeMetrics,
    OtlpSum,
    OtlpValue,
)
from groundswell_coordinator.outputs.exponential import SCALE, Exponential
from groundswell_coordinator.outputs.http import Receiver
from groundswell_coordinator.outputs.sink import OutputFailed
from groundswell_coordinator.outputs.totals import Totals, per_unit_ns, unit_suffix

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from groundswell.metrics.series import Series
    from groundswell_coordinator.outputs.sink import RunFacts
    from groundswell_coordinator.timeline.interval import Interval

HEADERS = "OTEL_EXPORTER_OTLP_HEADERS"
_PATH = "/v1/metrics"
_UNITS = {"_seconds": "s", "_bytes": "By", "_ratio": "1", "": ""}


def open_sink(place: str, facts: RunFacts) -> OtlpSink:
    parts = urlsplit(place)
    url = urlunsplit(parts._replace(path=_PATH)) if parts.path in ("", "/") else place
    return OtlpSink(Receiver(url, {**_headers(), "Content-Type": "application/x-protobuf"}), facts)


class OtlpSink:
    def __init__(self, receiver: Receiver, facts: RunFacts) -> None:
        self._receiver = receiver
        self._facts = facts
        self._totals = Totals()
        self._trends: dict[Series, Exponential] = {}
        self._attributes: dict[Series, list[OtlpAttribute]] = {}

    def absorb(self, interval: Interval) -> None:
        for series, count in interval.counters.items():
            self._totals.add(series, count)
        for series, rate in interval.rates.items():
            self._totals.add(series, rate.passes, rate.total)
        for series, trend in interval.trends.items():
            self._trend_of(series).add(trend)

    def encode(self, interval: Interval) -> bytes:
        self.absorb(interval)
        at_ns = self._facts.end_ns(interval.number)
        metrics = [*self._sums(interval, at_ns), *self._gauges(interval, at_ns)]
        metrics += self._histograms(interval, at_ns)
        scope = OtlpScope(name="groundswell", version=__version__)
        resource = {
            "service.name": "groundswell",
            "groundswell.run": self._facts.run_id,
            "groundswell.test": self._facts.test,
        }
        told = OtlpResourceMetrics(
            resource=OtlpResource(attributes=_attributes(resource.items())),
            scope_metrics=[OtlpScopeMetrics(scope=scope, metrics=metrics)],
        )
        return OtlpRequest(resource_metrics=[told]).SerializeToString()

    def farewell(self) -> bytes:
        return b""

    async def send(self, body: bytes) -> None:
        said = await self._receiver.post(body)
        try:
            partial = OtlpResponse.FromString(said).partial_success
        except DecodeError:
            return  # some answer with JSON, or with a page: it was taken all the same
        if partial.rejected_data_points:
            why = partial.error_message[:200] or "no reason"
            raise OutputFailed(
                f"it refused {partial.rejected_data_points} values: {why}", is_final=True
            )

    async def close(self) -> None:
        await self._receiver.close()

    def _sums(self, interval: Interval, at_ns: int) -> Iterator[OtlpMetric]:
        found: defaultdict[tuple[str, str], list[OtlpNumber]] = defaultdict(list)
        for series in interval.counters:
            (total,) = self._totals.add(series, 0)
            unit = self._unit(series.metric, Kind.COUNTER)
            found[series.metric, unit].append(self._number(series, at_ns, total))
        for series in interval.rates:
            passes, observed = self._totals.add(series, 0, 0)
            found[series.metric, ""].append(self._number(series, at_ns, passes))
            found[f"{series.metric}_observed", ""].append(self._number(series, at_ns, observed))
        for (name, unit), points in found.items():
            summed = OtlpSum(
                data_points=points,
                aggregation_temporality=OTLP_TEMPORALITY_CUMULATIVE,
                is_monotonic=True,
            )
            yield OtlpMetric(name=_name(name), unit=unit, sum=summed)

    def _gauges(self, interval: Interval, at_ns: int) -> Iterator[OtlpMetric]:
        found: defaultdict[str, list[OtlpNumber]] = defaultdict(list)
        for series, value in interval.gauges.items():
            number = OtlpNumber(
                time_unix_nano=at_ns, as_double=value, attributes=self._attributes_of(series)
            )
            found[series.metric].append(number)
        for name, points in found.items():
            unit = self._unit(name, Kind.GAUGE)
            yield OtlpMetric(name=_name(name), unit=unit, gauge=OtlpGauge(data_points=points))

    def _histograms(self, interval: Interval, at_ns: int) -> Iterator[OtlpMetric]:
        found: defaultdict[str, list[OtlpHistogramPoint]] = defaultdict(list)
        for series in interval.trends:
            found[series.metric].append(self._histogram(series, at_ns))
        for name, points in found.items():
            histogram = OtlpExponentialHistogram(
                data_points=points, aggregation_temporality=OTLP_TEMPORALITY_CUMULATIVE
            )
            unit = self._unit(name, Kind.TREND)
            yield OtlpMetric(name=_name(name), unit=unit, exponential_histogram=histogram)

    def _histogram(self, series: Series, at_ns: int) -> OtlpHistogramPoint:
        trend = self._trend_of(series)
        offset, counts = trend.buckets()
        return OtlpHistogramPoint(
            attributes=self._attributes_of(series),
            start_time_unix_nano=self._facts.start_ns,
            time_unix_nano=at_ns,
            count=trend.count,
            sum=trend.sum,
            scale=SCALE,
            zero_count=trend.zero_count,
            positive=OtlpBuckets(offset=offset, bucket_counts=counts),
            min=trend.min,
            max=trend.max,
        )

    def _number(self, series: Series, at_ns: int, value: int) -> OtlpNumber:
        return OtlpNumber(
            start_time_unix_nano=self._facts.start_ns,
            time_unix_nano=at_ns,
            as_int=value,
            attributes=self._attributes_of(series),
        )

    def _unit(self, name: str, kind: Kind) -> str:
        return _UNITS[unit_suffix(self._facts.metric(name, kind))]

    def _trend_of(self, series: Series) -> Exponential:
        trend = self._trends.get(series)
        if trend is None:
            metric = self._facts.metric(series.metric, Kind.TREND)
            trend = self._trends[series] = Exponential(per_unit_ns(metric) // 1000)
        return trend

    def _attributes_of(self, series: Series) -> list[OtlpAttribute]:
        known = self._attributes.get(series)
        if known is None:
            known = self._attributes[series] = _attributes(series.tags)
        return known


def _name(metric: str) -> str:
    return f"groundswell.{metric}"


def _attributes(pairs: Iterable[tuple[str, str]]) -> list[OtlpAttribute]:
    return [OtlpAttribute(key=key, value=OtlpValue(string_value=value)) for key, value in pairs]


def _headers() -> dict[str, str]:
    """As OpenTelemetry's exporters read them; InvalidConfiguration without what is in them."""
    headers: dict[str, str] = {}
    for pair in filter(None, (part.strip() for part in os.environ.get(HEADERS, "").split(","))):
        key, equals, value = pair.partition("=")
        text = unquote(value.strip())
        if not equals or not key.strip() or not (key + text).isprintable():
            raise InvalidConfiguration(f"{HEADERS} is not key=value,key=value")
        headers[key.strip()] = text
    return headers
