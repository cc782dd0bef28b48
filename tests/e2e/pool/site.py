"""A pool of real processes: a coordinator, agents, a target; each can be killed, frozen, cut off.

    with pool_site(groundswell, lease="2s") as site:
        site.attach("a1", "a2")
        with site.starting_run(test, agents=2) as running:
            site.target.wait_for_load(100)
            site.coordinator.kill()
            site.coordinator.start()
            ran = running.end_of_run()

The coordinator comes back on the same port, with the same store. Everything ends with the block.
"""

from __future__ import annotations

import random
import re
import socket
import time
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from signal import SIGCONT, SIGKILL, SIGSTOP, SIGTERM
from typing import TYPE_CHECKING

from tests.e2e.pool.place import HERE, Place
from tests.e2e.pool.stored import stored_run
from tests.e2e.pool.target import running_target
from tests.e2e.processes import eventually

if TYPE_CHECKING:
    from collections.abc import Generator
    from pathlib import Path

    from tests.e2e.commands import Finished, Groundswell, Running
    from tests.e2e.pool.stored import Stored
    from tests.e2e.pool.target import Target

# Below what the kernel gives to whoever dials out: an agent that redials a dead port there would one day get it
# for its own end of the connection, and be connected with itself.
_PORTS = range(20_000, 30_000)
_STARTS_WITHIN_S = 30.0
_LEASE = re.compile(r"(\d+(?:\.\d+)?)s")
# What the coordinator waits for on top of a lease.
_MARGIN_S = 0.25


@dataclass
class Daemon:
    """A process of the pool, and what can happen to one. Moments are seconds since 1970."""

    running: Running

    @property
    def pid(self) -> int:
        return self.running.process.pid

    @property
    def log(self) -> str:
        return self.running.stderr

    @property
    def is_alive(self) -> bool:
        return self.running.process.poll() is None

    def kill(self) -> float:
        """As `kill -9` does; when that was."""
        self.running.signal(SIGKILL)
        at = time.time()
        self.running.process.wait()
        return at

    def freeze(self) -> float:
        self.running.signal(SIGSTOP)
        return time.time()

    def thaw(self) -> float:
        at = time.time()
        self.running.signal(SIGCONT)
        return at

    def ask_to_end(self) -> None:
        self.running.signal(SIGTERM)

    def end(self, within_s: float = 30.0) -> Finished:
        """Wait for it to end by itself."""
        return self.running.end(within_s)

    def resident_bytes(self) -> int:
        """The memory that it has now."""
        with open(f"/proc/{self.pid}/status") as status:
            found = re.search(r"VmRSS:\s+(\d+) kB", status.read())
        assert found is not None
        return int(found[1]) * 1024


@dataclass
class CoordinatorSlot:
    """The coordinator of a site: one after the other, on one port and one store."""

    groundswell: Groundswell
    stack: ExitStack
    lease: str
    place: Place
    database: Path
    port: int
    http_port: int
    _daemon: Daemon | None = field(default=None, init=False)

    @property
    def daemon(self) -> Daemon:
        assert self._daemon is not None
        return self._daemon

    @property
    def address(self) -> str:
        return f"{self.place.address}:{self.port}"

    def start(self) -> None:
        """Returns at once: see `wait_until_it_listens`."""
        self._port_file.unlink(missing_ok=True)
        words: list[str | Path] = [
            *("coordinator", "--listen", f"{self._host}:{self.port}"),
            *("--http", f"{self._host}:{self.http_port}", "--lease", self.lease),
            *("--store", f"sqlite:///{self.database}", "--port-file", self._port_file),
        ]
        if self.place is not HERE:
            words.append("--insecure")
        with self.place.entered():
            running = self.stack.enter_context(self.groundswell.starting(*words))
        self._daemon = Daemon(running)

    def wait_until_it_listens(self) -> None:
        def listens() -> bool:
            assert self.daemon.is_alive, self.daemon.log
            return self._port_file.exists()

        eventually(listens, _STARTS_WITHIN_S, "the coordinator listens")

    def kill(self) -> float:
        return self.daemon.kill()

    def restart(self, after_s: float = 0.0) -> None:
        """Kill it, and start it again so much later."""
        self.kill()
        time.sleep(after_s)
        self.start()

    @property
    def _host(self) -> str:
        return HERE.address if self.place is HERE else "0.0.0.0"

    @property
    def _port_file(self) -> Path:
        return self.database.with_name("ports")


