"""A connection is held against the address that it goes to, whatever name led there."""

from __future__ import annotations

import asyncio

import pytest

from groundswell.scenario.http_model import Endpoint
from groundswell.targets import OWN_NETWORK, Targets
from groundswell_agent.http.client import Client
from groundswell_agent.http.connector import Connector
from groundswell_agent.http.fixed_hosts import FixedHosts
from groundswell_agent.http.guard import Guard, TargetRefused, guard_of
from groundswell_agent.http.proxy import Proxy
from groundswell_agent.http.request import Origin, prepare
from groundswell_agent.http.resolver import Resolver
from tests.agent.http.raw_server import OK, answering, serving
from tests.core.scenario.writing import loaded, with_steps


class _Rebinding(Resolver):
    """A name server that answers otherwise each time."""

    __slots__ = ("_answers_left",)

    def __init__(self, *answers: str) -> None:
        super().__init__(asyncio.get_running_loop())
        self._answers_left = list(answers)

    async def addresses(self, host: str) -> tuple[str, ...]:
        return (self._answers_left.pop(0),)


async def test_what_is_allowed_is_served() -> None:
    async with serving(answering(OK)) as server:
        exchange = await Client(Connector(guard=Guard(OWN_NETWORK))).exchange(
            prepare("GET", server.origin)
        )

        assert (exchange.status, exchange.error) == (200, None)


async def test_what_is_not_allowed_gets_no_connection() -> None:
    async with serving(answering(OK)) as server:
        exchange = await Client(Connector(guard=Guard(Targets.of(["203.0.113.9"])))).exchange(
            prepare("GET", server.origin)
        )

        assert (exchange.status, exchange.error, exchange.wrote) == (0, "guard", False)
        assert not server.visits


async def test_a_name_that_is_rebound_leads_nowhere() -> None:
    async with serving(answering(OK)) as server:
        origin = Origin.at("http", "shop.example.com", server.origin.port)
        resolver = _Rebinding("127.0.0.1", "169.254.169.254", "::ffff:127.0.0.1")
        connector = Connector(guard=Guard(Targets.of(["shop.example.com"])), resolver=resolver)
        errors = [(await Client(connector).exchange(prepare("GET", origin))).error for _ in "123"]

        assert errors == ["guard"] * 3
        assert not server.visits


async def test_an_address_that_a_test_fixes_is_not_allowed_by_its_name() -> None:
    async with serving(answering(OK)) as server:
        fixed = FixedHosts({"localhost": (Endpoint("127.0.0.1"),)})
        origin = Origin.at("http", "localhost", server.origin.port)
        by_name = Connector(guard=Guard(Targets.of(["localhost"])), fixed=fixed)
        by_both = Connector(guard=Guard(Targets.of(["localhost", "127.0.0.1"])), fixed=fixed)

        assert (await Client(by_name).exchange(prepare("GET", origin))).error == "guard"
        assert (await Client(by_both).exchange(prepare("GET", origin))).status == 200


async def test_a_proxy_and_what_it_is_asked_for_are_both_looked_at() -> None:
    async with serving(answering(OK)) as server:
        proxy = Proxy("127.0.0.1", server.origin.port)
        request = prepare("GET", Origin.at("http", "shop.example.com"))
        for allowed, error in (
            (["loopback"], "guard"),
            (["shop.example.com"], "guard"),
            (["loopback", "shop.example.com"], None),
        ):
            connector = Connector(guard=Guard(Targets.of(allowed)), proxy=proxy)
            assert (await Client(connector).exchange(request)).error == error


def test_a_url_that_goes_on_with_a_template_names_its_host() -> None:
    test = loaded(with_steps('- get: "http://127.0.0.9/{{ vu }}"'))

    guard_of(test, ()).admit("127.0.0.9", "127.0.0.9", 80)
    with pytest.raises(TargetRefused):
        guard_of(loaded(with_steps("- get: /")), ()).admit("127.0.0.9", "127.0.0.9", 80)


def test_a_refusal_says_what_would_allow_it() -> None:
    with pytest.raises(TargetRefused, match=r"203\.0\.113\.9 \(shop\.example\)") as refused:
        Guard(OWN_NETWORK).admit("shop.example", "203.0.113.9", 80)
    assert refused.value.hint == "start it with --allow-target shop.example"

    with pytest.raises(TargetRefused) as refused:
        Guard(Targets.of(["shop.example"])).admit("shop.example", "169.254.169.254", 80)
    assert refused.value.hint == "start it with --allow-target 169.254.169.254"
