"""Names to addresses: per host and agent, never per request.

A lookup is good for five minutes; each new connection starts at the next of the addresses, so that
all of them get their part. A host is looked up once at a time, whoever waits for it, and a lookup
that failed is not repeated for a second: thousands of VUs would be a load test of the name server.
"""

from __future__ import annotations

import asyncio
import ipaddress
import socket
from time import monotonic
from typing import TYPE_CHECKING

from groundswell_agent.http.limits import MOST_NAMES

if TYPE_CHECKING:
    from collections.abc import Callable

TTL = 300.0
FAILURE_TTL = 1.0


class _Answer:
    """What one lookup brought: addresses in the system's order, or why there are none."""

    __slots__ = ("addresses", "expires", "failure", "turn")

    def __init__(self, addresses: tuple[str, ...], failure: OSError | None, expires: float) -> None:
        self.addresses = addresses
        self.failure = failure
        self.expires = expires
        self.turn = 0

    def take_turn(self) -> tuple[str, ...]:
        if self.failure is not None:
            raise self.failure
        first = self.turn % len(self.addresses)
        self.turn += 1
        return self.addresses[first:] + self.addresses[:first]


class Resolver:
    """One per agent. `ttl` in seconds; `clock` as `time.monotonic`."""

    __slots__ = ("_answers", "_clock", "_loop", "_running", "_ttl", "lookups")

    def __init__(
        self,
        loop: asyncio.AbstractEventLoop,
        *,
        ttl: float = TTL,
        clock: Callable[[], float] = monotonic,
    ) -> None:
        self._loop = loop
        self._ttl = ttl
        self._clock = clock
        self._answers: dict[str, _Answer] = {}
        self._running: dict[str, asyncio.Task[_Answer]] = {}
        self.lookups = 0

    async def addresses(self, host: str) -> tuple[str, ...]:
        """All addresses of `host`, rotated by one at each call. Raises OSError if it has none."""
        if is_literal(host):
            return (host,)
        answer = self._answers.get(host)
        if answer is None or self._clock() >= answer.expires:
            # Shielded: one VU that gives up must not take the lookup from the others.
            answer = await asyncio.shield(self._lookup_of(host))
        return answer.take_turn()

    def _lookup_of(self, host: str) -> asyncio.Task[_Answer]:
        task = self._running.get(host)
        if task is None:
            task = self._running[host] = self._loop.create_task(self._look_up(host))
        return task

    async def _look_up(self, host: str) -> _Answer:
        self.lookups += 1
        try:
            found = await self._loop.getaddrinfo(host, None, type=socket.SOCK_STREAM)
            # Two of the same address differ in nothing that matters here.
            addresses = tuple(dict.fromkeys(_address(entry[4]) for entry in found))
            answer = _Answer(addresses, None, self._clock() + self._ttl)
        except (OSError, UnicodeError) as error:
            failure = error if isinstance(error, OSError) else socket.gaierror(str(error))
            answer = _Answer((), failure, self._clock() + min(FAILURE_TTL, self._ttl))
        finally:
            del self._running[host]
        if (before := self._answers.get(host)) is not None:
            # Where each connection looks up anew, the next one is still another's turn.
            answer.turn = before.turn
        self._answers[host] = answer
        if len(self._answers) > MOST_NAMES:
            # Redirects may lead to any number of them.
            del self._answers[next(iter(self._answers))]
        return answer


def is_literal(host: str) -> bool:
    """Whether `host` is an IPv4 or IPv6 address, a zone (`fe80::1%eth0`) allowed."""
    try:
        ipaddress.ip_address(host)
    except ValueError:
        return False
    return True


def _address(sockaddr: tuple[str, int] | tuple[str, int, int, int] | tuple[int, bytes]) -> str:
    host = str(sockaddr[0])
    zone = sockaddr[3] if len(sockaddr) == 4 else 0
    return f"{host}%{zone}" if zone and "%" not in host else host
