"""Agents as processes of this machine: how a run without a pool gets its agents.

Each agent has a process session of its own, so that Ctrl-C in the terminal reaches the client alone
and the load is stopped in order; and its standard input is a pipe from the client: the first line
says where the coordinator is, and its end, that no client is left to load for.

This module imports nothing heavy: the agents are to be starting up while the client still imports the rest.
"""

from __future__ import annotations

import contextlib
import signal
import subprocess
import sys
import time
from typing import TYPE_CHECKING, Self

from groundswell.cores import usable_cores

if TYPE_CHECKING:
    from collections.abc import Generator, Sequence

_LEAVE_S = 3.0


def default_agents() -> int:
    """One agent a core that this process may use."""
    return usable_cores()


class LocalAgents:
    """Agent processes of one run. `with` takes them down at its end, whatever happened."""

    def __init__(self, count: int, allowed: Sequence[str] = ()) -> None:
        """`allowed` are patterns of targets, besides what the test names."""
        self._count = count
        self._allowed = allowed
        self._processes: list[subprocess.Popen[bytes]] = []

    def __enter__(self) -> Self:
        try:
            with _interruptions_held():
                for number in range(1, self._count + 1):
                    self._processes.append(_spawn(f"agent-{number}", self._allowed))
        except BaseException as error:
            self.__exit__(type(error), error, None)
            raise
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: object
    ) -> None:
        if error is not None:
            # There is nothing to end in order: whoever is still importing need not finish it.
            for process in self._processes:
                process.kill()
        self.stop()

    def attach_to(self, coordinator: str) -> None:
        """Tell them all where the coordinator is; they dial by themselves."""
        for process in self._processes:
            assert process.stdin is not None
            # One that has died meanwhile is missed by whoever waits for it to attach.
            with contextlib.suppress(BrokenPipeError):
                process.stdin.write(f"{coordinator}\n".encode())
                process.stdin.flush()

    def ended(self) -> int:
        """How many have ended by themselves."""
        return sum(process.poll() is not None for process in self._processes)

    def stop(self) -> None:
        """End every process: ask, wait up to three seconds, then insist."""
        for process in self._processes:
            assert process.stdin is not None
            # The end of its input is the word to leave; unlike a signal it needs no handler yet.
            with contextlib.suppress(BrokenPipeError):
                process.stdin.close()
        deadline = time.monotonic() + _LEAVE_S
        for process in self._processes:
            try:
                process.wait(max(deadline - time.monotonic(), 0))
            except subprocess.TimeoutExpired:
                process.kill()
                process.wait()


@contextlib.contextmanager
def _interruptions_held() -> Generator[None]:
    """Signals that interrupt come at the block's end: in the middle, a process would be nobody's."""
    came: list[int] = []
    held = {
        number: handler
        for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)
        if callable(handler := signal.getsignal(number))
    }
    for number in held:
        signal.signal(number, lambda number, _frame: came.append(number))
    try:
        yield
    finally:
        for number, handler in held.items():
            signal.signal(number, handler)
        for one in came:
            signal.raise_signal(one)


def _spawn(name: str, allowed: Sequence[str]) -> subprocess.Popen[bytes]:
    words = ["agent", "--tethered", "--name", name]
    for pattern in allowed:
        words += ["--allow-target", pattern]
    return subprocess.Popen(
        [sys.executable, "-m", "groundswell", *words],
        stdin=subprocess.PIPE,
        start_new_session=True,
    )
