"""Whose connections the requests of scenarios go out on, by the target's own count of them."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

import pytest

from groundswell_agent.engine.engine import Engine
from groundswell_agent.http.sources import NoSourceAddress
from groundswell_agent.preflight.check import Status
from groundswell_agent.preflight.preflight import preflight
from tests.agent.engine.played import (
    Scenario,
    constant,
    get,
    open_at,
    per_vu,
    play,
    played,
    preparation,
)
from tests.agent.http.proxy_server import proxying
from tests.agent.http.raw_server import free_ports

if TYPE_CHECKING:
    from groundswell_agent.preflight.check import Check
    from tests.agent.engine.site import Site

SHARED_TWO: dict[str, object] = {"connections": {"shared": 2}}


def connections(site: Site) -> int:
    """By the other end's port: each is another connection."""
    return len({asked.peer for asked in site.asked})


@pytest.mark.parametrize(
    ("http", "expected"),
    [({}, 4), ({"connections": "per-vu"}, 4), (SHARED_TWO, 2), ({"connections": "new"}, 40)],
)
async def test_connections_by_policy(site: Site, http: dict[str, object], expected: int) -> None:
    steps = [get("/text?body=abc", capture={"x": {"regex": "b", "group": 0}})]
    run = await play(site.url, {**per_vu(4, 40), "iterations": 10, "steps": steps, "http": http})
    assert len(site.asked) == run.count("http_reqs") == 40
    assert connections(site) == expected
    # What a step reads it reads on every kind of connection.
    assert run.rate("checks") == (40, 40)
    assert run.count("iterations") == 40
    closing = {asked.headers.get("connection") for asked in site.asked}
    assert closing == ({"close"} if expected == 40 else {None})


async def test_scenarios_that_say_the_same_share(site: Site) -> None:
    own: Scenario = {**constant(3, 0.3), "steps": [get("/text"), {"pause": "10ms"}]}
    same = {name: {**own, "http": SHARED_TWO} for name in ("one", "two")}
    (run,) = await played(preparation(same, site.url))
    assert connections(site) == 2
    assert run.count("http_reqs") == len(site.asked)
    site.asked.clear()
    other = {**same, "two": {**own, "http": {"connections": {"shared": 3}}}}
    await played(preparation(other, site.url))
    assert connections(site) == 5


async def test_waiting_for_a_connection_is_in_the_response_time_alone(site: Site) -> None:
    step = get("/text?slow=0.05")
    scenario = {
        **per_vu(4, 4),
        "iterations": 1,
        "steps": [step],
        "http": {"connections": {"shared": 1}},
    }
    run = await play(site.url, scenario)
    durations, blocked = run.trend("http_req_duration"), run.trend("http_req_blocked")
    responses = run.trend("http_req_response_time")
    assert durations.count == blocked.count == responses.count == 4
    # The last of four waits for three.
    assert blocked.max_ns >= 0.14e9
    assert responses.max_ns >= 0.19e9
    assert durations.max_ns < responses.max_ns - 0.1e9


async def test_parallel_branches_borrow_as_vus_do(site: Site) -> None:
    branches = [get("/text"), get("/text"), get("/text")]
    scenario = {
        **per_vu(2, 2),
        "iterations": 2,
        "steps": [{"parallel": branches}],
        "http": SHARED_TWO,
    }
    run = await play(site.url, scenario)
    assert run.count("http_reqs") == len(site.asked) == 12
    assert connections(site) == 2


async def test_a_target_that_closes_each_connection_costs_no_request(site: Site) -> None:
    """A server's keep-alive is its own affair: a pool finds out before it sends."""
    steps = [get("/text", headers={"Connection": "close"}), {"pause": "5ms"}]
    scenario = {**per_vu(6, 60), "iterations": 10, "steps": steps, "http": SHARED_TWO}
    run = await play(site.url, scenario)
    assert len(site.asked) == run.count("http_reqs") == 60
    assert run.rate("http_req_failed") == (0, 60)
    assert connections(site) == 60


