"""One image a session, built of this checkout; a pool of containers for each test."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from tests.containers.image import build_image
from tests.containers.podman import Podman
from tests.containers.pool import running_pool

if TYPE_CHECKING:
    from collections.abc import Generator
    from pathlib import Path

    from tests.containers.image import Image
    from tests.containers.pool import Pool


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """All of this folder wants podman, root, and a minute or two for the image."""
    for item in items:
        if item.path.parent.name == "containers":
            item.add_marker(pytest.mark.containers)
            # The first test builds the base and the image.
            item.add_marker(pytest.mark.timeout(900))


@pytest.fixture(scope="session")
def podman(tmp_path_factory: pytest.TempPathFactory) -> Podman:
    return Podman.here(tmp_path_factory.mktemp("podman"))


@pytest.fixture(scope="session")
def image(podman: Podman) -> Image:
    return build_image(podman)


@pytest.fixture
def pool(podman: Podman, image: Image, tmp_path: Path) -> Generator[Pool]:
    """The small overlay with three agents, all of them ready."""
    with running_pool(podman, image, tmp_path, agents=3) as pool:
        yield pool


@pytest.fixture
def patient_pool(podman: Podman, image: Image, tmp_path: Path) -> Generator[Pool]:
    """The same under a lease that outlasts any restart, however busy the machine is."""
    with running_pool(podman, image, tmp_path, agents=3, lease="60s") as pool:
        yield pool
