"""What every test may use: one uvloop event loop for the session, a real nginx, the command and its demo target."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
import uvloop
from hypothesis import settings

from tests.e2e.commands import Groundswell, clean
from tests.e2e.demo import Demo, running_demo
from tests.nginx_server import NginxServer, running_nginx

if TYPE_CHECKING:
    import asyncio
    from collections.abc import Callable, Generator
    from pathlib import Path


# A busy machine takes its time, and how long a test takes decides nothing.
settings.register_profile("untimed", deadline=None)
settings.load_profile("untimed")


def pytest_asyncio_loop_factories() -> dict[str, Callable[[], asyncio.AbstractEventLoop]]:
    """The loop that agents and coordinator run on; one name only, so no test is run twice."""
    return {"uvloop": uvloop.new_event_loop}


@pytest.fixture(scope="session")
def nginx(tmp_path_factory: pytest.TempPathFactory) -> Generator[NginxServer]:
    """One for the session: its count only grows, so compare differences."""
    with running_nginx(tmp_path_factory.mktemp("nginx")) as server:
        yield server


@pytest.fixture
def groundswell(tmp_path: Path) -> Generator[Groundswell]:
    """With a data folder of the test's own, and nothing left running at its end."""
    with clean(tmp_path) as own:
        yield own


@pytest.fixture(scope="session")
def _demo(tmp_path_factory: pytest.TempPathFactory) -> Generator[Demo]:
    with running_demo(tmp_path_factory.mktemp("demo")) as target:
        yield target


@pytest.fixture
def demo(_demo: Demo) -> Demo:
    """The session's demo target, counting from zero; a test that harms one starts its own."""
    return Demo(_demo.process, _demo.port)