async def test_cut_off_at_the_end_the_accounts_still_balance(site: Site) -> None:
    scenario = open_at(200, 0.3, "/text?slow=0.2", http=SHARED_TWO, graceful_stop="50ms")
    run = await play(site.url, scenario)
    run.assert_balanced()
    # Those that only waited were never requests.
    assert run.count("http_reqs") == len(site.asked)


async def test_everything_goes_through_the_proxy(site: Site) -> None:
    async with proxying(user="Ann:secret") as proxy:
        named = {"url": proxy.url, "user": "Ann", "password": "secret"}
        scenario = {**per_vu(3, 9), "iterations": 3, "http": {"proxy": named}}
        scenario["steps"] = [{"post": "/echo", "body": "x", "check": {"status": 200}}]
        run = await play(site.url, scenario)
        assert run.rate("checks") == (9, 9)
        assert [method for method, _ in proxy.asked] == ["POST"] * 9
        assert proxy.connections == 3
        assert len(site.asked) == run.count("http_reqs") == 9


async def findings(url: str, http: dict[str, object]) -> list[Check]:
    engine = Engine.build(preparation({"s": {**per_vu(2, 2), "http": http}}, url), incarnation="i")
    return await preflight(engine.test, engine.shares, engine.connectors)


async def test_the_target_is_looked_at_by_way_of_the_proxy(site: Site) -> None:
    async with proxying(user="Ann:secret") as proxy:
        found = {one.subject: one for one in await findings(site.url, {"proxy": proxy.url})}
        assert f"through the proxy 127.0.0.1:{proxy.port}" in found["connection"].message
        # Only asking for the way shows that the proxy makes none.
        checks = await findings(site.url.replace("http:", "https:"), {"proxy": proxy.url})
    (failed,) = (one for one in checks if one.status is Status.ERROR)
    assert "makes no way" in failed.message
    assert "407" in failed.message
    assert failed.hint == "unless that changes, requests fail with error:proxy"
    (port,) = free_ports(1)
    checks = await findings(site.url, {"proxy": f"http://127.0.0.1:{port}"})
    (failed,) = (one for one in checks if one.status is Status.ERROR)
    assert f"the proxy 127.0.0.1:{port} refused the connection" in failed.message


async def test_each_source_address_has_ports_of_its_own(site: Site) -> None:
    http: dict[str, object] = {"source_addresses": ["127.0.0.2", "127.0.0.3"]}
    found = {one.subject: one for one in await findings(site.url, http)}
    plain = {one.subject: one for one in await findings(site.url, {})}
    room, alone = (_room(one["ports"]) for one in (found, plain))
    assert room == 2 * alone
    with pytest.raises(NoSourceAddress):
        await findings(site.url, {"source_addresses": "192.0.2.1"})


def _room(check: Check) -> int:
    """For how many connections there are ports."""
    match = re.search(r"give ([0-9,]+) connections", check.message)
    assert match is not None, check
    return int(match[1].replace(",", ""))


async def test_a_host_is_looked_up_once_whatever_the_ways_to_it(site: Site) -> None:
    port = site.url.rpartition(":")[2]
    each: dict[str, object] = {"connections": "new", "dns_ttl": "0s"}
    ways: list[dict[str, object]] = [{}, {"connections": "new"}, SHARED_TWO, each]
    scenarios = {f"s{n}": {**per_vu(2, 4), "http": http} for n, http in enumerate(ways)}
    engines: list[Engine] = []
    await played(
        preparation(scenarios, f"http://localhost:{port}"),
        during=lambda engine, _: engines.append(engine),
    )
    shared, own = (one.lookups for one in engines[0].connectors.resolvers.values())
    # The last looks up each time that it connects, at least twice one after the other.
    assert shared == 1
    assert 2 <= own <= 4


async def test_fixed_hosts_lead_to_the_target(site: Site) -> None:
    place = site.url.removeprefix("http://")
    http = {"hosts": {"shop.test": place, "*.shop.test": [place, place]}}
    steps = [get("http://shop.test/text"), get("http://www.shop.test:99/text")]
    run = await play(site.url, {**per_vu(1, 1), "steps": steps, "http": http})
    assert run.rate("http_req_failed") == (0, 2)
    assert [asked.headers["host"] for asked in site.asked] == ["shop.test", "www.shop.test:99"]
