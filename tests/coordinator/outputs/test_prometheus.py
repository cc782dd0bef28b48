"""Remote write, taken apart by other code than what put it together."""

from __future__ import annotations

import math
import struct
from typing import TYPE_CHECKING

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from groundswell.metrics.series import Series
from groundswell_coordinator.outputs.http import Receiver
from groundswell_coordinator.outputs.prometheus import STALE, PrometheusSink
from groundswell_coordinator.timeline.interval import Interval
from tests.coordinator.outputs.seconds import START_S, facts, milliseconds, second
from tests.coordinator.outputs.wire import fields, messages, real, text, unsnap, whole
from tests.coordinator.reporting import histogram_of

if TYPE_CHECKING:
    from tests.coordinator.outputs.wire import Fields

Key = tuple[tuple[str, str], ...]


def sink() -> PrometheusSink:
    return PrometheusSink(Receiver("http://127.0.0.1:1", {}), facts())


def read(body: bytes) -> dict[Key, tuple[float, int]]:
    """Value and time by labels, which are to be sorted and not empty."""
    found: dict[Key, tuple[float, int]] = {}
    for series in messages(fields(unsnap(body)), 1):
        labels = tuple((text(label, 1), text(label, 2)) for label in messages(series, 1))
        assert list(labels) == sorted(labels)
        assert all(name and value for name, value in labels)
        (sample,) = messages(series, 2)
        assert labels not in found
        found[labels] = _value(sample), whole(sample, 2)
    return found


def _value(sample: Fields) -> float:
    return real(sample, 1)


def by_name(body: bytes, name: str, /, **labels: str) -> list[float]:
    wanted = {("__name__", name), *labels.items()}
    return [value for key, (value, _) in read(body).items() if wanted <= set(key)]


def test_counters_are_totals_and_every_sample_has_the_time_of_its_second() -> None:
    out = sink()
    bodies = [out.encode(second(number, requests=3 + number)) for number in range(3)]

    cart = [by_name(body, "groundswell_http_reqs_total", name="/cart") for body in bodies]
    assert cart == [[3.0], [7.0], [12.0]]
    assert by_name(bodies[-1], "groundswell_data_sent_bytes_total") == [3000.0]
    assert by_name(bodies[-1], "groundswell_vus") == [5.0]
    assert by_name(bodies[-1], "groundswell_agent_cpu_ratio") == [0.25]
    assert by_name(bodies[-1], "groundswell_http_req_failed_total") == [3.0]
    assert by_name(bodies[-1], "groundswell_http_req_failed_observed_total") == [12.0]
    for number, body in enumerate(bodies):
        assert {at for _, at in read(body).values()} == {(START_S + number + 1) * 1000}


@settings(deadline=None)
@given(st.lists(milliseconds, min_size=1, max_size=3))
def test_quantiles_are_of_the_second_and_sums_of_the_run_in_seconds(
    seconds: list[list[float]],
) -> None:
    out = sink()
    name, body = "groundswell_http_req_duration_seconds", b""
    for number, samples in enumerate(seconds):
        body = out.encode(second(number, samples=samples))
        histogram = histogram_of(samples)
        for quantile in (0.5, 0.95, 1.0):
            (told,) = by_name(body, name, quantile=f"{quantile:g}")
            true = histogram.percentile(100 * quantile) / 1000
            assert told == pytest.approx(true) or (math.isinf(told) and math.isinf(true))
    so_far = [sample for samples in seconds for sample in samples]
    assert by_name(body, f"{name}_count") == [len(so_far)]
    assert by_name(body, f"{name}_sum") == [pytest.approx(sum(so_far) / 1000)]


def test_what_is_no_time_keeps_its_own_unit() -> None:
    body = sink().encode(second(0, items=(4.0, 6.0)))

    assert by_name(body, "groundswell_cart_sum") == [10.0]
    assert by_name(body, "groundswell_cart", quantile="1") == [6.0]
    assert by_name(body, "groundswell_orders_total") == [1.0]


def test_what_was_dropped_is_in_the_totals_all_the_same() -> None:
    out = sink()
    out.encode(second(0))
    out.absorb(second(1))
    body = out.encode(second(2))

    assert by_name(body, "groundswell_http_reqs_total", name="/cart") == [9.0]
    assert by_name(body, "groundswell_http_req_duration_seconds_count") == [6.0]


def test_at_the_end_every_series_is_told_to_be_over() -> None:
    out = sink()
    sent = read(out.encode(second(0)))
    farewell = read(out.farewell())

    assert farewell.keys() == sent.keys()
    bits = {struct.pack("<d", value) for value, _ in farewell.values()}
    assert bits == {struct.pack("<d", STALE)} == {bytes.fromhex("020000000000f07f")}
    assert min(at for _, at in farewell.values()) > max(at for _, at in sent.values())
    assert sink().farewell() == b""


def test_labels_are_of_the_run_and_a_tests_own_tags_do_not_hide_them() -> None:
    tags = (("__name__", "x"), ("my-tag", "é\n"), ("none", ""), ("run", "mine"))
    body = sink().encode(Interval(0, counters={Series("http_reqs", tags): 1}))

    (labels,) = read(body)
    assert dict(labels) == {
        "__name__": "groundswell_http_reqs_total",
        "my_tag": "é\n",
        "run": "run-1",
        "tag_name__": "x",
        "tag_run": "mine",
        "test": "checkout",
    }
