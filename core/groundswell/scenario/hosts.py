"""Hosts as `http` names them: those with fixed addresses, and those that no proxy is asked for.

shop.example.com         this host, at any port
shop.example.com:8443    at this port alone
*.example.com            every host below it
10.0.0.0/8               in `except`: every address in it
"""

from __future__ import annotations

import ipaddress
import re
from typing import TYPE_CHECKING

from groundswell.scenario.http_model import Endpoint
from groundswell.scenario.scalars import refuse_comment
from groundswell.scenario.shape import Leaf, ListOf, MapOf, OneOrMore, Refusal

if TYPE_CHECKING:
    from collections.abc import Iterable

    from groundswell.scenario.nodes import Scalar

_LABEL = "[A-Za-z0-9_](?:[A-Za-z0-9_-]*[A-Za-z0-9_])?"
_NAME = re.compile(rf"(\*\.)?({_LABEL}(?:\.{_LABEL})*)(?::([0-9]{{1,5}}))?")
_ADDRESS = re.compile(r"(?:\[([0-9A-Fa-f:.]+)\]|([0-9.]+))(?::([0-9]{1,5}))?")
_SUCH_AS = "such as shop.example.com, shop.example.com:8443 or *.example.com"

# More than these would take long to try one by one, and no test needs them.
MOST_SOURCES = 1024


def best_match(patterns: Iterable[str], host: str, port: int) -> str | None:
    """The pattern that says most about a host: with its port before without, names before `*.`, the
    longer `*.` before the shorter.
    """
    fitting = [pattern for pattern in patterns if matches(pattern, host, port)]
    return max(fitting, key=_weight, default=None)


def matches(pattern: str, host: str, port: int) -> bool:
    """`host` is in lower case, an address without brackets."""
    if "/" in pattern or _address_of(pattern) is not None:
        address = _address_of(host)
        return address is not None and address in ipaddress.ip_network(pattern)
    name, _, only = pattern.lower().partition(":")
    if only and int(only) != port:
        return False
    return host.endswith(name[1:]) if name.startswith("*.") else host == name


def _weight(pattern: str) -> tuple[bool, bool, int]:
    return ":" in pattern, not pattern.startswith("*."), len(pattern)


def _address_of(host: str) -> ipaddress.IPv4Address | ipaddress.IPv6Address | None:
    try:
        return ipaddress.ip_address(host)
    except ValueError:
        return None


def refuse_host(name: str) -> Refusal | None:
    """What is wrong with the name of a host, as `hosts` and `except` have it."""
    match = _NAME.fullmatch(name)
    if match is None or (match[3] and not 0 < int(match[3]) < 65536):
        return Refusal(f"`{name}` is not the name of a host", _SUCH_AS)
    if _address_of(match[2]) is not None:
        return Refusal(f"`{name}` is an address, which needs no other")
    return None


def _endpoint(scalar: Scalar) -> Endpoint | None:
    refuse_comment(scalar)
    if _address_of(scalar.text) is not None:
        return Endpoint(scalar.text)
    match = _ADDRESS.fullmatch(scalar.text)
    if match is None or _address_of(match[1] or match[2]) is None:
        hint = "names are looked up by themselves" if _NAME.fullmatch(scalar.text) else None
        raise Refusal(f"{scalar.shown} is not an IP address", hint)
    port = int(match[3] or "0") or None
    if match[3] and (port is None or port > 65535):
        raise Refusal(f"{scalar.shown} has no port between 1 and 65535")
    return Endpoint(match[1] or match[2], port)


def _exception(scalar: Scalar) -> str | None:
    refuse_comment(scalar)
    text = scalar.text
    if _network(text) is not None:
        return text
    if text.startswith("."):
        raise Refusal(f"{scalar.shown} starts with a dot", f"write *{text[:60]}")
    if (refusal := refuse_host(text)) is not None and _address_of(text) is None:
        raise Refusal(f"{scalar.shown} is neither a host nor a network", refusal.hint)
    return text


def _source(scalar: Scalar) -> str | None:
    refuse_comment(scalar)
    network = _network(scalar.text)
    if network is None:
        raise Refusal(f"{scalar.shown} is not an IP address", "or a network such as 10.0.0.0/28")
    if network.num_addresses > MOST_SOURCES:
        raise Refusal(f"{scalar.shown} holds more than {MOST_SOURCES:,} addresses")
    return scalar.text


def _network(text: str) -> ipaddress.IPv4Network | ipaddress.IPv6Network | None:
    try:
        return ipaddress.ip_network(text)
    except ValueError:
        return None


_TEXT = {"type": "string"}
HOSTS = MapOf(
    OneOrMore(Leaf("an IP address", _endpoint, _TEXT), "[10.0.0.7, 10.0.0.8]"),
    "{shop.example.com: 10.0.0.7}",
    refuse_host,
    {"pattern": f"^{_NAME.pattern}$"},
    may_be_empty=False,
)
EXCEPTIONS = ListOf(
    Leaf("a host or a network", _exception, _TEXT), "[localhost, '*.internal', 10.0.0.0/8]"
)
SOURCES = OneOrMore(Leaf("an IP address", _source, _TEXT), "[10.0.0.7, 10.0.0.8]")
