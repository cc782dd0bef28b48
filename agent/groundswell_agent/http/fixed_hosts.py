"""Hosts whose addresses the test has fixed: never looked up, their addresses in turn as others'."""

from __future__ import annotations

from typing import TYPE_CHECKING

from groundswell.scenario.hosts import best_match

if TYPE_CHECKING:
    from collections.abc import Mapping

    from groundswell.scenario.http_model import Endpoint

    Endpoints = tuple[tuple[str, int], ...]


class FixedHosts:
    """`hosts` by the patterns that name them."""

    __slots__ = ("_hosts", "_turns")

    def __init__(self, hosts: Mapping[str, tuple[Endpoint, ...]]) -> None:
        self._hosts = hosts
        self._turns = dict.fromkeys(hosts, 0)

    def fixes(self, host: str, port: int) -> bool:
        """Whether its addresses are here."""
        return best_match(self._hosts, host, port) is not None

    def endpoints(self, host: str, port: int) -> Endpoints | None:
        """Address and port, rotated by one at each call; None for a host that is to be looked up."""
        pattern = best_match(self._hosts, host, port)
        if pattern is None:
            return None
        found = tuple((one.address, one.port or port) for one in self._hosts[pattern])
        first = self._turns[pattern] % len(found)
        self._turns[pattern] += 1
        return found[first:] + found[:first]
