"""A whole flow, as in shop.yaml: log in, search, put into the cart, pay, look after the order, log out.

groundswell run examples/shop.py --target URL   against a demo target that already runs
"""

from __future__ import annotations

import re
import uuid

from groundswell import VU, Counter, Response, Test, arrival_rate, env

orders = Counter("orders")

test = Test(
    "shop",
    target=env.get("BASE_URL", "http://127.0.0.1:8080"),
    defaults={"timeout": "5s"},
    warmup="{{ env.WARMUP | default('2s') }}",
    # Target and agents share one machine here.
    generator_limits={"send_lag": "100ms", "loop_lag": "100ms"},
    thresholds={
        "http_req_failed": "rate < 1%",
        "checks": "rate > 99%",
        "http_req_duration{name:pay}": "p(95) < 500ms",
        "group_duration{group:checkout}": "p(95) < 5s",
        "orders": "count > 10",
        "failed_iterations": "count == 0",
        "dropped_iterations": "count == 0",
    },
)


@test.scenario(arrival_rate("20/s", duration="{{ env.DURATION | default('10s') }}", max_vus=100))
async def buy(vu: VU) -> None:
    token = await log_in(vu)
    auth = {"Authorization": f"Bearer {token}"}

    query = {"q": f"wave {vu.random.randint(1, 2)}"}
    found = await vu.http.get("/search", name="search", query=query)
    vu.check("search: status 200", found.status == 200)
    products = found.json()
    if not vu.check("something is found", products["total"] > 0):
        vu.end_iteration()
    await vu.pause(0.05, 0.15)

    async with vu.group("checkout"):
        await check_out(vu, auth, products["items"][0]["sku"])

    if vu.random.random() < 0.8:
        await vu.http.get("/products", name="browse")
    await vu.http.post("/logout", name="log out", headers=auth)


async def log_in(vu: VU) -> str:
    """The token of the API."""
    page = await vu.http.get("/login", name="login form")
    csrf = re.search(r'name="csrf" value="([^"]+)"', page.text())
    if csrf is None:
        vu.check("there is a form", False)
        vu.end_iteration()
    form = {
        "email": f"visitor-{vu.number}-{vu.iteration}@example.com",
        "password": vu.env.get("SHOP_PASSWORD", "open sesame"),
        "csrf": csrf[1],
    }
    # The shop sends on to /account.
    account = await vu.http.post("/login", name="log in", form=form)
    vu.check("log in: status 200", account.status == 200)
    return str(account.json()["token"])


async def check_out(vu: VU, auth: dict[str, str], sku: str) -> None:
    for _ in range(2):
        # Sold out is no failure.
        await vu.http.post(
            "/cart",
            name="add to cart",
            headers=auth,
            json={"sku": sku, "quantity": 1},
            expect_status=[201, 409],
        )
    cart = (await vu.http.get("/cart", name="cart", headers=auth)).json()
    if not cart["total"]:
        return
    payment = {"amount": cart["total"], "reference": str(uuid.UUID(int=vu.random.getrandbits(128)))}
    paid = await vu.http.post("/pay", name="pay", headers=auth, json=payment)
    vu.check("pay: all of it", paid.status == 201 and paid.json()["paid"] == cart["total"])
    orders.add()
    await wait_for(vu, auth, paid)


async def wait_for(vu: VU, auth: dict[str, str], paid: Response) -> None:
    for _ in range(5):
        order = await vu.http.get(f"/orders/{paid.json()['order']}", name="order", headers=auth)
        if order.json()["state"] == "done":
            return
        await vu.pause(0.02)
