from __future__ import annotations

import json
from typing import TYPE_CHECKING

import pytest

from groundswell.scenario.loader import TestSource, load
from groundswell.schedule.scenario_plan import plan_scenario
from groundswell.schedule.shares import ShareEntry, ShareTable
from groundswell_agent.http.request import Origin
from groundswell_agent.preflight.demand import Connections, Demand

if TYPE_CHECKING:
    from collections.abc import Mapping

SHOP, OTHER = Origin.at("http", "shop.test"), Origin.at("https", "other.test", 8443)
STEPS = [{"get": "/"}]
TWO_HOSTS = [{"get": "/"}, {"get": "https://other.test:8443/x"}, {"get": "http://shop.test/y"}]


def demand(agents: int = 1, **scenarios: Mapping[str, object]) -> Demand:
    """Of the first of so many agents."""
    written = {name: {"steps": STEPS, **one} for name, one in scenarios.items()}
    text = json.dumps({"test": "t", "target": "http://shop.test/base", "scenarios": written})
    test = load(TestSource("t.yaml", text.encode(), {}, None))
    names = [f"a{n}" for n in range(agents)]
    table = ShareTable(tuple(ShareEntry(name) for name in names))
    shares = [plan_scenario(n, one, table, "a0", 1) for n, one in test.scenarios.items()]
    return Demand.of(test, shares)


def closed(vus: int, **more: object) -> dict[str, object]:
    return {"executor": "constant-vus", "vus": vus, "duration": "10s", **more}


def arrivals(rate: str, **more: object) -> dict[str, object]:
    base = {"executor": "constant-arrival-rate", "rate": rate, "duration": "10s", "max_vus": 100}
    return {**base, **more}


def test_every_vu_of_a_closed_scenario_opens_a_connection_to_every_host_it_asks() -> None:
    found = demand(s=closed(7, steps=TWO_HOSTS))
    assert found.connections == Connections(14, 14)
    assert found.by_origin == {SHOP: Connections(7, 7), OTHER: Connections(7, 7)}
    assert (found.vus, found.request_rate) == (7, 0)


def test_shared_connections_are_so_many_for_each_host_whoever_shares_them() -> None:
    http = {"connections": {"shared": 5}}
    found = demand(
        a=closed(7, steps=TWO_HOSTS, http=http), b=arrivals("10/s", http=http), c=closed(2)
    )
    assert found.by_origin == {SHOP: Connections(7, 7), OTHER: Connections(5, 5)}
    assert found.connections == Connections(12, 12)
    found = demand(a=closed(3, http=http))
    assert found.connections == Connections(3, 3)


def test_a_vu_with_new_connections_has_one_at_a_time() -> None:
    found = demand(s=closed(7, steps=TWO_HOSTS, http={"connections": "new"}))
    assert found.connections == Connections(7, 7)
    assert found.by_origin == {SHOP: Connections(7, 7), OTHER: Connections(7, 7)}


def test_those_of_an_open_scenario_are_not_sure_to_be_opened() -> None:
    found = demand(a=arrivals("10/s"), b=closed(5))
    assert found.connections == Connections(105, 5)
    assert found.by_origin == {SHOP: Connections(105, 5)}


def test_an_agent_has_its_share_of_it_all() -> None:
    found = demand(agents=4, a=arrivals("100/s"), b=closed(8))
    assert found.connections == Connections(27, 2)
    assert found.request_rate == 25


def test_the_rate_counts_the_requests_of_an_iteration_and_of_all_open_scenarios() -> None:
    found = demand(a=arrivals("10/s", steps=TWO_HOSTS), b=arrivals("5/s"), c=closed(3))
    assert found.request_rate == 35


@pytest.mark.parametrize(
    ("start", "highest"),
    # The peak of a, 200/s at its 10th second, and b from its start on; then 100/s and b.
    [("0s", 250), ("9s", 250), ("10s", 250), ("20s", 200), ("30s", 200)],
)
def test_the_rate_is_that_of_the_busiest_moment(start: str, highest: float) -> None:
    ramp = {
        "executor": "ramping-arrival-rate",
        "max_vus": 10,
        "stages": [{"duration": "10s", "target": "200/s"}, {"duration": "10s", "target": "100/s"}],
    }
    steady = arrivals("50/s", duration="10s", start_time=start)
    assert demand(a=ramp, b=steady).request_rate == pytest.approx(highest, rel=0.001)
