"""What every test may use: one uvloop event loop for the whole session, and a real nginx."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
import uvloop
from hypothesis import settings

from tests.nginx_server import NginxServer, running_nginx

if TYPE_CHECKING:
    import asyncio
    from collections.abc import Callable, Generator


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
