"""The hosts that a test names, wherever it names them."""

from __future__ import annotations

from groundswell.scenario.named_hosts import named_hosts
from tests.core.scenario.writing import loaded

_TEST = """
test: shop
target: http://Shop.test:8080/base/
http: {hosts: {"*.test": [10.0.0.7, "[::1]:80"]}, proxy: {url: "http://proxy.test:3128", except: ["*.test"]}}
setup: [{get: "https://login.test"}]
scenarios:
  a: {executor: constant-vus, vus: 1, duration: 1s, steps: [%s]}
"""


def test_urls_of_steps_are_named_however_they_go_on() -> None:
    steps = ", ".join(
        f'{{get: "{url}"}}'
        for url in (
            "/own",
            "/{{ vu }}",
            "http://shop.test/other-port",
            "HTTP://API.test",
            "http://a.test?x",
            "http://b.test:81/{{ vu }}",
            "http://[2001:db8::7]/x",
            "http://a.test/again",
        )
    )
    found = named_hosts(loaded(_TEST % steps))

    assert found.target == "shop.test"
    assert found.urls == ("api.test", "a.test", "b.test", "2001:db8::7", "login.test")
    assert found.fixed == ("10.0.0.7", "::1")
    assert found.proxies == ("proxy.test",)
    assert not found.made_up
    assert found.all == (found.target, *found.urls, *found.fixed, *found.proxies)


def test_what_a_template_makes_up_is_known_to_be_unknown() -> None:
    for url in (
        "{{ vu }}",
        "http://{{ vu }}.test/",
        "http://shop{{ vu }}/",
    ):
        found = named_hosts(loaded(_TEST % f'{{get: "{url}"}}'))

        assert found.urls == ("login.test",)
        assert found.made_up
