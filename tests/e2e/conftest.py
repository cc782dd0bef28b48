"""A data folder for every test, with nothing left running at its end; one demo target for all."""

from __future__ import annotations

from contextlib import contextmanager
from typing import TYPE_CHECKING

import pytest

from tests.e2e.byte_counter import ByteCounter, counting_bytes
from tests.e2e.commands import Groundswell
from tests.e2e.demo import Demo, running_demo

if TYPE_CHECKING:
    from collections.abc import Generator
    from pathlib import Path


@contextmanager
def _clean(folder: Path) -> Generator[Groundswell]:
    """Whatever a test tries out, it ends with no process of groundswell left behind."""
    groundswell = Groundswell(folder)
    try:
        yield groundswell
        # Local agents whose client was killed have two seconds.
        groundswell.assert_nothing_is_left(within_s=5.0)
    finally:
        groundswell.end_what_is_left()


@pytest.fixture
def groundswell(tmp_path: Path) -> Generator[Groundswell]:
    with _clean(tmp_path) as own:
        yield own


@pytest.fixture(scope="module")
def shared_groundswell(tmp_path_factory: pytest.TempPathFactory) -> Generator[Groundswell]:
    """For a run that several tests look at."""
    with _clean(tmp_path_factory.mktemp("shared")) as own:
        yield own


@pytest.fixture(scope="session")
def _demo(tmp_path_factory: pytest.TempPathFactory) -> Generator[Demo]:
    with running_demo(tmp_path_factory.mktemp("demo")) as target:
        yield target


@pytest.fixture
def demo(_demo: Demo) -> Demo:
    """The session's demo target, counting from zero; a test that harms one starts its own."""
    return Demo(_demo.process, _demo.port)


@pytest.fixture
def mortal_demo(tmp_path: Path) -> Generator[Demo]:
    """A demo target of the test's own, to be frozen or killed."""
    with running_demo(tmp_path) as target:
        yield target


@pytest.fixture
def byte_counter() -> Generator[ByteCounter]:
    with counting_bytes() as counter:
        yield counter
