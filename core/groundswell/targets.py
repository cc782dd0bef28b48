"""What an agent may load: patterns of targets, held against the addresses that it connects to.

    shop.example.com          this host, at any port        shop.example.com:8443    at this port alone
    *.example.com             every host below it
    203.0.113.0/24            these addresses               203.0.113.0/24:443
    203.0.113.9, 2001:db8::7  this address                  203.0.113.9:443, [2001:db8::7]:443
    loopback, private, any    words for many: private is RFC 1918 and RFC 4193

A name is no reason to go wherever it leads: whoever answers for it may say anything. What a pattern of hosts allows
is every address but loopback (unless that is allowed, too) and those that are *special*: link-local, where the
metadata of clouds is, their other addresses, unspecified, multicast and reserved. Special ones are allowed by an
address or a network that has none but such, and by nothing else; not by `any`, nor by 0.0.0.0/0.
"""

from __future__ import annotations

import ipaddress
import re
from dataclasses import dataclass
from typing import TYPE_CHECKING

import click

from groundswell.errors import InvalidConfiguration

if TYPE_CHECKING:
    from collections.abc import Iterable

    Address = ipaddress.IPv4Address | ipaddress.IPv6Address
    Network = ipaddress.IPv4Network | ipaddress.IPv6Network

_LABEL = "[A-Za-z0-9_](?:[A-Za-z0-9_-]*[A-Za-z0-9_])?"
_HOST = re.compile(rf"((?:\*\.)?{_LABEL}(?:\.{_LABEL})*)(?::([0-9]{{1,5}}))?")
_NETWORK = re.compile(
    r"\[([0-9A-Fa-f:.]+(?:/[0-9]{1,3})?)\](?::([0-9]{1,5}))?|([0-9./]+):([0-9]{1,5})"
)
_SUCH_AS = "such as shop.example.com, *.example.com:8443, 203.0.113.0/24, loopback, private or any"


def _networks(*texts: str) -> tuple[Network, ...]:
    return tuple(ipaddress.ip_network(text) for text in texts)


_LOOPBACK = _networks("127.0.0.0/8", "::1/128")
_PRIVATE = _networks("10.0.0.0/8", "172.16.0.0/12", "192.168.0.0/16", "fc00::/7")
_SPECIAL = _networks(
    *("0.0.0.0/8", "::/128"),
    *("169.254.0.0/16", "fe80::/10"),
    *("224.0.0.0/4", "ff00::/8", "240.0.0.0/4"),
    # Where clouds have their metadata besides link-local: AWS, Alibaba, Oracle, Azure.
    *("fd00:ec2::254/128", "100.100.100.200/32", "192.0.0.192/32", "168.63.129.16/32"),
)
# IPv4 addresses in the last 32 bits of IPv6 ones, which a gateway takes out again (RFC 6052).
_NAT64 = ipaddress.IPv6Network("64:ff9b::/96")


@dataclass(frozen=True, slots=True)
class Pattern:
    """`host` or `networks`; without either, anything. `port` is None for any."""

    text: str
    host: str | None = None
    networks: tuple[Network, ...] | None = None
    port: int | None = None

    @classmethod
    def of(cls, text: str) -> Pattern:
        """Raises InvalidConfiguration for what is no pattern."""
        words = {"any": None, "loopback": _LOOPBACK, "private": _PRIVATE}
        if text in words:
            return cls(text, networks=words[text])
        if (network := _network(text)) is not None:
            return cls(text, networks=(network,))
        if (match := _NETWORK.fullmatch(text)) is not None:
            network = _network(match[1] or match[3])
            port = match[2] or match[4]
            if network is not None and _is_port(port):
                return cls(text, networks=(network,), port=int(port) if port else None)
        # What is nothing but digits and dots was meant to be an address.
        match = _HOST.fullmatch(text)
        if match is None or re.fullmatch(r"[0-9.]+", match[1]) or not _is_port(match[2]):
            raise InvalidConfiguration(f"{text!r} is no pattern of targets", hint=_SUCH_AS)
        return cls(text, match[1].lower(), port=int(match[2]) if match[2] else None)

    def names(self, host: str, port: int) -> bool:
        """Whether it is of hosts, and this is one."""
        if self.host is None or self.port not in (None, port):
            return False
        return host.endswith(self.host[1:]) if self.host.startswith("*.") else host == self.host

    def holds(self, address: Address, port: int) -> bool:
        """Whether it is of addresses, and this is one."""
        if self.networks is None or self.port not in (None, port):
            return False
        within = next((one for one in _SPECIAL if address in one), None)
        return any(
            address in network and (within is None or _is_part(network, within))
            for network in self.networks
        )

    @property
    def is_any(self) -> bool:
        return self.host is None and self.networks is None


