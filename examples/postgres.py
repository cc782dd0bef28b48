"""Load on a PostgreSQL through asyncpg: any asyncio library works in a scenario, and is timed.

pip install asyncpg      here and on every agent
groundswell run examples/postgres.py -e DATABASE_URL=postgresql://postgres:secret@127.0.0.1/shop
"""

from __future__ import annotations

from contextlib import asynccontextmanager
from typing import TYPE_CHECKING

import asyncpg

from groundswell import VU, Counter, Test, arrival_rate, constant_vus, env

if TYPE_CHECKING:
    from collections.abc import AsyncGenerator

    # Generic for a type checker alone.
    Pool = asyncpg.Pool[asyncpg.Record]

PRODUCTS = 1000
DURATION = "{{ env.DURATION | default('5s') }}"

sold = Counter("sold")

test = Test(
    "postgres",
    thresholds={
        "find": "p(95) < 100ms",
        "buy": "p(95) < 250ms",
        "checks": "rate > 99%",
        "failed_iterations": "count == 0",
    },
)


@asynccontextmanager
async def pool() -> AsyncGenerator[Pool]:
    """One for all VUs of an agent, which `vu.shared` opens and closes."""
    async with asyncpg.create_pool(env["DATABASE_URL"], min_size=2, max_size=10) as connections:
        yield connections


@test.setup
async def fill(vu: VU) -> None:
    database = await vu.shared(pool)
    await database.execute(
        "DROP TABLE IF EXISTS groundswell_products;"
        "CREATE TABLE groundswell_products (sku int PRIMARY KEY, price int, stock int);"
    )
    rows = [(sku, sku % 97 + 1, 100_000) for sku in range(PRODUCTS)]
    await database.copy_records_to_table("groundswell_products", records=rows)


@test.teardown
async def drop(vu: VU) -> None:
    await (await vu.shared(pool)).execute("DROP TABLE groundswell_products")


@test.scenario(arrival_rate("100/s", duration=DURATION, max_vus=50))
async def find(vu: VU) -> None:
    database = await vu.shared(pool)
    async with vu.timer("find"):
        row = await database.fetchrow(
            "SELECT price, stock FROM groundswell_products WHERE sku = $1",
            vu.random.randrange(PRODUCTS),
        )
    vu.check("it is there", row is not None and row["price"] > 0)


@test.scenario(constant_vus(4, duration=DURATION))
async def buy(vu: VU) -> None:
    database = await vu.shared(pool)
    async with vu.timer("buy"), database.acquire() as connection, connection.transaction():
        sku = vu.random.randrange(PRODUCTS)
        left = await connection.fetchval(
            "UPDATE groundswell_products SET stock = stock - 1 WHERE sku = $1 RETURNING stock", sku
        )
    vu.check("there was one", left is not None and left >= 0)
    sold.add()
    await vu.pause(0.01, 0.03)
