"""The demo target's count of what reached it."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING

import aiohttp
import pytest

from groundswell_coordinator.demo.target import DemoTarget

if TYPE_CHECKING:
    from groundswell_coordinator.demo.tally import Stats


async def _get(client: aiohttp.ClientSession, *paths: str) -> None:
    for path in paths:
        async with client.get(path) as answer:
            await answer.read()


async def _stats(client: aiohttp.ClientSession) -> Stats:
    async with client.get("/stats") as answer:
        stats: Stats = await answer.json()
        return stats


async def test_requests_are_counted_by_route_and_status() -> None:
    async with (
        DemoTarget().listening("127.0.0.1", 0) as url,
        aiohttp.ClientSession(url) as client,
    ):
        await _get(client, "/fast", "/fast", "/products/1", "/products/2", "/products/x")

        assert await _stats(client) == {
            "requests": 5,
            "routes": {
                "/fast": {"requests": 2, "statuses": {"200": 2}},
                "/products/{id}": {"requests": 3, "statuses": {"200": 2, "404": 1}},
            },
        }


async def test_a_path_without_a_route_and_a_wrong_method_are_counted_too() -> None:
    async with (
        DemoTarget().listening("127.0.0.1", 0) as url,
        aiohttp.ClientSession(url) as client,
    ):
        await _get(client, "/nowhere")
        async with client.post("/fast") as answer:
            assert answer.status == 405

        unmatched = (await _stats(client))["routes"]["(unmatched)"]
        assert unmatched == {"requests": 2, "statuses": {"404": 1, "405": 1}}


async def test_asking_for_the_count_does_not_change_it() -> None:
    async with (
        DemoTarget().listening("127.0.0.1", 0) as url,
        aiohttp.ClientSession(url) as client,
    ):
        assert [(await _stats(client))["requests"] for _ in range(3)] == [0, 0, 0]


async def test_a_request_whose_client_gave_up_counts_as_arrived() -> None:
    target = DemoTarget()
    async with (
        target.listening("127.0.0.1", 0) as url,
        aiohttp.ClientSession(url, timeout=aiohttp.ClientTimeout(0.05)) as client,
    ):
        with pytest.raises(asyncio.TimeoutError):
            await _get(client, "/slow?ms=300")

        assert target.tally.stats()["requests"] == 1