@dataclass(frozen=True, slots=True)
class Targets:
    """What is allowed. `trusts_names`: a host that is named may be on loopback; so where whoever names it sits at
    this machine.
    """

    patterns: tuple[Pattern, ...]
    trusts_names: bool = False

    @classmethod
    def of(cls, texts: Iterable[str]) -> Targets:
        """Raises InvalidConfiguration for what is no pattern."""
        return cls(tuple(Pattern.of(text) for text in texts))

    def allow(self, host: str, port: int, address: str) -> bool:
        """Whether a connection to `address` is allowed, for a host of that name. Where a test says what its address
        is, the name allows nothing: give the address as `host`, too.
        """
        found = unwrapped(address)
        if found is None:
            return False
        if any(pattern.holds(found, port) for pattern in self.patterns):
            return True
        if _is_in(found, _SPECIAL):
            return False
        if any(pattern.is_any for pattern in self.patterns):
            return True
        if not any(pattern.names(host, port) for pattern in self.patterns):
            return False
        is_local = host == "localhost" or host.endswith(".localhost")
        return self.trusts_names or is_local or not _is_in(found, _LOOPBACK)

    def allow_unseen(self, host: str, port: int) -> bool:
        """The same where somebody else looks the name up and connects: a proxy."""
        if unwrapped(host) is not None:
            return self.allow(host, port, host)
        return any(one.is_any or one.names(host, port) for one in self.patterns)


def unwrapped(text: str) -> Address | None:
    """An address as it is connected to in the end, its zone left out; None for what is none."""
    try:
        address = ipaddress.ip_address(text.partition("%")[0])
    except ValueError:
        return None
    if isinstance(address, ipaddress.IPv4Address):
        return address
    if address.ipv4_mapped is not None:
        return address.ipv4_mapped
    return ipaddress.IPv4Address(int(address) & 0xFFFFFFFF) if address in _NAT64 else address


def is_special(text: str) -> bool:
    """Whether it is an address that only a network of such, or itself, allows."""
    address = unwrapped(text)
    return address is not None and _is_in(address, _SPECIAL)


def _is_in(address: Address, networks: Iterable[Network]) -> bool:
    return any(address in network for network in networks)


def _is_part(network: Network, of: Network) -> bool:
    """Both hold one address, so one of them holds the other."""
    return network.prefixlen >= of.prefixlen


def _network(text: str) -> Network | None:
    """As addresses are compared: one that wraps another is that other."""
    if (address := unwrapped(text)) is not None:
        return ipaddress.ip_network(address)
    try:
        return ipaddress.ip_network(text)
    except ValueError:
        return None


def _is_port(text: str | None) -> bool:
    return text is None or 0 < int(text) < 65536


# Agents of a pool, where nothing is said: what is not the world's.
OWN_NETWORK = Targets.of(("loopback", "private"))


def checked_patterns(
    context: click.Context, parameter: click.Parameter, texts: tuple[str, ...]
) -> tuple[str, ...]:
    """The callback of an option that takes patterns: what is none is a wrong usage."""
    try:
        Targets.of(texts)
    except InvalidConfiguration as error:
        raise click.BadParameter(str(error), context, parameter) from None
    return texts
