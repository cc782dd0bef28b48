"""`--port-file`: how a script learns on which ports a service listens, and that it does."""

from __future__ import annotations

from contextlib import contextmanager
from typing import TYPE_CHECKING

from groundswell_coordinator.whole_file import replacing

if TYPE_CHECKING:
    from collections.abc import Generator
    from pathlib import Path


@contextmanager
def written(path: Path | None, *ports: int) -> Generator[None]:
    """One port a line, removed at the end.

    Whole or not there at all: whoever waits for the file must never read half a number.
    """
    if path is None:
        yield
        return
    with replacing(path) as file:
        file.write("".join(f"{port}\n" for port in ports).encode())
    try:
        yield
    finally:
        path.unlink(missing_ok=True)
