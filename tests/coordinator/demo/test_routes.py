"""Each route of the demo target, asked as any client would."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING

import aiohttp
import pytest

from groundswell_coordinator.demo.target import DemoTarget

if TYPE_CHECKING:
    from collections.abc import AsyncGenerator


@pytest.fixture
async def client() -> AsyncGenerator[aiohttp.ClientSession]:
    async with (
        DemoTarget().listening("127.0.0.1", 0) as url,
        aiohttp.ClientSession(url) as session,
    ):
        yield session


async def _statuses(client: aiohttp.ClientSession, path: str, count: int) -> list[int]:
    statuses: list[int] = []
    for _ in range(count):
        async with client.get(path) as answer:
            statuses.append(answer.status)
    return statuses


@pytest.mark.parametrize("path", ["/", "/fast"])
async def test_the_fast_routes_answer_ok(client: aiohttp.ClientSession, path: str) -> None:
    async with client.get(path) as answer:
        assert (answer.status, await answer.text()) == (200, "ok\n")


async def test_slow_waits_at_least_as_long_as_asked(client: aiohttp.ClientSession) -> None:
    begin = time.monotonic()

    async with client.get("/slow?ms=50") as answer:
        assert answer.status == 200

    assert time.monotonic() - begin >= 0.049


@pytest.mark.parametrize(
    "path",
    [
        "/slow?ms=60001",
        "/slow?ms=-1",
        "/slow?ms=soon",
        "/slow?ms=nan",
        "/flaky?rate=1.01",
        "/large?kib=65537",
        "/large?kib=inf",
        "/status/199",
        "/status/600",
        "/status/ok",
        "/status/²",
    ],
)
async def test_a_value_out_of_bounds_is_the_clients_mistake(
    client: aiohttp.ClientSession, path: str
) -> None:
    async with client.get(path) as answer:
        assert answer.status == 400
        assert "from" in await answer.text()


async def test_flaky_fails_at_about_its_rate(client: aiohttp.ClientSession) -> None:
    statuses = await _statuses(client, "/flaky?rate=0.25", 400)

    assert set(statuses) == {200, 503}
    assert 60 <= statuses.count(503) <= 140


async def test_two_targets_fail_the_same_requests() -> None:
    seen: list[list[int]] = []
    for _ in range(2):
        async with (
            DemoTarget().listening("127.0.0.1", 0) as url,
            aiohttp.ClientSession(url) as session,
        ):
            seen.append(await _statuses(session, "/flaky?rate=0.5", 40))

    assert seen[0] == seen[1]


@pytest.mark.parametrize(("rate", "status"), [("0", 200), ("1", 503)])
async def test_flaky_knows_never_and_always(
    client: aiohttp.ClientSession, rate: str, status: int
) -> None:
    assert await _statuses(client, f"/flaky?rate={rate}", 20) == [status] * 20


async def test_every_product_of_the_list_has_a_page(client: aiohttp.ClientSession) -> None:
    async with client.get("/products") as answer:
        products = (await answer.json())["products"]

    for product in products:
        async with client.get(f"/products/{product['id']}") as answer:
            assert answer.content_type == "application/json"
            assert await answer.json() == product


async def test_a_product_that_is_not_there_is_404(client: aiohttp.ClientSession) -> None:
    async with client.get("/products/999") as answer:
        assert answer.status == 404
        assert await answer.json() == {"error": "no product 999"}


@pytest.mark.parametrize("method", ["POST", "PUT", "PATCH"])
async def test_echo_gives_back_what_it_got(client: aiohttp.ClientSession, method: str) -> None:
    body = bytes(range(256)) * 64

    async with client.request(
        method, "/echo", data=body, headers={"Content-Type": "image/png"}
    ) as answer:
        assert (answer.content_type, await answer.read()) == ("image/png", body)


@pytest.mark.parametrize("kib", [0, 1, 64, 1025])
async def test_large_is_as_large_as_asked(client: aiohttp.ClientSession, kib: int) -> None:
    async with client.get(f"/large?kib={kib}") as answer:
        assert len(await answer.read()) == kib * 1024


@pytest.mark.parametrize("code", [200, 204, 304, 404, 429, 503, 599])
async def test_status_answers_with_the_status_asked_for(
    client: aiohttp.ClientSession, code: int
) -> None:
    assert await _statuses(client, f"/status/{code}", 2) == [code, code]


async def test_a_redirecting_status_leads_to_the_start(client: aiohttp.ClientSession) -> None:
    async with client.get("/status/302", allow_redirects=False) as answer:
        assert (answer.status, answer.headers["Location"]) == (302, "/")
