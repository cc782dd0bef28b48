from __future__ import annotations

import pytest

from groundswell.errors import ProtocolViolation
from groundswell.metrics.catalog import Kind
from groundswell.metrics.series import Series
from groundswell.v1.metrics_pb2 import METRIC_KIND_COUNTER, METRIC_KIND_TREND, SeriesDeclaration
from groundswell_coordinator.timeline.declarations import Declarations, SeriesRegistry

REQUESTS = SeriesDeclaration(
    number=1, metric="http_reqs", kind=METRIC_KIND_COUNTER, tags={"name": "a"}
)
SEND_LAG = SeriesDeclaration(number=7, metric="send_lag", kind=METRIC_KIND_TREND)


def declared(registry: SeriesRegistry, *declarations: SeriesDeclaration) -> Declarations:
    own = Declarations(registry)
    own.declare(declarations)
    return own


def test_agents_number_series_as_they_like_and_mean_the_same() -> None:
    registry = SeriesRegistry()
    elsewhere = SeriesDeclaration(
        number=5, metric="http_reqs", kind=METRIC_KIND_COUNTER, tags={"name": "a"}
    )
    one, two = declared(registry, REQUESTS, SEND_LAG), declared(registry, elsewhere)
    slot = one.slot(1, Kind.COUNTER)
    assert two.slot(5, Kind.COUNTER) == slot
    assert registry[slot] == Series.of("http_reqs", {"name": "a"})
    assert registry.kind(slot) is Kind.COUNTER
    assert one.slots(Kind.COUNTER) == {1: slot}
    assert list(registry) == [Series.of("http_reqs", {"name": "a"}), Series("send_lag")]


def test_agents_that_number_alike_share_what_is_written_of_them() -> None:
    registry = SeriesRegistry()
    one, two = declared(registry, REQUESTS), declared(registry, REQUESTS)
    (own,), (other,) = one.of([1]), two.of([1])
    assert own == REQUESTS
    assert own is other


def test_a_declaration_may_be_repeated_and_not_changed() -> None:
    own = declared(SeriesRegistry(), REQUESTS)
    own.declare([REQUESTS])
    changed = SeriesDeclaration(number=1, metric="http_reqs", kind=METRIC_KIND_COUNTER)
    with pytest.raises(ProtocolViolation, match="series 1 was declared as another series"):
        own.declare([changed])
    assert own.of([1]) == [REQUESTS]


def test_vitals_are_known_by_number() -> None:
    own = declared(SeriesRegistry(), REQUESTS, SEND_LAG)
    assert own.vitals == {7}
