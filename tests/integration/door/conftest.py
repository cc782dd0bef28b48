from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from tests.integration.door.guarded import Guarded, Papers, guarded_site

if TYPE_CHECKING:
    from collections.abc import AsyncGenerator
    from pathlib import Path


@pytest.fixture
def papers(tmp_path: Path) -> Papers:
    (tmp_path / "papers").mkdir()
    return Papers(tmp_path / "papers")


@pytest.fixture
async def mutual(tmp_path: Path, papers: Papers) -> AsyncGenerator[Guarded]:
    """Everybody needs a certificate."""
    async with guarded_site(tmp_path, papers) as site:
        yield site
