"""A network of our own: places around a router, which loses packets or drops them all, as told.

    with own_network() as network:
        coordinator, agent = network.place(), network.place()
        network.cut(agent, coordinator)
        network.heal()

Nothing of it is on this machine's own network, and nothing is left of it at the end. What is cut is
cut in the middle and in silence: no end is told anything.
"""

from __future__ import annotations

import os
import shutil
from contextlib import contextmanager
from dataclasses import dataclass, field
from itertools import count
from typing import TYPE_CHECKING

import pytest

from tests.e2e.pool.place import Place, run_tool

if TYPE_CHECKING:
    from collections.abc import Generator

_TOOLS = ("ip", "nft")
_FORWARDS = "/proc/sys/net/ipv4/ip_forward"

# Two test sessions may run at once.
_numbers = count(1)


@dataclass
class Network:
    """Every place is a network of two addresses: its own, and the router's."""

    name: str
    router: Place
    _places: list[Place] = field(default_factory=list[Place], init=False)
    _cuts: list[tuple[Place, Place]] = field(default_factory=list[tuple[Place, Place]], init=False)
    _losses: list[tuple[Place, float]] = field(
        default_factory=list[tuple[Place, float]], init=False
    )

    def place(self) -> Place:
        """A new one, which reaches all others over the router."""
        number = len(self._places) + 1
        own, router = f"10.77.{number}.2", f"10.77.{number}.1"
        place = Place(own, f"{self.name}-{number}")
        add_namespace(place)
        self._places.append(place)
        port = f"to{number}"
        self.router.ip(
            *("link", "add", port, "type", "veth", "peer", "name", "uplink"),
            *("netns", place.namespace),
        )
        self.router.ip("address", "add", f"{router}/24", "dev", port)
        self.router.ip("link", "set", port, "up")
        place.ip("address", "add", f"{own}/24", "dev", "uplink")
        place.ip("link", "set", "uplink", "up")
        place.ip("route", "add", "default", "via", router)
        return place

    def cut(self, one: Place, other: Place) -> None:
        """Nothing passes between the two any more, in either direction."""
        self._cuts.append((one, other))
        self._set_rules()

    def heal(self) -> None:
        """Everything passes again that was cut."""
        self._cuts.clear()
        self._set_rules()

    def lose(self, place: Place, part: float) -> None:
        """From now on this part of the packets from `place`, and of those to it, is lost."""
        self._losses.append((place, part))
        self._set_rules()

    def take_down(self) -> None:
        for place in (*self._places, self.router):
            run_tool("ip", "netns", "delete", place.namespace)

    def _set_rules(self) -> None:
        rules: list[str] = []
        for one, other in self._cuts:
            rules += [
                f"ip saddr {start.address} ip daddr {end.address} drop"
                for start, end in ((one, other), (other, one))
            ]
        for place, part in self._losses:
            chance = f"numgen random mod 10000 < {round(part * 10000)} drop"
            rules += [f"ip {side} {place.address} {chance}" for side in ("saddr", "daddr")]
        head = "type filter hook forward priority 0; policy accept;"
        body = "\n".join(("flush ruleset", "table inet faults { chain forward {", head, *rules))
        with self.router.entered():
            run_tool("nft", "-f", "-", text=body + "\n}\n}\n")


@contextmanager
def own_network() -> Generator[Network]:
    """Skips the test where none can be made: that takes root, and the tools `ip` and `nft`."""
    _skip_without_means()
    name = f"gs{os.getpid()}-{next(_numbers)}"
    network = Network(name, Place(namespace=f"{name}-r"))
    add_namespace(network.router)
    try:
        with network.router.entered(), open(_FORWARDS, "w") as switch:
            switch.write("1")
        yield network
    finally:
        network.take_down()


def add_namespace(place: Place) -> None:
    run_tool("ip", "netns", "add", place.namespace)
    place.ip("link", "set", "lo", "up")


def _skip_without_means() -> None:
    missing = [tool for tool in _TOOLS if shutil.which(tool, path=_path()) is None]
    if missing:
        pytest.skip(
            f"NOT TESTED: no {' and no '.join(missing)} here: apt-get install iproute2 nftables"
        )
    if os.geteuid() != 0:
        pytest.skip("NOT TESTED: only root can make a network of its own")


def _path() -> str:
    # Debian keeps them where not every user's PATH leads.
    return f"{os.environ.get('PATH', '')}:/usr/sbin:/sbin"
