"""A cluster for every test, and the command with a data folder of its own."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from tests.e2e.commands import Groundswell
from tests.e2e.demo import Demo, running_demo
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


@pytest.fixture
def groundswell(tmp_path: Path) -> Generator[Groundswell]:
    own = Groundswell(tmp_path)
    try:
        yield own
        own.assert_nothing_is_left(within_s=5.0)
    finally:
        own.end_what_is_left()


@pytest.fixture(scope="session")
def _demo(tmp_path_factory: pytest.TempPathFactory) -> Generator[Demo]:
    with running_demo(tmp_path_factory.mktemp("demo")) as target:
        yield target


@pytest.fixture
def demo(_demo: Demo) -> Demo:
    return Demo(_demo.process, _demo.port)
