from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING

import pytest

from groundswell_coordinator.run.machine import Limits
from tests.integration.site import Site, running_site
from tests.integration.target import Target, running_target

if TYPE_CHECKING:
    from collections.abc import AsyncGenerator
    from pathlib import Path


@pytest.fixture(autouse=True)
def soon(monkeypatch: pytest.MonkeyPatch) -> None:
    """Runs start sooner; agents have as long to acknowledge as ever."""
    limits = partial(Limits, start_lead=0.25, start_margin=0.05)
    monkeypatch.setattr("groundswell_coordinator.run.conductor.Limits", limits)


@pytest.fixture
async def site(tmp_path: Path) -> AsyncGenerator[Site]:
    """A coordinator of the test's own. Whatever the test did, it stops and leaves no task behind."""
    async with running_site(tmp_path) as site:
        yield site


@pytest.fixture
async def target() -> AsyncGenerator[Target]:
    async with running_target() as target:
        yield target
