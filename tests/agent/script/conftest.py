"""A site per test, as the engine's own tests have it."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from tests.agent.engine.site import Site, serving

if TYPE_CHECKING:
    from collections.abc import AsyncGenerator


@pytest.fixture
async def site() -> AsyncGenerator[Site]:
    async with serving() as site:
        yield site
