from __future__ import annotations

import click
import pytest
from hypothesis import given
from hypothesis import strategies as st

from groundswell.address import Address, AddressOption


@pytest.mark.parametrize(
    ("text", "host", "port"),
    [
        ("127.0.0.1:9700", "127.0.0.1", 9700),
        ("[::1]:9700", "::1", 9700),
        ("Load.Internal:80", "load.internal", 80),
        ("0.0.0.0:0", "0.0.0.0", 0),
    ],
)
def test_an_address_is_a_host_and_a_port(text: str, host: str, port: int) -> None:
    assert AddressOption().convert(text, None, None) == Address(host, port)


@pytest.mark.parametrize(
    "text",
    [
        "",
        "9700",
        ":9700",
        "localhost",
        "localhost:",
        "localhost:http",
        "localhost:65536",
        "localhost:-1",
        "::1:9700",
        "[::1:9700",
        "http://localhost:9700",
        "localhost:9700/",
        "me@localhost:9700",
        "localhost:9700?x",
        " localhost:9700",
        "localhost:9700\n",
    ],
)
def test_everything_else_is_refused(text: str) -> None:
    with pytest.raises(click.BadParameter, match="no HOST:PORT"):
        AddressOption().convert(text, None, None)


def test_nobody_can_dial_port_0() -> None:
    with pytest.raises(click.BadParameter, match="port 0"):
        AddressOption(dials=True).convert("localhost:0", None, None)


@given(
    st.ip_addresses().map(str)
    | st.from_regex(r"[a-z][a-z0-9-]{0,20}(\.[a-z]{1,5})?", fullmatch=True),
    st.integers(1, 65535),
)
def test_an_address_is_read_as_it_is_written(host: str, port: int) -> None:
    address = Address(host, port)

    assert AddressOption(dials=True).convert(str(address), None, None) == address


@pytest.mark.parametrize("host", ["127.0.0.1", "127.8.0.3", "::1", "localhost"])
def test_loopback_is_what_only_this_machine_reaches(host: str) -> None:
    assert Address(host, 9700).is_loopback


@pytest.mark.parametrize(
    "host", ["0.0.0.0", "::", "10.0.0.1", "fe80::1", "load.internal", "localhost.evil.example"]
)
def test_everything_else_may_be_reached_from_elsewhere(host: str) -> None:
    assert not Address(host, 9700).is_loopback
