"""A pool whose every process has a place of its own, so that the target tells the agents apart."""

from __future__ import annotations

from contextlib import contextmanager
from typing import TYPE_CHECKING

from tests.e2e.pool.site import pool_site

if TYPE_CHECKING:
    from collections.abc import Generator

    from tests.e2e.commands import Groundswell
    from tests.e2e.pool.network import Network
    from tests.e2e.pool.place import Place
    from tests.e2e.pool.site import Site


@contextmanager
def spread_site(
    groundswell: Groundswell, network: Network, *agents: str, lease: str = "2s"
) -> Generator[tuple[Site, dict[str, Place]]]:
    """With the places of the agents, by name."""
    with pool_site(
        groundswell, lease=lease, place=network.place(), target_place=network.place()
    ) as site:
        places = {name: network.place() for name in agents}
        for name, place in places.items():
            site.attach(name, place=place)
        yield site, places
