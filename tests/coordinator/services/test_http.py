"""The HTTP side over real sockets: what it says, and that no client can keep others from hearing it."""

from __future__ import annotations

import asyncio
import socket
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass
from typing import TYPE_CHECKING

import pytest

from groundswell.address import Address
from groundswell.errors import CoordinatorUnreachable
from groundswell_coordinator.services import door
from groundswell_coordinator.services.exposition import gauge
from groundswell_coordinator.services.http import HttpSide
from groundswell_coordinator.services.readiness import Readiness

if TYPE_CHECKING:
    from collections.abc import AsyncGenerator

_LOOPBACK = Address("127.0.0.1", 0)


@dataclass
class Side:
    """The HTTP side of a coordinator with one metric."""

    readiness: Readiness
    port: int = 0
    value: float = 1.0

    async def ask(self, request: str, host: str = "127.0.0.1") -> str:
        """All that is answered until the connection is closed."""
        reader, writer = await asyncio.open_connection(host, self.port)
        writer.write(request.encode())
        answer = await asyncio.wait_for(reader.read(), 10)
        writer.close()
        return answer.decode()

    async def get(self, path: str) -> str:
        return await self.ask(f"GET {path} HTTP/1.1\r\nHost: x\r\n\r\n")


@asynccontextmanager
async def _serving(address: Address = _LOOPBACK) -> AsyncGenerator[Side]:
    side = Side(Readiness())
    http = HttpSide(side.readiness, lambda: [gauge("g", "G.", side.value)])
    async with http.listening(address) as side.port:
        yield side


@pytest.fixture
async def side() -> AsyncGenerator[Side]:
    async with _serving() as side:
        yield side


async def test_it_lives_whatever_is_in_the_way(side: Side) -> None:
    side.readiness.hinder("store", "the store fails")

    answer = await side.get("/healthz")

    assert answer.startswith("HTTP/1.1 200 ")
    assert answer.endswith("\r\n\r\nok\n")


async def test_it_is_ready_or_says_what_is_in_the_way(side: Side) -> None:
    assert (await side.get("/readyz")).startswith("HTTP/1.1 200 ")

    side.readiness.hinder("store", "the store fails: disk full")
    answer = await side.get("/readyz")

    assert answer.startswith("HTTP/1.1 503 ")
    assert answer.endswith("not ready\nthe store fails: disk full\n")


async def test_metrics_are_those_of_the_moment_of_asking(side: Side) -> None:
    side.value = 7

    answer = await side.get("/metrics")

    assert "Content-Type: text/plain; version=0.0.4; charset=utf-8\r\n" in answer
    assert answer.endswith("\ng 7\n")


async def test_a_head_request_gets_no_body(side: Side) -> None:
    answer = await side.ask("HEAD /healthz HTTP/1.1\r\nHost: x\r\n\r\n")

    assert answer.startswith("HTTP/1.1 200 ")
    assert answer.endswith("\r\n\r\n")


@pytest.mark.parametrize(
    ("request_line", "status"),
    [
        ("GET / HTTP/1.1", 404),
        ("GET /metrics/../../etc/passwd HTTP/1.1", 404),
        ("POST /metrics HTTP/1.1", 405),
        ("DELETE /healthz HTTP/1.1", 405),
        ("GET /healthz HTTP/9.9", 400),
        ("GARBAGE", 400),
    ],
)
async def test_everything_else_is_refused(side: Side, request_line: str, status: int) -> None:
    answer = await side.ask(f"{request_line}\r\nHost: x\r\n\r\n")

    assert answer.startswith((f"HTTP/1.1 {status} ", f"HTTP/1.0 {status} "))
    assert "Traceback" not in answer


async def test_garbage_is_one_short_line_in_the_log(
    side: Side, caplog: pytest.LogCaptureFixture
) -> None:
    await side.ask(f"GET /{'x' * 5000} HTTP/9.9\r\n\r\n")

    (record,) = caplog.records
    assert record.getMessage().startswith("Error handling request from 127.0.0.1: ")
    assert len(record.getMessage()) < 200
    assert (record.levelname, record.exc_info) == ("WARNING", None)


async def test_a_body_is_not_waited_for(side: Side) -> None:
    answer = await side.ask("POST /metrics HTTP/1.1\r\nHost: x\r\nContent-Length: 1000000\r\n\r\n{")

    assert answer.startswith("HTTP/1.1 405 ")


async def test_endless_headers_are_not_read_to_their_end(side: Side) -> None:
    answer = await side.ask("GET /healthz HTTP/1.1\r\n" + f"X-A: {'a' * 100_000}\r\n" * 10)

    assert answer.startswith(("HTTP/1.1 400 ", "HTTP/1.0 400 "))


async def test_silent_clients_do_not_keep_others_from_being_heard(side: Side) -> None:
    """Far more of them than there are places."""
    async with AsyncExitStack() as stack:
        for _ in range(300):
            _, writer = await asyncio.open_connection("127.0.0.1", side.port)
            stack.callback(writer.close)

        assert (await side.get("/healthz")).startswith("HTTP/1.1 200 ")


async def test_who_sends_a_byte_now_and_then_is_sent_away(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(door, "STAY_S", 0.3)
    async with _serving() as side:
        with pytest.raises(ConnectionError):
            await asyncio.wait_for(_drip(side.port), 10)


async def _drip(port: int) -> None:
    _, writer = await asyncio.open_connection("127.0.0.1", port)
    try:
        while True:
            writer.write(b"G")
            await writer.drain()
            await asyncio.sleep(0.02)
    finally:
        writer.close()


async def test_a_name_is_served_on_all_of_its_addresses() -> None:
    async with _serving(Address("localhost", 0)) as side:
        hosts = {info[4][0] for info in socket.getaddrinfo("localhost", 0)}
        for host in hosts:
            answer = await side.ask("GET /healthz HTTP/1.1\r\nHost: x\r\n\r\n", str(host))
            assert answer.startswith("HTTP/1.1 200 ")


async def test_a_port_that_is_taken_is_an_error_with_a_way_out(side: Side) -> None:
    with pytest.raises(CoordinatorUnreachable, match="Address already in use") as raised:
        async with _serving(Address("127.0.0.1", side.port)):
            pass

    assert raised.value.hint is not None
    assert "--http off" in raised.value.hint


async def test_a_name_that_nobody_knows_is_one_too() -> None:
    with pytest.raises(CoordinatorUnreachable, match=r"nowhere\.invalid:0"):
        async with _serving(Address("nowhere.invalid", 0)):
            pass
