"""Seconds of a run, with every kind of metric in them."""

from __future__ import annotations

from typing import TYPE_CHECKING

from hypothesis import strategies as st

from groundswell.metrics.catalog import BUILTIN, Kind, Metric
from groundswell.metrics.series import Series
from groundswell_coordinator.outputs.sink import RunFacts
from groundswell_coordinator.timeline.interval import Interval, Rate, Trend
from tests.coordinator.reporting import histogram_of

if TYPE_CHECKING:
    from collections.abc import Sequence

START_S = 1_772_600_767
CATALOG = {
    **BUILTIN,
    "cart": Metric("cart", Kind.TREND),
    "orders": Metric("orders", Kind.COUNTER),
}
CART = (("name", "/cart"), ("scenario", "browse"))
HOME = (("name", "/"), ("scenario", "browse"))

milliseconds = st.lists(
    st.integers(0, 4_000_000_000).map(lambda us: us / 1000), min_size=1, max_size=20
)


def facts() -> RunFacts:
    return RunFacts("run-1", "checkout", CATALOG, START_S * 1_000_000_000)


def second(
    number: int,
    *,
    requests: int = 3,
    failed: int = 1,
    samples: Sequence[float] = (1.0, 2.5),
    items: Sequence[float] = (4.0,),
) -> Interval:
    return Interval(
        number,
        counters={
            Series("http_reqs", CART): requests,
            Series("http_reqs", HOME): 2 * requests,
            Series("data_sent", ()): 1000,
            Series("orders", ()): 1,
        },
        gauges={Series("vus", ()): 5.0, Series("agent_cpu", ()): 0.25},
        rates={Series("http_req_failed", CART): Rate(failed, requests)},
        trends={
            Series("http_req_duration", CART): Trend.of(histogram_of(list(samples))),
            Series("cart", ()): Trend.of(histogram_of(list(items))),
        },
    )
