"""A cluster for every test."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from tests.kubernetes.local_cluster import LocalCluster

if TYPE_CHECKING:
    from collections.abc import Generator
    from pathlib import Path


@pytest.fixture
def cluster(tmp_path: Path) -> Generator[LocalCluster]:
    folder = tmp_path / "cluster"
    folder.mkdir()
    with LocalCluster(folder).running() as cluster:
        yield cluster
