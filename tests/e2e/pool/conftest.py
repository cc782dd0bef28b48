"""Sites for the tests of this folder."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from tests.e2e.pool.network import own_network

if TYPE_CHECKING:
    from collections.abc import Generator

    from tests.e2e.pool.network import Network


@pytest.fixture
def network() -> Generator[Network]:
    with own_network() as network:
        yield network
