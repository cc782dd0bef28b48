"""A connector and a client per test; at its end nothing may be left open."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING

import pytest

from groundswell_agent.http.client import Client
from groundswell_agent.http.connector import Connector

if TYPE_CHECKING:
    from collections.abc import AsyncGenerator


@pytest.fixture
async def connector() -> AsyncGenerator[Connector]:
    connector = Connector()
    yield connector
    for _ in range(100):
        if not len(connector.sweeper):
            break
        await asyncio.sleep(0.01)
    assert len(connector.sweeper) == 0, "connections leaked"


@pytest.fixture
async def client(connector: Connector) -> AsyncGenerator[Client]:
    client = Client(connector)
    yield client
    client.close()
