"""How people read whom a call comes from."""

from __future__ import annotations

from typing import Any, cast

import pytest

from groundswell_coordinator.peer import peer_of


@pytest.mark.parametrize(
    ("peer", "said"),
    [
        ("ipv4:10.0.0.7:40000", "10.0.0.7:40000"),
        ("ipv6:%5B::1%5D:40000", "[::1]:40000"),
        ("unix:", "unix:"),
    ],
)
def test_an_address_stands_as_people_write_it(peer: str, said: str) -> None:
    class Context:
        def peer(self) -> str:
            return peer

    assert peer_of(cast("Any", Context())) == said
