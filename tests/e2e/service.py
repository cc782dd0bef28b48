"""A long-lived coordinator as a process, seen through its ports."""

from __future__ import annotations

import urllib.error
import urllib.request
from contextlib import contextmanager
from dataclasses import dataclass
from typing import TYPE_CHECKING

from prometheus_client.parser import text_string_to_metric_families

from tests.e2e.commands import HERE
from tests.e2e.processes import eventually

if TYPE_CHECKING:
    import ssl
    from collections.abc import Generator
    from pathlib import Path

    from tests.e2e.commands import Groundswell, Running

_UP_WITHIN_S = 30.0
_PORTS = "ports"


@dataclass
class Service:
    """One that listens; with `tls`, over that."""

    running: Running
    address: str
    http: str
    tls: ssl.SSLContext | None = None

    def get(self, path: str) -> tuple[int, str]:
        """Status and body."""
        try:
            with urllib.request.urlopen(
                f"{self.http}{path}", timeout=10, context=self.tls
            ) as answer:
                return answer.status, answer.read().decode()
        except urllib.error.HTTPError as error:
            return error.code, error.read().decode()

    def metric(self, name: str, **labels: str) -> float | None:
        """One sample of /metrics with at least these labels; None where there is none."""
        _, page = self.get("/metrics")
        for family in text_string_to_metric_families(page):
            for sample in family.samples:
                if sample.name == name and labels.items() <= sample.labels.items():
                    return sample.value
        return None

    def wait_for_agents(self, count: int, state: str = "free") -> None:
        eventually(
            lambda: self.metric("groundswell_agents", state=state) == count,
            _UP_WITHIN_S,
            f"{count} {state} agents",
        )


@contextmanager
def serving(
    groundswell: Groundswell,
    *words: str | Path,
    listen: str = "127.0.0.1:0",
    tls: ssl.SSLContext | None = None,
) -> Generator[Service]:
    """Started, and killed with the block if it has not ended by then."""
    ports = ("--listen", listen, "--http", "127.0.0.1:0", "--port-file", f"{HERE}/{_PORTS}")
    with groundswell.starting("coordinator", *words, *ports) as running:
        file = running.folder / _PORTS
        eventually(lambda: file.exists() or running.process.poll() is not None, _UP_WITHIN_S, "up")
        assert file.exists(), running.end()
        port, http = file.read_text().split()
        scheme = "http" if tls is None else "https"
        yield Service(running, f"127.0.0.1:{port}", f"{scheme}://127.0.0.1:{http}", tls)