@dataclass
class Site:
    groundswell: Groundswell
    target: Target
    coordinator: CoordinatorSlot
    stack: ExitStack
    agents: dict[str, Daemon] = field(default_factory=dict[str, Daemon], init=False)

    @property
    def lease_s(self) -> float:
        found = _LEASE.fullmatch(self.coordinator.lease)
        assert found is not None
        return float(found[1])

    def lease_end(self, gone_at: float) -> float:
        """By when the coordinator takes an agent to be lost that it heard until then."""
        return gone_at + self.lease_s + _MARGIN_S

    def load_end(self, seconds: float) -> float:
        """Of a load of so many seconds, the newest run's."""
        return self.stored().started_at + seconds

    def attach(
        self,
        *names: str,
        place: Place = HERE,
        address: str | None = None,
        words: tuple[str, ...] = (),
    ) -> None:
        """Start agents of these names; `address` is where they dial, if not the coordinator's own."""
        for name in names:
            order = ("agent", "--coordinator", address or self.coordinator.address)
            with place.entered():
                running = self.stack.enter_context(
                    self.groundswell.starting(*order, "--workers", "1", "--name", name, *words)
                )
            self.agents[name] = Daemon(running)

    @contextmanager
    def starting_run(self, test: Path, *words: str | Path, agents: int) -> Generator[Running]:
        """A client that runs `test` on the pool; it is killed at the end, if it still lives."""
        order = ("--coordinator", self.coordinator.address, *words)
        with ExitStack() as stack:
            with self.coordinator.place.entered():
                running = stack.enter_context(
                    self.groundswell.starting_run(test, *order, agents=agents)
                )
            yield running

    def ask(self, command: str, *words: str) -> Finished:
        """A command of a client, from its start to its end."""
        with self.coordinator.place.entered():
            return self.groundswell(command, "--coordinator", self.coordinator.address, *words)

    def stored(self, run_id: str | None = None) -> Stored:
        """That run, or the newest."""
        return stored_run(self.coordinator.database, run_id)


@contextmanager
def pool_site(
    groundswell: Groundswell,
    *agents: str,
    lease: str = "2s",
    place: Place = HERE,
    target_place: Place | None = None,
    store_folder: Path | None = None,
) -> Generator[Site]:
    """With `agents` on this machine already; those in other places are attached by the test."""
    with ExitStack() as stack:
        folder = groundswell.folder
        target = stack.enter_context(running_target(folder / "target", target_place or place))
        port, http_port = free_ports(place, 2)
        coordinator = CoordinatorSlot(
            groundswell,
            stack,
            lease,
            place,
            database=(store_folder or folder) / "pool.db",
            port=port,
            http_port=http_port,
        )
        coordinator.start()
        site = Site(groundswell, target, coordinator, stack)
        site.attach(*agents)
        coordinator.wait_until_it_listens()
        yield site


def free_ports(place: Place, number: int) -> list[int]:
    """Ports that nobody listens on, and nobody is given for a connection of his own."""
    with place.entered(), ExitStack() as taken:
        found: list[int] = []
        for port in random.sample(_PORTS, 100):
            try:
                taken.enter_context(socket.create_server(("127.0.0.1", port)))
            except OSError:
                continue
            found.append(port)
            if len(found) == number:
                return found
    raise RuntimeError(f"no free port from {_PORTS.start} to {_PORTS.stop}")
