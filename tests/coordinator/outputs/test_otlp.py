"""OTLP requests, read by the numbers of OpenTelemetry's own definition."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from groundswell.errors import InvalidConfiguration
from groundswell_coordinator.outputs import otlp
from groundswell_coordinator.outputs.http import Receiver
from groundswell_coordinator.outputs.otlp import OtlpSink
from tests.coordinator.outputs.seconds import START_S, facts, second
from tests.coordinator.outputs.wire import fields, messages, packed, real, text, whole, zigzag

if TYPE_CHECKING:
    from tests.coordinator.outputs.wire import Fields

GAUGE, SUM, EXPONENTIAL = 5, 7, 10
START_NS = START_S * 1_000_000_000


def sink() -> OtlpSink:
    return OtlpSink(Receiver("http://127.0.0.1:1", {}), facts())


def attributes(found: list[Fields]) -> dict[str, str]:
    return {text(pair, 1): text(messages(pair, 2)[0], 1) for pair in found}


def metrics(body: bytes) -> dict[str, Fields]:
    (told,) = messages(fields(body), 1)
    (scope,) = messages(told, 2)
    return {text(metric, 1): metric for metric in messages(scope, 2)}


def test_the_run_is_the_resource() -> None:
    (told,) = messages(fields(sink().encode(second(0))), 1)
    (resource,) = messages(told, 1)

    assert attributes(messages(resource, 1)) == {
        "service.name": "groundswell",
        "groundswell.run": "run-1",
        "groundswell.test": "checkout",
    }


def test_counters_and_rates_are_monotonic_sums_since_the_start() -> None:
    out = sink()
    out.encode(second(0))
    out.absorb(second(1))
    found = metrics(out.encode(second(2)))

    (total,) = messages(found["groundswell.http_reqs"], SUM)
    assert (whole(total, 2), whole(total, 3)) == (2, 1)
    points = {attributes(messages(one, 7))["name"]: one for one in messages(total, 1)}
    assert {name: whole(one, 6) for name, one in points.items()} == {"/cart": 9, "/": 18}
    assert {whole(one, 2) for one in points.values()} == {START_NS}
    assert {whole(one, 3) for one in points.values()} == {START_NS + 3_000_000_000}
    (sent,) = messages(found["groundswell.data_sent"], SUM)
    assert (text(found["groundswell.data_sent"], 3), whole(messages(sent, 1)[0], 6)) == ("By", 3000)
    for name, expected in (("http_req_failed", 3), ("http_req_failed_observed", 9)):
        (rate,) = messages(found[f"groundswell.{name}"], SUM)
        assert whole(messages(rate, 1)[0], 6) == expected


def test_gauges_are_as_they_are() -> None:
    (gauge,) = messages(metrics(sink().encode(second(0)))["groundswell.vus"], GAUGE)

    assert real(messages(gauge, 1)[0], 4) == 5.0


def test_trends_are_exponential_histograms_in_seconds() -> None:
    out = sink()
    out.encode(second(0, samples=(0.0, 1.0, 2.5)))
    metric = metrics(out.encode(second(1, samples=(1000.0,))))["groundswell.http_req_duration"]
    (histogram,) = messages(metric, EXPONENTIAL)
    (point,) = messages(histogram, 1)
    (positive,) = messages(point, 8)

    assert text(metric, 3) == "s"
    assert whole(histogram, 2) == 2
    assert (whole(point, 4), whole(point, 7), zigzag(point, 6)) == (4, 1, 5)
    assert real(point, 5) == pytest.approx(1.0035)
    assert (real(point, 12), real(point, 13)) == (0.0, 1.0)
    counts, offset = packed(positive, 2), zigzag(positive, 1)
    edges = [2 ** ((offset + at + 1) / 32) for at, count in enumerate(counts) if count]
    assert edges == [pytest.approx(value, rel=0.03) for value in (0.001, 0.0025, 1.0)]
    assert sum(counts) == 3
    # Recorded to a thousandth, one second may be a little more, which is in the bucket above its edge.
    assert offset + len(counts) - 1 == 0


def test_what_is_no_time_has_no_unit() -> None:
    metric = metrics(sink().encode(second(0, items=(4.0, 6.0))))["groundswell.cart"]
    (histogram,) = messages(metric, EXPONENTIAL)

    assert text(metric, 3) == ""
    assert real(messages(histogram, 1)[0], 5) == 10.0


def test_a_bare_address_gets_the_usual_path(monkeypatch: pytest.MonkeyPatch) -> None:
    made: list[tuple[str, dict[str, str]]] = []

    def receiver(url: str, headers: dict[str, str]) -> Receiver:
        made.append((url, headers))
        return Receiver(url, headers)

    monkeypatch.setattr(otlp, "Receiver", receiver)
    monkeypatch.setenv(otlp.HEADERS, "Authorization=Bearer%20s3cret, x-team = qa ,")
    otlp.open_sink("http://collector:4318", facts())
    otlp.open_sink("http://collector:4318/otlp/v1/metrics?a=b", facts())

    assert [url for url, _ in made] == [
        "http://collector:4318/v1/metrics",
        "http://collector:4318/otlp/v1/metrics?a=b",
    ]
    assert made[0][1]["Authorization"] == "Bearer s3cret"
    assert made[0][1]["x-team"] == "qa"


@pytest.mark.parametrize("headers", ["secret", "=secret", "a=secret%0d%0ab: c"])
def test_headers_that_are_none_are_refused_without_saying_them(
    headers: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv(otlp.HEADERS, headers)
    with pytest.raises(InvalidConfiguration) as refused:
        otlp.open_sink("http://collector:4318", facts())
    assert "secret" not in str(refused.value)
