"""A real Chromium, told over its own protocol what to open, and asked what became of it.

Not a picture is compared: a page is asked what it has drawn, and the browser what the page said and
whom it called.
"""

from __future__ import annotations

import asyncio
import base64
import itertools
import json
import shutil
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

import aiohttp
import pytest

if TYPE_CHECKING:
    from collections.abc import AsyncGenerator
    from pathlib import Path

_STARTS_WITHIN_S = 30.0


@dataclass
class Page:
    """One tab. `complaints` is what was said on its console, `requests` whom it called."""

    socket: aiohttp.ClientWebSocketResponse
    complaints: list[str] = field(default_factory=list[str])
    requests: list[str] = field(default_factory=list[str])
    _numbers: itertools.count[int] = field(default_factory=lambda: itertools.count(1))

    async def ask(self, method: str, **params: object) -> dict[str, Any]:
        number = next(self._numbers)
        await self.socket.send_json({"id": number, "method": method, "params": params})
        while True:
            message: dict[str, Any] = await self.socket.receive_json()
            if message.get("id") == number:
                assert "error" not in message, message
                result: dict[str, Any] = message["result"]
                return result
            self._note(message)

    async def value(self, expression: str) -> Any:  # noqa: ANN401 # JavaScript's
        answer = await self.ask("Runtime.evaluate", expression=expression, returnByValue=True)
        assert "exceptionDetails" not in answer, answer
        return answer["result"].get("value")

    async def open(self, path: Path) -> None:
        await self.ask("Page.navigate", url=path.as_uri())

    async def until(self, expression: str, within_s: float = 30.0) -> None:
        async with asyncio.timeout(within_s):
            while not await self.value(expression):  # noqa: ASYNC110 # it is in another process
                await asyncio.sleep(0.05)

    async def look(
        self, width: int, height: int, *, dark: bool = False, paper: bool = False
    ) -> None:
        """As on a screen of this size."""
        await self.ask(
            "Emulation.setDeviceMetricsOverride",
            width=width,
            height=height,
            deviceScaleFactor=1,
            mobile=width < 600,
        )
        scheme = {"name": "prefers-color-scheme", "value": "dark" if dark else "light"}
        media = "print" if paper else "screen"
        await self.ask("Emulation.setEmulatedMedia", media=media, features=[scheme])

    async def picture(self) -> bytes:
        """Of the whole page, as PNG."""
        shot = await self.ask("Page.captureScreenshot", captureBeyondViewport=True)
        return base64.b64decode(shot["data"])

    def _note(self, message: dict[str, Any]) -> None:
        method, params = message.get("method"), message.get("params", {})
        if method == "Network.requestWillBeSent":
            self.requests.append(params["request"]["url"])
        elif method in ("Runtime.exceptionThrown", "Log.entryAdded", "Runtime.consoleAPICalled"):
            self.complaints.append(json.dumps(params)[:2000])


@asynccontextmanager
async def chromium(folder: Path) -> AsyncGenerator[Page]:
    """A tab of a browser of its own; the test is skipped where none is installed."""
    program = shutil.which("chromium")
    if program is None:
        pytest.skip("NOT TESTED: no Chromium here: apt-get install chromium")
    process = await asyncio.create_subprocess_exec(
        program,
        *("--headless", "--no-sandbox", "--disable-gpu", "--disable-dev-shm-usage"),
        *("--no-first-run", "--disable-background-networking", "--remote-debugging-port=0"),
        f"--user-data-dir={folder}",
        "about:blank",
        stdout=asyncio.subprocess.DEVNULL,
        stderr=asyncio.subprocess.DEVNULL,
    )
    try:
        port = await _port(folder)
        async with aiohttp.ClientSession() as session:
            async with session.get(f"http://127.0.0.1:{port}/json/list") as answer:
                tabs = await answer.json()
            url = next(tab["webSocketDebuggerUrl"] for tab in tabs if tab["type"] == "page")
            async with session.ws_connect(url, max_msg_size=64 * 1024 * 1024) as socket:
                page = Page(socket)
                for domain in ("Page", "Runtime", "Log", "Network"):
                    await page.ask(f"{domain}.enable")
                yield page
    finally:
        process.kill()
        await process.wait()


async def _port(folder: Path) -> int:
    told = folder / "DevToolsActivePort"
    async with asyncio.timeout(_STARTS_WITHIN_S):
        while not (words := _words(told)):  # noqa: ASYNC110 # it is in another process
            await asyncio.sleep(0.05)
    return int(words[0])


def _words(path: Path) -> list[str]:
    return path.read_text().split() if path.exists() else []
