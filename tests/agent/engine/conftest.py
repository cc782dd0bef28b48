"""A target per test. After each test nothing of an engine may be left: no task, no connection."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING

import pytest

from tests.agent.engine.site import Site, serving
from tests.agent.engine.target import Target, listening

if TYPE_CHECKING:
    from collections.abc import AsyncGenerator


@pytest.fixture
async def target() -> AsyncGenerator[Target]:
    before = asyncio.all_tasks()
    async with listening() as target:
        yield target
        await target.nobody_left()
    left = {task for task in asyncio.all_tasks() - before if not task.done()}
    assert not left - {asyncio.current_task()}, "tasks leaked"


@pytest.fixture
async def site() -> AsyncGenerator[Site]:
    async with serving() as site:
        yield site
