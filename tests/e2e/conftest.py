"""What else the command is tried with: a data folder for several tests, a target to be harmed, a count of bytes."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from tests.e2e.byte_counter import ByteCounter, counting_bytes
from tests.e2e.commands import Groundswell, clean
from tests.e2e.demo import Demo, running_demo

if TYPE_CHECKING:
    from collections.abc import Generator
    from pathlib import Path


@pytest.fixture(scope="module")
def shared_groundswell(tmp_path_factory: pytest.TempPathFactory) -> Generator[Groundswell]:
    """For a run that several tests look at."""
    with clean(tmp_path_factory.mktemp("shared")) as own:
        yield own


@pytest.fixture
def mortal_demo(tmp_path: Path) -> Generator[Demo]:
    """A demo target of the test's own, to be frozen or killed."""
    with running_demo(tmp_path) as target:
        yield target


@pytest.fixture
def byte_counter() -> Generator[ByteCounter]:
    with counting_bytes() as counter:
        yield counter
