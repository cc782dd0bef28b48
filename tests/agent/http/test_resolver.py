from __future__ import annotations

import asyncio
import socket
from typing import TYPE_CHECKING, Any, cast

import pytest

from groundswell_agent.http.resolver import TTL, Resolver, is_literal

if TYPE_CHECKING:
    from collections.abc import Coroutine


class _NameServer:
    """A loop's `getaddrinfo`, with answers of our own; `gate` holds them back."""

    def __init__(self, *addresses: str) -> None:
        self.addresses = addresses
        self.asked: list[str] = []
        self.gate = asyncio.Event()
        self.gate.set()
        self.now = 0.0

    def resolver(self, ttl: float = TTL) -> Resolver:
        loop = cast("asyncio.AbstractEventLoop", self)
        return Resolver(loop, ttl=ttl, clock=lambda: self.now)

    def create_task(self, work: Coroutine[Any, Any, Any]) -> asyncio.Task[Any]:
        return asyncio.get_running_loop().create_task(work)

    async def getaddrinfo(self, host: str, port: object, *, type: int) -> list[Any]:  # noqa: A002  # the loop's word
        self.asked.append(host)
        await self.gate.wait()
        if not self.addresses:
            raise socket.gaierror(socket.EAI_NONAME, "no such name")
        return [(socket.AF_INET, type, 6, "", _sockaddr(address)) for address in self.addresses]


def _sockaddr(address: str) -> tuple[object, ...]:
    host, _, zone = address.partition("%")
    return (host, 0, 0, int(zone or 0)) if ":" in host else (host, 0)


async def test_each_call_starts_at_the_next_address() -> None:
    names = _NameServer("10.0.0.1", "10.0.0.2", "::1", "10.0.0.1")
    resolver = names.resolver()

    turns = [await resolver.addresses("shop.test") for _ in range(4)]

    assert [turn[0] for turn in turns] == ["10.0.0.1", "10.0.0.2", "::1", "10.0.0.1"]
    assert turns[1] == ("10.0.0.2", "::1", "10.0.0.1")
    assert names.asked == ["shop.test"]


async def test_without_a_ttl_each_call_looks_up_and_still_takes_the_next_address() -> None:
    names = _NameServer("10.0.0.1", "10.0.0.2", "10.0.0.3")
    resolver = names.resolver(ttl=0)

    turns = [await resolver.addresses("shop.test") for _ in range(4)]

    assert [turn[0] for turn in turns] == ["10.0.0.1", "10.0.0.2", "10.0.0.3", "10.0.0.1"]
    assert len(names.asked) == 4


async def test_a_lookup_is_good_for_five_minutes() -> None:
    names = _NameServer("10.0.0.1")
    resolver = names.resolver()
    await resolver.addresses("shop.test")
    names.addresses = ("10.0.0.9",)
    names.now = 299.9
    assert await resolver.addresses("shop.test") == ("10.0.0.1",)
    names.now = 300.0

    assert await resolver.addresses("shop.test") == ("10.0.0.9",)
    assert resolver.lookups == 2


async def test_all_wait_for_one_lookup_and_one_that_leaves_does_not_take_it_along() -> None:
    names = _NameServer("10.0.0.1")
    names.gate.clear()
    resolver = names.resolver()
    waiting = [asyncio.create_task(resolver.addresses("shop.test")) for _ in range(5)]
    await asyncio.sleep(0)
    waiting[0].cancel()
    await asyncio.sleep(0)
    names.gate.set()

    assert await asyncio.gather(*waiting[1:]) == [("10.0.0.1",)] * 4
    assert names.asked == ["shop.test"]


async def test_a_failure_is_remembered_for_a_second() -> None:
    names = _NameServer()
    resolver = names.resolver()
    for _ in range(10):
        with pytest.raises(socket.gaierror):
            await resolver.addresses("gone.test")
    assert resolver.lookups == 1
    names.now = 1.0
    names.addresses = ("10.0.0.1",)

    assert await resolver.addresses("gone.test") == ("10.0.0.1",)


async def test_literals_are_not_looked_up() -> None:
    resolver = _NameServer().resolver()

    for literal in ("127.0.0.1", "::1", "fe80::1%eth0"):
        assert await resolver.addresses(literal) == (literal,)
    assert resolver.lookups == 0
    assert not is_literal("localhost")


async def test_a_zone_stays_with_its_address() -> None:
    assert await _NameServer("fe80::1%3").resolver().addresses("a.test") == ("fe80::1%3",)


async def test_the_system_knows_localhost_and_no_invalid_names() -> None:
    resolver = Resolver(asyncio.get_running_loop())

    assert set(await resolver.addresses("localhost")) <= {"127.0.0.1", "::1"}
    for name in ("no-such-host.invalid", "a..b", "x" * 70 + ".test"):
        with pytest.raises(OSError, match=r".*"):
            await resolver.addresses(name)
