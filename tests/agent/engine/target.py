"""A target that does what a request's path says, and keeps a record of its own.

/ok             200
/status/503     503
/slow/0.4       200, after 0.4 s
/hang           no answer at all
/reset          the connection ends instead
"""

from __future__ import annotations

import asyncio
from collections import Counter
from contextlib import asynccontextmanager
from dataclasses import dataclass
from time import monotonic
from typing import TYPE_CHECKING, cast

if TYPE_CHECKING:
    from collections.abc import AsyncGenerator, Callable

_LOOKS = 1000
_LOOK_EVERY_S = 0.005


@dataclass(frozen=True)
class Arrival:
    """One request, as it came: `at` is of `time.monotonic()`, connections count from 1."""

    at: float
    connection: int
    method: str
    path: str
    query: str
    headers: dict[str, str]
    body: bytes
    size: int


class Target:
    """What has come so far, over all connections."""

    def __init__(self) -> None:
        self.port = 0
        self.arrivals: list[Arrival] = []
        self.connections = 0
        self.lost: dict[int, float] = {}
        self.most_at_once = 0
        self.busy = 0
        self.overlaps = 0

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}"

    @property
    def open(self) -> int:
        return self.connections - len(self.lost)

    @property
    def per_connection(self) -> Counter[int]:
        return Counter(arrival.connection for arrival in self.arrivals)

    def since(self, start: float) -> list[float]:
        """When the requests came, in seconds from `start`, in order."""
        return sorted(arrival.at - start for arrival in self.arrivals)

    def count(self, path: str) -> int:
        return sum(arrival.path == path for arrival in self.arrivals)

    async def nobody_left(self) -> None:
        """The end of a connection takes a turn of the loop to get here."""
        await eventually(lambda: not self.open)


class _Connection(asyncio.Protocol):
    def __init__(self, target: Target) -> None:
        self._target = target
        self._loop = asyncio.get_running_loop()
        self._heard = b""
        self._busy = False
        target.connections += 1
        self._number = target.connections

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._transport = cast("asyncio.Transport", transport)

    def connection_lost(self, exc: Exception | None) -> None:
        self._target.lost[self._number] = monotonic()
        self._set_busy(False)

    def data_received(self, data: bytes) -> None:
        self._heard += data
        head, end, rest = self._heard.partition(b"\r\n\r\n")
        if not end:
            return
        first, *lines = head.decode("latin-1").split("\r\n")
        headers = {name.lower(): value for name, _, value in (x.partition(": ") for x in lines)}
        length = int(headers.get("content-length", "0"))
        if len(rest) < length:
            return
        self._target.overlaps += self._busy
        method, target, _ = first.split(" ")
        path, _, query = target.partition("?")
        size = len(head) + len(end) + length
        arrival = Arrival(
            monotonic(), self._number, method, path, query, headers, rest[:length], size
        )
        self._target.arrivals.append(arrival)
        self._heard = rest[length:]
        self._set_busy(True)
        self._act(path.strip("/").split("/"))

    def _act(self, words: list[str]) -> None:
        match words:
            case ["hang"]:
                pass
            case ["reset"]:
                self._transport.abort()
            case ["slow", seconds]:
                self._loop.call_later(float(seconds), self._answer, 200)
            case ["status", status]:
                self._answer(int(status))
            case _:
                self._answer(200)

    def _answer(self, status: int) -> None:
        if not self._transport.is_closing():
            self._set_busy(False)
            self._transport.write(b"HTTP/1.1 %d X\r\nContent-Length: 2\r\n\r\nok" % status)

    def _set_busy(self, busy: bool) -> None:
        self._target.busy += busy - self._busy
        self._target.most_at_once = max(self._target.most_at_once, self._target.busy)
        self._busy = busy


async def eventually(condition: Callable[[], bool]) -> None:
    """Wait until it holds, for some seconds at most."""
    for _ in range(_LOOKS):
        if condition():
            return
        await asyncio.sleep(_LOOK_EVERY_S)
    raise AssertionError("it did not come to that")


@asynccontextmanager
async def listening() -> AsyncGenerator[Target]:
    target = Target()
    loop = asyncio.get_running_loop()
    server = await loop.create_server(lambda: _Connection(target), "127.0.0.1", 0, backlog=1024)
    target.port = server.sockets[0].getsockname()[1]
    try:
        yield target
    finally:
        server.close()
        await server.wait_closed()
