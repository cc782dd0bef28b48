"""`http` of a test and of its scenarios, and authentication as defaults and steps say it."""

from __future__ import annotations

import ipaddress
from fractions import Fraction

from hypothesis import given
from hypothesis import strategies as st

from groundswell.scenario.expressions import Name, Template
from groundswell.scenario.hosts import best_match, matches
from groundswell.scenario.http_model import Endpoint, Http, Proxy, Shared, Tls
from groundswell.scenario.model import all_requests
from groundswell.scenario.step_model import Digest
from tests.core.scenario.writing import loaded, with_top

TWO = """\
test: t
target: http://shop.test
http:
  connections: {shared: 5}
  dns_ttl: 1m
  hosts: {Shop.test: "[::1]:90"}
  tls: {verify: false}
scenarios:
  one: {executor: shared-iterations, steps: [{get: /a}]}
  two: {executor: shared-iterations, http: {connections: new, dns_ttl: 0s}, steps: [{get: /a}]}
"""


def test_a_scenario_s_keys_go_before_those_of_the_test() -> None:
    one, two = (scenario.http for scenario in loaded(TWO).scenarios.values())
    hosts = {"Shop.test": (Endpoint("::1", 90),)}
    tls = Tls(verify=False)
    assert one == Http(connections=Shared(5), dns_ttl=Fraction(60), hosts=hosts, tls=tls)
    assert two == Http(connections="new", dns_ttl=Fraction(0), hosts=hosts, tls=tls)
    assert not one.verifies


def test_a_test_that_says_nothing_has_the_defaults() -> None:
    (scenario,) = loaded(with_top("")).scenarios.values()
    assert scenario.http == Http()
    assert scenario.http.verifies


def test_a_proxy_is_a_url_or_more() -> None:
    (scenario,) = loaded(with_top("http: {proxy: 'http://Proxy.test'}")).scenarios.values()
    assert scenario.http.proxy == Proxy(host="proxy.test", port=3128)
    text = "http: {proxy: {url: 'http://[::1]:80', user: a, password: '{{ secret.P }}', except: ['*.b']}}"
    (scenario,) = loaded(with_top(text)).scenarios.values()
    password = Template((Name("secret", ("P",)),))
    assert scenario.http.proxy == Proxy(
        host="::1", port=80, user="a", password=password, exceptions=("*.b",)
    )


def test_an_address_of_the_environment_is_checked_once_it_is_known() -> None:
    text = with_top("http: {hosts: {shop.test: '{{ env.PLACE }}'}}")
    (scenario,) = loaded(text, {"PLACE": "10.0.0.7:80"}).scenarios.values()
    assert scenario.http.hosts == {"shop.test": (Endpoint("10.0.0.7", 80),)}


STEPS = """\
test: t
target: http://shop.test
defaults: {auth: {digest: {user: a, password: b}}, headers: {X: y}}
scenarios:
  s:
    executor: shared-iterations
    steps:
      - get: /a
      - {get: /b, auth: {basic: {user: a, password: b}}}
      - {get: /c, headers: {authorization: own}}
      - {get: /d, auth: {digest: {user: c, password: d}}, headers: {X: z}}
"""


def test_a_step_s_own_authentication_goes_before_the_defaults() -> None:
    (scenario,) = loaded(STEPS).scenarios.values()
    a, b, c, d = all_requests(scenario.steps)
    assert (a.digest, a.headers) == (Digest("a", "b", optional=True), {"X": "y"})
    assert (b.digest, b.headers) == (None, {"X": "y", "Authorization": "Basic YTpi"})
    assert (c.digest, c.headers) == (None, {"X": "y", "authorization": "own"})
    assert (d.digest, d.headers) == (Digest("c", "d"), {"X": "z"})
    text = STEPS.replace("digest: {user: a, password: b}", "bearer: token")
    (scenario,) = loaded(text).scenarios.values()
    assert list(all_requests(scenario.steps))[3].headers == {"X": "z"}


def test_a_pattern_with_a_port_says_more_than_one_without_and_a_name_more_than_a_star() -> None:
    patterns = ["*.test", "*.a.test", "b.a.test", "b.a.test:80", "*.test:81"]
    assert best_match(patterns, "b.a.test", 80) == "b.a.test:80"
    assert best_match(patterns, "b.a.test", 82) == "b.a.test"
    assert best_match(patterns, "c.a.test", 80) == "*.a.test"
    assert best_match(patterns, "c.a.test", 81) == "*.test:81"
    assert best_match(patterns, "d.test", 80) == "*.test"
    assert best_match(patterns, "test", 80) is None
    assert best_match(patterns, "nottest", 80) is None


@given(
    address=st.ip_addresses(v=4),
    network=st.ip_addresses(v=4),
    length=st.integers(0, 32),
)
def test_networks_hold_what_they_hold(
    address: ipaddress.IPv4Address, network: ipaddress.IPv4Address, length: int
) -> None:
    written = str(ipaddress.IPv4Network((network, length), strict=False))
    inside = int(address) >> (32 - length) == int(network) >> (32 - length)
    assert matches(written, str(address), 80) is inside
    assert not matches(written, "shop.test", 80)


def test_addresses_are_compared_as_addresses() -> None:
    assert matches("::1", "0:0:0:0:0:0:0:1", 80)
    assert matches("10.0.0.1", "10.0.0.1", 80)
    assert not matches("10.0.0.1", "10.0.0.10", 80)
