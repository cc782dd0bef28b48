"""The shop of the demo target: the flow that it is for, and what those get who skip a step."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any

import aiohttp
import pytest

from groundswell_coordinator.demo.shop import PASSWORD
from groundswell_coordinator.demo.target import DemoTarget

if TYPE_CHECKING:
    from collections.abc import AsyncGenerator


@pytest.fixture
async def client() -> AsyncGenerator[aiohttp.ClientSession]:
    jar = aiohttp.CookieJar(unsafe=True)  # an address may have cookies, too
    async with (
        DemoTarget().listening("127.0.0.1", 0) as url,
        aiohttp.ClientSession(url, cookie_jar=jar) as session,
    ):
        yield session


async def csrf_of(client: aiohttp.ClientSession) -> str:
    async with client.get("/login") as answer:
        found = re.search(r'name="csrf" value="([0-9a-f]{32})"', await answer.text())
    assert found is not None
    return found[1]


async def log_in(client: aiohttp.ClientSession) -> dict[str, str]:
    """The headers of those who are."""
    form = {"email": "a@b", "password": PASSWORD, "csrf": await csrf_of(client)}
    async with client.post("/login", data=form) as answer:
        assert (answer.status, answer.url.path, answer.method) == (200, "/account", "GET")
        return {"Authorization": f"Bearer {(await answer.json())['token']}"}


async def answer_of(
    client: aiohttp.ClientSession,
    method: str,
    path: str,
    **more: Any,  # noqa: ANN401
) -> tuple[int, Any]:
    async with client.request(method, path, **more) as answer:
        return answer.status, await answer.json() if answer.status != 204 else None


async def test_a_whole_visit(client: aiohttp.ClientSession) -> None:
    headers = await log_in(client)
    status, found = await answer_of(client, "GET", "/search?q=wave 1")
    assert (status, found["total"]) == (200, 11)
    item = {"sku": found["items"][0]["sku"], "quantity": 2}
    assert await answer_of(client, "POST", "/cart", json=item, headers=headers) == (
        201,
        {"items": 1},
    )
    _, cart = await answer_of(client, "GET", "/cart", headers=headers)
    assert cart == {"items": [item], "total": 2 * found["items"][0]["price"]}
    pay = {"amount": cart["total"]}
    status, paid = await answer_of(client, "POST", "/pay", json=pay, headers=headers)
    assert (status, paid["paid"]) == (201, cart["total"])
    states = [
        (await answer_of(client, "GET", f"/orders/{paid['order']}", headers=headers))[1]["state"]
        for _ in range(3)
    ]
    assert states == ["pending", "pending", "done"]
    assert await answer_of(client, "POST", "/logout") == (204, None)
    assert (await answer_of(client, "GET", "/account"))[0] == 401


async def test_a_form_needs_its_token_and_the_password(client: aiohttp.ClientSession) -> None:
    csrf = await csrf_of(client)
    for form, status in (
        ({"email": "a@b", "password": PASSWORD}, 403),
        ({"email": "a@b", "password": PASSWORD, "csrf": "other"}, 403),
        ({"email": "a@b", "password": "wrong", "csrf": csrf}, 401),
        ({"email": "", "password": PASSWORD, "csrf": csrf}, 401),
    ):
        assert (await answer_of(client, "POST", "/login", data=form))[0] == status


async def test_the_cart_is_for_those_who_are_logged_in_and_send_their_token(
    client: aiohttp.ClientSession,
) -> None:
    assert (await answer_of(client, "GET", "/cart"))[1] == {"error": "log in first"}
    headers = await log_in(client)
    assert (await answer_of(client, "GET", "/cart"))[1] == {"error": "token"}
    assert (await answer_of(client, "GET", "/cart", headers=headers))[0] == 200
    client.cookie_jar.clear()
    assert (await answer_of(client, "GET", "/cart", headers=headers))[0] == 401


async def test_what_a_shop_refuses(client: aiohttp.ClientSession) -> None:
    headers = await log_in(client)
    refusals: list[tuple[str, object, int]] = [
        ("/cart", {"sku": "GS-007", "quantity": 1}, 409),
        ("/cart", {"sku": "none", "quantity": 1}, 422),
        ("/cart", [], 422),
        ("/pay", {"amount": 0}, 402),
        ("/pay", {}, 402),
    ]
    for path, body, status in refusals:
        assert (await answer_of(client, "POST", path, json=body, headers=headers))[0] == status
    assert (await answer_of(client, "POST", "/cart", data="{", headers=headers))[0] == 422
    assert (await answer_of(client, "GET", "/orders/none", headers=headers))[0] == 404
