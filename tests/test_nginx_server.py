from __future__ import annotations

import asyncio
import urllib.request
from typing import TYPE_CHECKING

import uvloop

from tests.nginx_server import PAGE

if TYPE_CHECKING:
    from tests.nginx_server import NginxServer


def _get(url: str) -> bytes:
    with urllib.request.urlopen(url, timeout=10) as answer:
        return bytes(answer.read())


def test_it_answers_a_kibibyte_at_every_path(nginx: NginxServer) -> None:
    assert _get(f"{nginx.url}/any/where") == PAGE


def test_asking_for_the_count_does_not_change_it(nginx: NginxServer) -> None:
    first = nginx.requests()

    assert [nginx.requests() for _ in range(3)] == [first] * 3


def test_it_counts_every_request_once(nginx: NginxServer) -> None:
    before = nginx.requests()

    for number in range(7):
        _get(f"{nginx.url}/{number}")

    assert nginx.requests() - before == 7


async def test_tests_run_on_uvloop() -> None:
    assert isinstance(asyncio.get_running_loop(), uvloop.Loop)
