"""Where a process runs: on this machine as it is, or in a network namespace of its own.

with place.entered():
    subprocess.Popen(…)      # there, and so are its sockets
"""

from __future__ import annotations

import ctypes
import os
import subprocess
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Generator

_CLONE_NEWNET = 0x40000000
_NAMESPACES = Path("/run/netns")
_THIS_THREAD = Path("/proc/thread-self/ns/net")

_libc = ctypes.CDLL(None, use_errno=True)


@dataclass(frozen=True, slots=True)
class Place:
    """`address` is where others reach it; `namespace` is empty for this machine itself."""

    address: str = "127.0.0.1"
    namespace: str = ""

    @contextmanager
    def entered(self) -> Generator[None]:
        """This thread is there: sockets that it opens, and processes that it starts."""
        if not self.namespace:
            yield
            return
        with _opened(_THIS_THREAD) as here, _opened(_NAMESPACES / self.namespace) as there:
            _enter(there)
            try:
                yield
            finally:
                _enter(here)

    def ip(self, *words: str) -> None:
        """`ip` in there."""
        run_tool("ip", "-n", self.namespace, *words)


HERE = Place()


def run_tool(*words: str, text: str = "") -> None:
    """A tool of the system, as root; what it complains of is the error's text."""
    done = subprocess.run(words, input=text, capture_output=True, text=True, check=False)
    if done.returncode:
        raise RuntimeError(f"{' '.join(words)}: {done.stderr.strip()}")


@contextmanager
def _opened(path: Path) -> Generator[int]:
    descriptor = os.open(path, os.O_RDONLY | os.O_CLOEXEC)
    try:
        yield descriptor
    finally:
        os.close(descriptor)


def _enter(namespace: int) -> None:
    if _libc.setns(namespace, _CLONE_NEWNET):
        raise OSError(ctypes.get_errno(), "setns")
