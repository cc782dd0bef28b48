"""What patterns of targets allow, and what no name leads to."""

from __future__ import annotations

import ipaddress

import pytest
from hypothesis import given
from hypothesis import strategies as st

from groundswell.errors import InvalidConfiguration
from groundswell.targets import OWN_NETWORK, Pattern, Targets

_SPECIAL = [
    *("169.254.169.254", "fe80::1", "fe80::1%eth0", "::ffff:169.254.169.254", "64:ff9b::a9fe:a9fe"),
    *("fd00:ec2::254", "0.0.0.0", "::", "224.0.0.1", "255.255.255.255", "100.100.100.200"),
]


@pytest.mark.parametrize(
    ("pattern", "host", "port", "address", "allowed"),
    [
        ("shop.example.com", "shop.example.com", 443, "203.0.113.9", True),
        ("Shop.Example.com", "shop.example.com", 443, "203.0.113.9", True),
        ("shop.example.com", "shop.example.com.evil.org", 443, "203.0.113.9", False),
        ("shop.example.com:8443", "shop.example.com", 443, "203.0.113.9", False),
        ("shop.example.com:8443", "shop.example.com", 8443, "203.0.113.9", True),
        ("*.example.com", "a.b.example.com", 80, "203.0.113.9", True),
        ("*.example.com", "example.com", 80, "203.0.113.9", False),
        ("*.example.com", "evilexample.com", 80, "203.0.113.9", False),
        # A host of one's own network has a private address; loopback is another matter.
        ("shop.example.com", "shop.example.com", 80, "10.0.0.7", True),
        ("shop.example.com", "shop.example.com", 80, "127.0.0.1", False),
        ("shop.example.com", "shop.example.com", 80, "::ffff:127.0.0.1", False),
        ("localhost", "localhost", 80, "127.0.0.1", True),
        ("203.0.113.0/24", "whatever", 80, "203.0.113.9", True),
        ("203.0.113.0/24", "whatever", 80, "::ffff:203.0.113.9", True),
        ("203.0.113.0/24:443", "whatever", 80, "203.0.113.9", False),
        ("[2001:db8::7]:443", "whatever", 443, "2001:db8::7", True),
        ("[2001:db8::/32]:443", "whatever", 80, "2001:db8::7", False),
        ("private", "x", 80, "192.168.1.1", True),
        ("private", "x", 80, "fd12::1", True),
        ("private", "x", 80, "100.64.0.1", False),
        ("private", "x", 80, "127.0.0.1", False),
        ("loopback", "x", 80, "127.8.0.1", True),
        ("any", "x", 80, "203.0.113.9", True),
        ("any", "x", 80, "127.0.0.1", True),
        ("169.254.169.254", "x", 80, "169.254.169.254", True),
        ("169.254.0.0/16", "x", 80, "::ffff:169.254.169.254", True),
    ],
)
def test_what_a_pattern_allows(
    pattern: str, host: str, port: int, address: str, allowed: bool
) -> None:
    assert Targets.of([pattern]).allow(host, port, address) is allowed


@pytest.mark.parametrize("address", _SPECIAL)
@pytest.mark.parametrize("pattern", ["any", "private", "loopback", "a.test", "0.0.0.0/0", "::/0"])
def test_a_special_address_is_allowed_by_nothing_that_does_not_name_it(
    pattern: str, address: str
) -> None:
    assert not Targets.of([pattern]).allow("a.test", 80, address)
    assert not Targets(Targets.of([pattern]).patterns, trusts_names=True).allow(
        "a.test", 80, address
    )
    assert not OWN_NETWORK.allow("a.test", 80, address)


@given(st.ip_addresses())
def test_without_a_word_exactly_loopback_and_private_addresses(
    address: ipaddress.IPv4Address | ipaddress.IPv6Address,
) -> None:
    own = ("127.0.0.0/8", "10.0.0.0/8", "172.16.0.0/12", "192.168.0.0/16")
    inner = address
    if isinstance(address, ipaddress.IPv6Address):
        if address.ipv4_mapped is None and not str(address).startswith("64:ff9b::"):
            ula = int(address) >> 121 == 0xFC >> 1
            expected = (ula and str(address) != "fd00:ec2::254") or str(address) == "::1"
            assert OWN_NETWORK.allow("x", 80, str(address)) is expected
            return
        inner = ipaddress.IPv4Address(int(address) & 0xFFFFFFFF)
    expected = any(inner in ipaddress.ip_network(one) for one in own)
    assert OWN_NETWORK.allow("x", 80, str(address)) is expected


@given(st.ip_addresses(v=4), st.integers(1, 65535))
def test_an_address_is_the_same_however_it_is_wrapped(
    address: ipaddress.IPv4Address, port: int
) -> None:
    for targets in (OWN_NETWORK, Targets.of(["a.test"]), Targets.of([f"{address}:{port}"])):
        plain = targets.allow("a.test", port, str(address))
        assert targets.allow("a.test", port, f"::ffff:{address}") is plain
        assert targets.allow("a.test", port, str(ipaddress.IPv6Address(_nat64(address)))) is plain


def _nat64(address: ipaddress.IPv4Address) -> int:
    return (0x64FF9B << 96) | int(address)


def test_through_a_proxy_a_name_has_to_be_named() -> None:
    assert Targets.of(["a.test"]).allow_unseen("a.test", 80)
    assert not OWN_NETWORK.allow_unseen("a.test", 80)
    assert OWN_NETWORK.allow_unseen("10.0.0.7", 80)
    assert not Targets.of(["any"]).allow_unseen("169.254.169.254", 80)


@pytest.mark.parametrize(
    "text",
    [
        "",
        "*",
        "10.0.0.1/8",
        "300.1.1.1",
        "a.test:0",
        "a.test:99999",
        "http://a.test",
        "a b",
        "[::1",
    ],
)
def test_what_is_no_pattern_is_refused(text: str) -> None:
    with pytest.raises(InvalidConfiguration, match="is no pattern of targets"):
        Pattern.of(text)
