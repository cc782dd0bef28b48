"""The demo target as a process of its own, for its count, and for what can be done to a process."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import urllib.request
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from tests.e2e.commands import PROGRAM
from tests.e2e.processes import eventually

if TYPE_CHECKING:
    from collections.abc import Generator
    from pathlib import Path

    from groundswell_coordinator.demo.tally import RouteStats, Stats

_NO_ROUTE: RouteStats = {"requests": 0, "statuses": {}}


@dataclass
class Demo:
    """A demo target. What it counted before this was made is left out."""

    process: subprocess.Popen[bytes]
    port: int
    _before: Stats = field(init=False)

    def __post_init__(self) -> None:
        self._before = self._stats()

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}"

    def requests(self) -> int:
        return self._stats()["requests"] - self._before["requests"]

    def requests_of(self, route: str) -> int:
        return self._now(route)["requests"] - self._earlier(route)["requests"]

    def statuses_of(self, route: str) -> dict[str, int]:
        """How often each status was answered; what is in progress has none yet."""
        earlier = self._earlier(route)["statuses"]
        now = self._now(route)["statuses"]
        changes = {status: count - earlier.get(status, 0) for status, count in now.items()}
        return {status: change for status, change in changes.items() if change}

    def send(self, number: signal.Signals) -> None:
        os.kill(self.process.pid, number)

    def wait_for_load(self, requests: int = 1, within_s: float = 20.0) -> float:
        """Until so many requests have come; the seconds that took."""
        return eventually(lambda: self.requests() >= requests, within_s, "requests at the target")

    def _now(self, route: str) -> RouteStats:
        return self._stats()["routes"].get(route, _NO_ROUTE)

    def _earlier(self, route: str) -> RouteStats:
        return self._before["routes"].get(route, _NO_ROUTE)

    def _stats(self) -> Stats:
        with urllib.request.urlopen(f"{self.url}/stats", timeout=10) as answer:
            stats: Stats = json.load(answer)
        return stats


@contextmanager
def running_demo(folder: Path) -> Generator[Demo]:
    """One on a free port, ended with the block, frozen or not."""
    port_file = folder / "port"
    process = subprocess.Popen(
        [PROGRAM, "demo-target", "--listen", "127.0.0.1:0", "--port-file", port_file],
        stdout=subprocess.DEVNULL,
    )
    try:
        eventually(port_file.exists, 20.0, "the demo target listens")
        yield Demo(process, int(port_file.read_text()))
    finally:
        process.send_signal(signal.SIGKILL)
        process.wait()
