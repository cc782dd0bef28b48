"""Load on a WebSocket through aiohttp: connect, send, wait for each answer, close.

groundswell run examples/websocket.py -e WS_URL=ws://127.0.0.1:8080/ws   against a demo target
"""

from __future__ import annotations

from contextlib import asynccontextmanager
from typing import TYPE_CHECKING

import aiohttp

from groundswell import VU, Counter, Test, constant_vus, env

if TYPE_CHECKING:
    from collections.abc import AsyncGenerator

MESSAGES = 10

messages = Counter("ws_messages")

test = Test(
    "websocket",
    thresholds={
        "ws_connect": "p(95) < 250ms",
        "ws_answer": "p(95) < 100ms",
        "checks": "rate == 1",
        "failed_iterations": "count == 0",
    },
)


@asynccontextmanager
async def session() -> AsyncGenerator[aiohttp.ClientSession]:
    """One for all VUs of an agent."""
    # Without a limit of its own: how many connect at once is the executor's to say.
    connector = aiohttp.TCPConnector(limit=0)
    async with aiohttp.ClientSession(connector=connector) as opened:
        yield opened


@test.scenario(constant_vus(20, duration="{{ env.DURATION | default('5s') }}"))
async def chat(vu: VU) -> None:
    client = await vu.shared(session)
    url = env.get("WS_URL", "ws://127.0.0.1:8080/ws")
    async with vu.timer("ws_connect"):
        socket = await client.ws_connect(url, heartbeat=10)
    async with socket:
        for number in range(MESSAGES):
            async with vu.timer("ws_answer"):
                await socket.send_json({"vu": vu.number, "number": number})
                answer = await socket.receive_json(timeout=5)
            vu.check("the answer is mine", answer == {"vu": vu.number, "number": number})
            messages.add()
            await vu.pause(0.01, 0.05)
