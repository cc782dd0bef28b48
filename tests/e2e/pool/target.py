"""The target of a pool's runs: an nginx of the test's own, which counts and remembers each arrival."""

from __future__ import annotations

from bisect import bisect_left
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from typing import TYPE_CHECKING

from tests.e2e.pool.place import HERE, Place
from tests.e2e.processes import eventually
from tests.nginx_server import NginxServer, running_nginx

if TYPE_CHECKING:
    from collections.abc import Generator, Sequence
    from pathlib import Path

_STATUS = "/status"


@dataclass(frozen=True, slots=True)
class Arrival:
    """`at` is when it began, in seconds since 1970, to the millisecond."""

    at: float
    address: str
    status: int
    path: str


@dataclass
class Target:
    """Asked from wherever the test is; `requests` counts what nginx saw, `arrivals` are its log."""

    server: NginxServer
    place: Place
    log: Path

    @property
    def url(self) -> str:
        return self.server.url

    def requests(self) -> int:
        with self.place.entered():
            return self.server.requests()

    def arrivals(self, address: str | None = None) -> list[Arrival]:
        """In the order of their beginnings; those from `address` only where one is given."""
        # The last line may be half written.
        lines = self.log.read_text().rpartition("\n")[0].splitlines()
        found = [_arrival(line) for line in lines]
        ours = [one for one in found if one.path != _STATUS and address in (None, one.address)]
        return sorted(ours, key=lambda one: one.at)

    def moments(self, address: str | None = None) -> list[float]:
        return [one.at for one in self.arrivals(address)]

    def wait_for_load(self, requests: int = 1, within_s: float = 60.0) -> None:
        """Until so many requests have come."""
        eventually(lambda: self.requests() >= requests, within_s, "requests at the target")


@contextmanager
def running_target(folder: Path, place: Place = HERE) -> Generator[Target]:
    folder.mkdir()
    log = folder / "arrivals.log"
    with ExitStack() as stack:
        with place.entered():
            nginx = running_nginx(folder, address=place.address, log=log)
            server = stack.enter_context(nginx)
        yield Target(server, place, log)


def count_between(moments: Sequence[float], begin: float, end: float) -> int:
    """How many of these, which are sorted, lie in [begin, end)."""
    return bisect_left(moments, end) - bisect_left(moments, begin)


def last_gap(moments: Sequence[float], begin: float, end: float, rate: float) -> float:
    """The end of the last tenth of a second in [begin, end) with less than three quarters of `rate`.

    `begin` where there is none.
    """
    step = 0.1
    found = begin
    for number in range(int((end - begin) / step)):
        start = begin + number * step
        if count_between(moments, start, start + step) < 0.75 * rate * step:
            found = start + step
    return found


def _arrival(line: str) -> Arrival:
    ended, took, address, status, path = line.split(" ", 4)
    return Arrival(float(ended) - float(took), address, int(status), path)
